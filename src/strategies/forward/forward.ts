import type { Layer } from '../../core/service.ts'

/**
 * One attempt, whatever it comes to: what the target answered is the answer. All else that a forwarded call needs
 * (rewriting, retry, a balanced target) are layers of their own, so nothing is left to do here, and nothing is done.
 */
export function forward(): Layer {
  return function forwardLayer(next) {
    return next
  }
}
