import type { DeliveryListView, DeliveryView } from '../admin/api.ts'
import { countOf } from '../kit/count-of.ts'
import { AdminClient, type AdminTarget } from './admin-client.ts'
import { exitCodes } from './exit-codes.ts'

interface Filter {
  readonly state?: string
  readonly target?: string
  readonly route?: string
}

interface ListOptions extends AdminTarget, Filter {
  readonly before?: string
  readonly limit?: string
  readonly json?: boolean
}

interface OperateOptions extends AdminTarget, Filter {
  readonly all?: boolean
}

type Operation = 'replay' | 'discard'

export async function listDeliveries({ admin, token, json = false, ...filter }: ListOptions): Promise<void> {
  const client = AdminClient.to({ admin, token })
  const page = await client?.ask<DeliveryListView>('GET', listPath(filter))
  if (page === undefined) return
  if (json) {
    console.log(JSON.stringify(page, undefined, 2))
    return
  }
  if (page.deliveries.length === 0) console.log('no deliveries')
  for (const delivery of page.deliveries) printDelivery(delivery)
  if (page.next !== undefined) console.log(`more: --before ${page.next}`)
}

export async function showDelivery(id: string, options: AdminTarget): Promise<void> {
  if (!isDeliveryId(id)) return
  const delivery = await AdminClient.to(options)?.ask<object>('GET', `/api/deliveries/${id}`)
  if (delivery !== undefined) console.log(JSON.stringify(delivery, undefined, 2))
}

export async function operateDelivery(
  what: Operation,
  id: string | undefined,
  { admin, token, all = false, ...filter }: OperateOptions,
): Promise<void> {
  if ((id === undefined) !== all) {
    console.error(`give the id of one delivery, or --all for every dead letter (see \`deliveries list\`)`)
    process.exitCode = exitCodes.badUsage
    return
  }
  const client = AdminClient.to({ admin, token })
  if (client === undefined || (id !== undefined && !isDeliveryId(id))) return
  if (id !== undefined) {
    const count = await operate(client, what, id, filter)
    if (count !== undefined) console.log(`${done[what]} ${count}`)
  } else await operateAll(client, what, filter)
}

const done = { replay: 'replayed', discard: 'discarded' } as const

/** One request: the gateway knows the order in which the writes were accepted. */
async function operateAll(client: AdminClient, what: Operation, { target, route }: Filter): Promise<void> {
  const path = `/api/deliveries/${what}?${queryOf({ target, route, state: 'dead' })}`
  const answer = await client.ask<Readonly<Record<string, unknown>>>('POST', path)
  if (answer === undefined) return
  const legs = countOf(Number(answer[done[what]]), 'dead letter')
  console.log(`${done[what]} ${legs} of ${countOf(Number(answer['deliveries']), 'delivery', 'deliveries')}`)
}

async function operate(
  client: AdminClient,
  what: Operation,
  id: string,
  { target, state }: Filter,
): Promise<number | undefined> {
  const path = `/api/deliveries/${id}/${what}?${queryOf({ target, state })}`
  const answer = await client.ask<Readonly<Record<string, unknown>>>('POST', path)
  return answer === undefined ? undefined : Number(answer[done[what]])
}

function listPath(filter: object): string {
  return `/api/deliveries?${queryOf(filter)}`
}

/** Omits undefined parameters. */
function queryOf(parameters: object): string {
  return new URLSearchParams(Object.entries(parameters).filter(([, value]) => value !== undefined)).toString()
}

function isDeliveryId(id: string): boolean {
  if (/^[\w-]{1,64}$/.test(id)) return true
  console.error(`${JSON.stringify(id)} is not a delivery id; \`hedgerow deliveries list\` shows them`)
  process.exitCode = exitCodes.badUsage
  return false
}

function printDelivery({ id, createdAt, route, targets }: DeliveryView): void {
  console.log(`${id}  ${createdAt}  ${route}`)
  for (const { target, state, attempts, outcome, detail, waitsFor, nextAttemptAt } of targets) {
    const last = outcome === undefined ? '' : `, last: ${detail ?? outcome}`
    const next = nextAttemptAt === undefined ? '' : `, next at ${nextAttemptAt}`
    const turn = waitsFor === 'turn' ? ', queued behind an earlier write' : next
    console.log(`  ${target.padEnd(20)} ${state.padEnd(12)} ${countOf(attempts, 'attempt')}${last}${turn}`)
  }
}
