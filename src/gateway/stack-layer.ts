import type { Layer } from '../core/service.ts'

/** One layer of a stack, with what `hedgerow check --explain` says of it. */
export interface StackLayer<Kind = Layer> {
  /** The term that users of other proxies know. */
  readonly role: string
  /** Its options in plain words; asked for only to explain a stack. */
  readonly settings: () => string
  /** Why the stack has it here. */
  readonly why: string
  readonly layer: Kind
}

/** Composes layers, outermost first. */
export function compose<S>(layers: readonly StackLayer<(next: S) => S>[], innermost: S): S {
  return layers.reduceRight((next, { layer }) => layer(next), innermost)
}
