import type { LiveFigures, OverviewView } from '../../src/admin/api.ts'
import { ApiFault, ask, noAnswer, parsed, request, strangeAnswer } from './api.ts'
import { appended, isFigures, isOverview, joined, keptSeconds } from './figures.ts'
import { loginNeeded, token } from './session.ts'
import { EventParser } from './sse.ts'
import { Store } from './store.ts'
import { waitMs } from './waits.ts'

/**
 * The dashboard's only open stream. It requests the overview, which fills the charts, then adds each second's figures.
 * A stream that breaks, falls silent or sends unreadable data is closed, and reopened after 1, 2, 4, then 8 seconds.
 * While nobody looks at it (the tab is hidden, or a token is needed), it is closed.
 */
export interface Live {
  readonly status: 'connecting' | 'live' | 'lost'
  /** Why the connection was lost. */
  readonly why: string
  readonly overview: OverviewView | undefined
  /** The last ten minutes, one entry per second, oldest first. */
  readonly history: readonly LiveFigures[]
}

export const live = new Store<Live>({ status: 'connecting', why: '', overview: undefined, history: [] })

/** The gateway sends figures once a second. */
const silenceMs = 5_000

/** When figures last arrived, by this machine's clock. */
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

/** Retries at once. */
export function tryNow(): void {
  wake()
}

async function keepOpen(ended: AbortSignal): Promise<void> {
  // Figures from before the tab was hidden are not live.
  if (live.get().status === 'live') live.set({ ...live.get(), status: 'connecting' })
  let failures = 0
  while (!ended.aborted) {
    let why = noAnswer
    try {
      await readStream(ended, () => {
        failures = 0
      })
    } catch (fault) {
      // Any other error means that the stream broke off or fell silent.
      if (fault instanceof ApiFault) why = fault.message
    }
    if (ended.aborted) return
    live.set({ ...live.get(), status: 'lost', why })
    await pause(waitMs(failures++), ended)
  }
}

async function readStream(ended: AbortSignal, onFigures: () => void): Promise<void> {
  const over = new AbortController()
  const signal = AbortSignal.any([ended, over.signal])
  let watch = setTimeout(() => over.abort(), silenceMs)
  try {
    const overview = await askOverview(signal)
    const response = await request('api/live', { signal, headers: { accept: 'text/event-stream' } })
    const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') === true
    if (!isStream || response.body === null) throw strangeAnswer(response)
    const history = joined(live.get().history, overview.history)
    live.set({ status: 'live', why: '', overview, history: appended(history, overview.figures) })
    heardMs = performance.now()
    const parser = new EventParser()
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      // Several events that arrive together, after a stall, are drawn once.
      const events = parser.push(read.value).filter(({ event }) => event === 'figures')
      if (events.length === 0) continue
      take(events.map(({ data }) => parsed(data)))
      onFigures()
      // Keep-alive data without figures counts as silence.
      clearTimeout(watch)
      watch = setTimeout(() => over.abort(), silenceMs)
    }
  } finally {
    clearTimeout(watch)
    // Without this, an abandoned stream that still sends data would stay open beside the next one.
    over.abort()
  }
}

async function askOverview(signal: AbortSignal): Promise<OverviewView> {
  // Request only the missing seconds: ten minutes of many routes are a megabyte.
  const missing = Math.min(keptSeconds, Math.ceil((performance.now() - heardMs) / 1000) + 2)
  const overview = await ask<object>(`api/overview?history=${missing}`, { signal })
  if (!isOverview(overview)) throw new ApiFault(0, "The answer is not the gateway's: its overview cannot be read.")
  return overview
}

function take(told: readonly unknown[]): void {
  if (!told.every(isFigures)) throw new ApiFault(0, 'The gateway sent figures that cannot be read.')
  const { overview, history } = live.get()
  heardMs = performance.now()
  live.set({ status: 'live', why: '', overview, history: told.reduce(appended, history) })
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
