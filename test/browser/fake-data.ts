import type {
  AttemptView,
  CallFigures,
  CallView,
  DeliveryDetailView,
  LegView,
  LiveFigures,
  OverviewView,
} from '../../src/admin/api.ts'
import type { AttemptKind, AttemptOutcome } from '../../src/core/attempt.ts'

/** Gateway data for tests of the dashboard that need rare states. */

const startMs = Date.parse('2026-03-01T10:00:00.000Z')

export function isoAt(ms: number): string {
  return new Date(startMs + ms).toISOString()
}

export function callFigures(change: Partial<CallFigures> = {}): CallFigures {
  return {
    calls: 0,
    inFlight: 0,
    failed: 0,
    p50Ms: undefined,
    p99Ms: undefined,
    attempts: 0,
    extraLoad: 0,
    rescued: 0,
    failures: {},
    ...change,
  }
}

export function liveFigures(second: number, change: Partial<LiveFigures> = {}): LiveFigures {
  return {
    at: isoAt(second * 1000),
    total: callFigures(),
    routes: {},
    targets: [],
    deliveries: undefined,
    waiters: undefined,
    process: { memoryBytes: 90_000_000, loopDelayMs: 1.2, clientConnections: 3 },
    workers: { running: 1, died: 0 },
    ...change,
  }
}

export function overview(change: Partial<OverviewView> = {}): OverviewView {
  return {
    version: '1.0.0',
    startedAt: isoAt(0),
    draining: false,
    routes: [],
    workers: { min: 1, max: 1 },
    features: { deliveries: true, callbacks: true, backends: true },
    figures: liveFigures(0),
    history: [],
    ...change,
  }
}

interface AttemptChange extends Partial<Omit<AttemptView, 'kind' | 'outcome'>> {
  readonly kind?: AttemptKind
  readonly outcome?: AttemptOutcome | undefined
}

export function attempt(number: number, change: AttemptChange = {}): AttemptView {
  return {
    number,
    kind: number === 1 ? 'first' : 'hedge',
    upstream: 'work',
    target: `server${number}`,
    startedMs: 0,
    endedMs: 100,
    outcome: 'success',
    status: 200,
    detail: undefined,
    won: false,
    ...change,
  }
}

export function call(change: Partial<CallView> = {}): CallView {
  return {
    id: 'call-1',
    route: 'GET /api/smart',
    strategy: 'hedge',
    method: 'GET',
    url: '/api/smart?timeout=1000',
    startedAt: isoAt(1000),
    durationMs: 120,
    status: 200,
    failure: undefined,
    deadlineMs: 1000,
    queuedMs: undefined,
    bytesSent: 42,
    traceId: undefined,
    attempts: [attempt(1, { won: true, endedMs: 120 })],
    ...change,
  }
}

/** Two backends that fail in different ways, and one that the deadline ends. */
export const failedCall = call({
  id: 'failed-1',
  durationMs: 1000,
  status: 504,
  failure: { code: 'DEADLINE', detail: 'No good answer within 1000 ms' },
  attempts: [
    attempt(1, { endedMs: 120, outcome: 'server_error', status: 500, detail: 'server1: status 500' }),
    attempt(2, {
      startedMs: 121,
      endedMs: 124,
      outcome: 'refused',
      status: undefined,
      detail: 'server2: connection refused',
    }),
    attempt(3, { startedMs: 121, endedMs: 1000, outcome: 'timeout', status: undefined }),
  ],
})

export const hedgedCall = call({
  id: 'hedged-1',
  durationMs: 430,
  attempts: [
    attempt(1, { endedMs: 421, outcome: 'cancelled', status: undefined }),
    attempt(2, { startedMs: 300, endedMs: 420, won: true }),
    attempt(3, { startedMs: 300, endedMs: 421, outcome: 'cancelled', status: undefined }),
  ],
})

/** Its backend accepted the work and never posted a result. */
export const callbackCall = call({
  id: 'callback-1',
  strategy: 'callback',
  durationMs: 5000,
  deadlineMs: 5000,
  status: 503,
  failure: {
    code: 'DEADLINE',
    detail: 'async accepted the work but has posted no result: no good answer within 5000 ms',
  },
  attempts: [attempt(1, { target: 'async', status: 202, endedMs: 1 })],
})

export function leg(target: string, state: LegView['state'], change: Partial<LegView> = {}): LegView {
  return {
    target,
    state,
    attempts: 1,
    waitsFor: undefined,
    nextAttemptAt: undefined,
    outcome: 'success',
    status: 201,
    detail: undefined,
    ...change,
  }
}

export function delivery(change: Partial<DeliveryDetailView> = {}): DeliveryDetailView {
  return {
    id: 'delivery-1',
    route: 'POST /register',
    state: 'dead',
    createdAt: isoAt(2000),
    finishedAt: isoAt(2100),
    targets: [
      leg('server1', 'acknowledged'),
      leg('server2', 'dead', { attempts: 3, outcome: 'refused', status: undefined }),
    ],
    lane: 'bob',
    idempotencyKey: undefined,
    request: {
      method: 'POST',
      path: '/register',
      query: '',
      headers: ['content-type', 'application/x-www-form-urlencoded'],
      body: 'username=bob&note=<script>alert(1)</script>',
      bodyEncoding: 'utf8',
    },
    ...change,
  }
}
