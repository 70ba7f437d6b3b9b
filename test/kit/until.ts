import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'

/** Waits for real sockets to get as far as this, and says what did not come about. */
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

/** Fails instead of hanging until the runner's own time is up. */
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
