import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'

/** Polls real sockets until the condition holds; on timeout the error names the condition. */
export async function until(
  what: string | (() => string),
  isSo: () => boolean | Promise<boolean>,
  limitMs = 3000,
): Promise<void> {
  const endMs = performance.now() + limitMs
  while (!(await isSo())) {
    if (performance.now() > endMs) {
      assert.fail(`not within ${limitMs} ms: ${typeof what === 'string' ? what : what()}`)
    }
    await sleep(2)
  }
}

/** Fails early instead of hanging until the runner's timeout. */
export async function within<T>(limitMs: number, what: string, promise: Promise<T>): Promise<T> {
  const timeIsUp = new AbortController()
  const late = sleep(limitMs, undefined, { signal: timeIsUp.signal }).then(() =>
    assert.fail(`not within ${limitMs} ms: ${what}`),
  )
  late.catch(() => {})
  try {
    return await Promise.race([promise, late])
  } finally {
    timeIsUp.abort()
  }
}
