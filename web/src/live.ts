import type { LiveFigures, OverviewView } from '../../src/gateway/admin/api.ts'
import { ApiFault, ask, request } from './api.ts'
import { appended, joined, keptSeconds } from './figures.ts'
import { loginNeeded, token } from './session.ts'
import { EventParser } from './sse.ts'
import { Store } from './store.ts'

/**
 * The one stream that the dashboard holds open. It asks for the overview, which fills the charts, then adds a second's
 * figures as they come. A stream that breaks or falls silent is opened again after 1, 2, 4, then 8 seconds; one that
 * nobody looks at (the tab is hidden, or a token is needed) is closed.
 */
export interface Live {
  readonly status: 'connecting' | 'live' | 'lost'
  readonly overview: OverviewView | undefined
  /** The last ten minutes, a second each, oldest first. */
  readonly history: readonly LiveFigures[]
}

export const live = new Store<Live>({ status: 'connecting', overview: undefined, history: [] })

/** The gateway sends one a second. */
const silenceMs = 5_000
const waitsMs = [1_000, 2_000, 4_000, 8_000]

/** When figures last came, by the clock of this machine. */
let heardMs = Number.NEGATIVE_INFINITY
let running: AbortController | undefined
let wake = (): void => {}

export function startLive(): void {
  const check = (): void => {
    const wanted = !document.hidden && !loginNeeded.get()
    if (!wanted) running?.abort()
    if (wanted && (running === undefined || running.signal.aborted)) {
      running = new AbortController()
      void keepOpen(running.signal)
    }
  }
  document.addEventListener('visibilitychange', check)
  loginNeeded.subscribe(check)
  token.subscribe(check)
  check()
}

/** Does not wait for the next try. */
export function tryNow(): void {
  wake()
}

async function keepOpen(ended: AbortSignal): Promise<void> {
  let failures = 0
  while (!ended.aborted) {
    try {
      await readStream(ended, () => {
        failures = 0
      })
    } catch (fault) {
      if (ended.aborted) return
      // A stream that ends is told as a DOMException or a TypeError; anything else is to be seen in the console.
      const isExpected = fault instanceof ApiFault || fault instanceof DOMException || fault instanceof TypeError
      if (!isExpected) reportError(fault)
    }
    if (ended.aborted) return
    live.set({ ...live.get(), status: 'lost' })
    await pause(waitsMs[Math.min(failures++, waitsMs.length - 1)] as number, ended)
  }
}

async function readStream(ended: AbortSignal, onFigures: () => void): Promise<void> {
  const silent = new AbortController()
  const signal = AbortSignal.any([ended, silent.signal])
  let watch = setTimeout(() => silent.abort(), silenceMs)
  try {
    // Only the seconds that are missing: ten minutes of many routes are a megabyte.
    const missing = Math.min(keptSeconds, Math.ceil((performance.now() - heardMs) / 1000) + 2)
    const overview = await ask<OverviewView>(`api/overview?history=${missing}`, { signal })
    const response = await request('api/live', { signal, headers: { accept: 'text/event-stream' } })
    const history = joined(live.get().history, overview.history)
    live.set({ status: 'live', overview, history: appended(history, overview.figures) })
    heardMs = performance.now()
    const parser = new EventParser()
    const reader = (response.body as ReadableStream<Uint8Array<ArrayBuffer>>)
      .pipeThrough(new TextDecoderStream())
      .getReader()
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      clearTimeout(watch)
      watch = setTimeout(() => silent.abort(), silenceMs)
      // Several that come at once, after a stall, are drawn once.
      const events = parser.push(read.value).filter(({ event }) => event === 'figures')
      if (events.length === 0) continue
      onFigures()
      take(events.map(({ data }) => JSON.parse(data) as LiveFigures))
    }
  } finally {
    clearTimeout(watch)
  }
}

function take(figures: readonly LiveFigures[]): void {
  const { overview, history } = live.get()
  heardMs = performance.now()
  live.set({ status: 'live', overview, history: figures.reduce(appended, history) })
}

function pause(ms: number, ended: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms)
    wake = () => {
      clearTimeout(timer)
      resolve()
    }
    ended.addEventListener('abort', wake, { once: true })
  })
}
