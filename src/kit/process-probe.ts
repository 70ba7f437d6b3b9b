import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import type { Clock } from './clock.ts'

/** What the process, and the event loop of this thread, have used so far. */
export interface ProcessFigures {
  /** Wall clock. */
  readonly startedAtMs: number
  readonly cpuUserMs: number
  readonly cpuSystemMs: number
  readonly memory: {
    readonly residentBytes: number
    readonly heapUsedBytes: number
    readonly heapTotalBytes: number
    /** Buffers and what else V8 does not count as its heap. */
    readonly externalBytes: number
  }
  readonly loop: {
    /** For how long it had something to do. Its increase within a time, as a share of that, is the utilisation. */
    readonly activeMs: number
    /** How late it came to what was due, within the last `windowMs` or more. */
    readonly delayMs: { readonly p50: number; readonly p99: number; readonly max: number }
  }
}

export interface ProcessProbe {
  figures(): ProcessFigures
  close(): void
}

/** How often the loop's delay is looked at. Each look costs some 2 us: at 50 a second 0.01 % of a core. */
const resolutionMs = 20

/** Several readers that come one after another see the same delays, instead of each taking them from the others. */
const windowMs = 5000

export function processProbe(clock: Clock): ProcessProbe {
  const startedAtMs = clock.wallNow() - process.uptime() * 1000
  const histogram = monitorEventLoopDelay({ resolution: resolutionMs })
  histogram.enable()
  let delayMs = { p50: 0, p99: 0, max: 0 }
  let nextWindowAtMs = 0

  const delays = (): ProcessFigures['loop']['delayMs'] => {
    if (clock.now() < nextWindowAtMs || histogram.count === 0) return delayMs
    // It measures from one look to the next, in nanoseconds.
    const late = (ns: number): number => Math.max(0, ns / 1e6 - resolutionMs)
    delayMs = { p50: late(histogram.percentile(50)), p99: late(histogram.percentile(99)), max: late(histogram.max) }
    histogram.reset()
    nextWindowAtMs = clock.now() + windowMs
    return delayMs
  }

  return {
    figures: () => {
      const { user, system } = process.cpuUsage()
      const { rss, heapUsed, heapTotal, external } = process.memoryUsage()
      return {
        startedAtMs,
        cpuUserMs: user / 1000,
        cpuSystemMs: system / 1000,
        memory: { residentBytes: rss, heapUsedBytes: heapUsed, heapTotalBytes: heapTotal, externalBytes: external },
        loop: { activeMs: performance.eventLoopUtilization().active, delayMs: delays() },
      }
    },
    close: () => histogram.disable(),
  }
}
