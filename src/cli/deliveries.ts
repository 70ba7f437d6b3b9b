import type { DeliveryView } from '../flows/broadcast/view.ts'
import type { DeliveryListView } from '../gateway/admin/deliveries.ts'
import { exitCodes } from './exit-codes.ts'

/** How to reach the admin side of the gateway. */
export interface AdminTarget {
  readonly admin: string
  readonly token?: string
}

interface ListOptions extends AdminTarget {
  readonly state?: string
  readonly target?: string
  readonly route?: string
  readonly limit?: string
}

export async function listDeliveries({ admin, token, ...filter }: ListOptions): Promise<void> {
  const query = new URLSearchParams(Object.entries(filter))
  const page = await ask<DeliveryListView>('GET', `/api/deliveries?${query.toString()}`, {
    admin,
    ...(token === undefined ? {} : { token }),
  })
  if (page === undefined) return
  if (page.deliveries.length === 0) console.log('no deliveries')
  for (const delivery of page.deliveries) printDelivery(delivery)
  if (page.next !== undefined) console.log(`there are more: --before ${page.next}`)
}

export async function showDelivery(id: string, options: AdminTarget): Promise<void> {
  const delivery = await ask<object>('GET', `/api/deliveries/${encodeURIComponent(id)}`, options)
  if (delivery !== undefined) console.log(JSON.stringify(delivery, undefined, 2))
}

export async function operateDelivery(
  what: 'replay' | 'discard',
  id: string,
  { target, ...options }: AdminTarget & { readonly target?: string },
): Promise<void> {
  const query = target === undefined ? '' : `?${new URLSearchParams({ target }).toString()}`
  const done = await ask<Record<string, unknown>>(
    'POST',
    `/api/deliveries/${encodeURIComponent(id)}/${what}${query}`,
    options,
  )
  if (done !== undefined)
    console.log(`${what === 'replay' ? 'replayed' : 'discarded'} ${String(done['replayed'] ?? done['discarded'])}`)
}

function printDelivery({ id, createdAt, route, targets }: DeliveryView): void {
  console.log(`${id}  ${createdAt}  ${route}`)
  for (const { target, state, attempts, outcome, detail } of targets) {
    const last = outcome === undefined ? '' : `, last: ${detail ?? outcome}`
    console.log(
      `  ${target.padEnd(20)} ${state.padEnd(12)} ${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}${last}`,
    )
  }
}

/** The answer, or undefined once it is said why there is none and the exit code is set. */
async function ask<T>(method: string, path: string, { admin, token }: AdminTarget): Promise<T | undefined> {
  process.exitCode = exitCodes.runtimeFault
  try {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
    const response = await fetch(new URL(path, admin), { method, headers })
    const text = await response.text()
    if (!response.ok) {
      console.error(`the admin side answered ${response.status}: ${detailOf(text)}`)
      return undefined
    }
    process.exitCode = 0
    return JSON.parse(text) as T
  } catch (fault) {
    const cause = fault instanceof Error && fault.cause instanceof Error ? fault.cause.message : String(fault)
    console.error(`no gateway answers on ${admin} (${cause}): give its admin side by --admin`)
    return undefined
  }
}

function detailOf(text: string): string {
  try {
    return String((JSON.parse(text) as { detail?: unknown }).detail)
  } catch {
    return text.trim()
  }
}
