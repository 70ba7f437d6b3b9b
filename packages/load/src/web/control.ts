import type { PaceOptions } from '../pace.ts'

/** Requests that the page may make. None of them can change the target. */
export type Control =
  | { readonly action: 'start'; readonly kind: PaceOptions['kind']; readonly value: number }
  | { readonly action: 'pace'; readonly value: number }
  | { readonly action: 'stop' }

export const limits = { users: 20_000, perSecond: 1_000_000 } as const

/** Undefined if there is no such action; a string says why the body is invalid. */
export function parseControl(action: string, text: string): Control | string | undefined {
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    return 'the body is not JSON'
  }
  if (typeof body !== 'object' || body === null) return 'the body is not an object'
  const { kind, value, ...others } = body as { readonly kind?: unknown; readonly value?: unknown }
  const unknown = Object.keys(others)[0]
  if (unknown !== undefined) return `unknown key "${unknown.slice(0, 40)}"`
  if (action === 'stop') return { action }
  if (action !== 'start' && action !== 'pace') return undefined
  if (action === 'pace')
    return isAmount(value, limits.perSecond) ? { action, value } : amountText('value', limits.perSecond)
  if (kind !== 'closed' && kind !== 'open') return 'kind: allowed: closed, open'
  const most = kind === 'closed' ? limits.users : limits.perSecond
  if (!isAmount(value, most) || (kind === 'closed' && !Number.isInteger(value))) {
    return amountText(kind === 'closed' ? 'users' : 'requests a second', most)
  }
  return { action, kind, value }
}

export function paceOf(
  asked: { readonly kind: PaceOptions['kind']; readonly value: number },
  maxConnections: number,
): PaceOptions {
  return asked.kind === 'closed'
    ? { kind: 'closed', users: Math.min(limits.users, Math.ceil(asked.value)) }
    : { kind: 'open', perSecond: asked.value, maxConnections }
}

function isAmount(value: unknown, most: number): value is number {
  return typeof value === 'number' && value >= 0.01 && value <= most
}

function amountText(name: string, most: number): string {
  return `${name}: allowed: numbers from ${name === 'users' ? 1 : 0.01} to ${most}`
}
