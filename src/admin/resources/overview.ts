import type { ServerResponse } from 'node:http'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Clock } from '../../kit/clock.ts'
import { type Figures, historySeconds } from '../../telemetry/figures/figures.ts'
import { type Answer, json, refusal } from '../answer.ts'
import type { OverviewView, RouteView } from '../api.ts'
import { wholeNumberIn } from '../request-input.ts'
import type { Resource } from '../resource.ts'

export interface OverviewSources {
  readonly clock: Clock
  readonly version: string
  readonly startedAtMs: number
  readonly isReady: () => boolean
  readonly routes: readonly RouteView[]
  readonly workers: OverviewView['workers']
  readonly features: OverviewView['features']
  readonly figures: Figures
}

/** Rows from which an answer counts as large: 1 MB and some 15 ms of work. Smaller answers are not limited. */
const largeRows = 5000
/** Large answers sent at a time: each takes up to 15 MB of memory until its reader has read it. */
export const maxLarge = 2
/** How long a reader may take to read a large answer. */
const maxSendMs = 30_000

/** `/api/overview`: facts about the gateway, its current figures and those of the last minutes. */
export function overviewResource(sources: OverviewSources): Resource {
  const { clock, version, routes, workers, features, figures, isReady } = sources
  const startedAt = new Date(sources.startedAtMs).toISOString()
  const now = (): Omit<OverviewView, 'history'> => ({
    version,
    startedAt,
    draining: !isReady(),
    routes,
    workers,
    features,
    figures: figures.latest(),
  })
  let large = 0

  async function largeAnswer(seconds: number): Promise<Answer> {
    if (large >= maxLarge) {
      return refusal(503, `${maxLarge} large histories are already being sent, which is the limit`, {
        'retry-after': '2',
      })
    }
    large++
    try {
      const body = await inSlices(now(), figures.historyInParts(seconds))
      return { status: 200, headers: { 'content-type': 'application/json' }, body, onSend: holdPlace }
    } catch (error) {
      large--
      throw error
    }
  }

  function holdPlace(response: ServerResponse): void {
    if (response.destroyed) {
      large--
      return
    }
    const timer = clock.after(maxSendMs, () => response.destroy())
    response.once('close', () => {
      timer.cancel()
      large--
    })
  }

  return {
    path: '/api/overview',
    methods: {
      GET: ({ query }) => {
        const history = wholeNumberIn(query, 'history', { min: 0, max: historySeconds, default: historySeconds })
        if (!history.ok) return history.refusal
        const seconds = history.value
        if (figures.rowsOf(seconds) > largeRows) return largeAnswer(seconds)
        return json({ ...now(), history: figures.history(seconds) } satisfies OverviewView)
      },
    },
  }
}

/** The same text as from the whole object, but built in slices so that calls are served in between. */
async function inSlices(
  facts: Omit<OverviewView, 'history'>,
  history: Iterable<OverviewView['history']>,
): Promise<Uint8Array> {
  const parts = [Buffer.from(`${JSON.stringify(facts).slice(0, -1)},"history":[`)]
  for (const part of history) {
    parts.push(Buffer.from((parts.length === 1 ? '' : ',') + JSON.stringify(part).slice(1, -1)))
    await nextTurn()
  }
  parts.push(Buffer.from(']}\n'))
  return Buffer.concat(parts)
}
