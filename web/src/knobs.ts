/**
 * The values of a simulated backend's knobs, read from its profile, and the merge patch for turning one. A knob applies
 * to all endpoints of its backend.
 */

interface Endpoint {
  readonly latency: Latency
  /** Weights by status. */
  readonly status: Readonly<Record<string, number>>
  readonly faults: Readonly<Record<string, number>>
}

interface Latency {
  readonly kind: string
  readonly ms?: number
  readonly minMs?: number
  readonly maxMs?: number
  readonly meanMs?: number
  readonly medianMs?: number
}

export interface Profile {
  readonly refuse: boolean | object
  readonly skip?: { readonly every: number; readonly status: number }
  readonly endpoints: Readonly<Record<string, Endpoint>>
}

export interface Knobs {
  readonly isOff: boolean
  readonly latencyMs: number
  /** `100 to 600 ms`. */
  readonly latencyText: string
  readonly errors: number
  readonly hangs: number
  readonly resets: number
}

export type Turn =
  | { readonly knob: 'off'; readonly value: boolean }
  | { readonly knob: 'latency' | 'errors' | 'hangs' | 'resets'; readonly value: number }

export function knobsOf({ refuse, endpoints }: Profile): Knobs {
  const first = Object.values(endpoints)[0]
  return {
    isOff: refuse !== false,
    ...(first === undefined ? { latencyMs: 0, latencyText: '0 ms' } : latencyOf(first.latency)),
    errors: first === undefined ? 0 : errorShare(first.status),
    hangs: first?.faults['hangAfterAccept'] ?? 0,
    resets: first?.faults['resetBeforeHead'] ?? 0,
  }
}

export function patchOf(profile: Profile, turn: Turn): object {
  if (turn.knob === 'off') return { refuse: turn.value }
  const endpoints = Object.entries(profile.endpoints).map(([name, endpoint]) => [name, endpointPatch(endpoint, turn)])
  return { endpoints: Object.fromEntries(endpoints) as object }
}

/** Restores the original profile, whatever was changed since. */
export function restoring(profile: Profile): object {
  const endpoints = Object.entries(profile.endpoints).map(([name, { latency, status, faults }]) => [
    name,
    { latency, status, faults },
  ])
  return { refuse: profile.refuse, skip: profile.skip ?? null, endpoints: Object.fromEntries(endpoints) as object }
}

function endpointPatch({ status, faults }: Endpoint, { knob, value }: Turn & { readonly value: number }): object {
  switch (knob) {
    case 'latency':
      return { latency: { kind: 'fixed', ms: value } }
    case 'errors':
      return { status: withErrors(status, value) }
    case 'hangs':
      return { faults: withFault(faults, 'hangAfterAccept', value) }
    case 'resets':
      return { faults: withFault(faults, 'resetBeforeHead', value) }
  }
}

/** Good statuses stay in the mix, even at weight 0: a write must answer 201 again once its errors are over. */
function withErrors(mix: Readonly<Record<string, number>>, share: number): object {
  const good = Object.entries(mix).filter(([status]) => Number(status) < 400)
  const goods = good.length === 0 ? ([['200', 1]] as const) : good
  const sum = goods.reduce((sum, [, weight]) => sum + weight, 0)
  const parts = goods.map(([status, weight]) => [status, (1 - share) * (sum === 0 ? 1 / goods.length : weight / sum)])
  return Object.fromEntries([...parts, ['500', share]]) as object
}

/** The shares of all faults add up to at most 1; the other faults shrink if necessary. */
function withFault(faults: Readonly<Record<string, number>>, name: string, share: number): object {
  const others = Object.entries(faults).filter(([other]) => other !== name)
  const sum = others.reduce((sum, [, part]) => sum + part, 0)
  const factor = sum > 1 - share ? (1 - share) / sum : 1
  return { ...Object.fromEntries(others.map(([other, part]) => [other, part * factor])), [name]: share }
}

function errorShare(mix: Readonly<Record<string, number>>): number {
  const entries = Object.entries(mix)
  const sum = entries.reduce((sum, [, weight]) => sum + weight, 0)
  const bad = entries.reduce((sum, [status, weight]) => sum + (Number(status) < 400 ? 0 : weight), 0)
  return sum === 0 ? 0 : bad / sum
}

function latencyOf(latency: Latency): { readonly latencyMs: number; readonly latencyText: string } {
  const { kind, ms = 0, minMs = 0, maxMs = 0, meanMs, medianMs } = latency
  if (kind === 'fixed') return { latencyMs: ms, latencyText: `${Math.round(ms)} ms` }
  if (kind === 'uniform') return { latencyMs: (minMs + maxMs) / 2, latencyText: `${minMs} to ${maxMs} ms` }
  const latencyMs = meanMs ?? medianMs ?? minMs
  return { latencyMs, latencyText: latencyMs === 0 ? kind : `${kind}, about ${latencyMs} ms` }
}
