import { BytesWriter } from './bytes.ts'
import type { RestoreRequest } from './exchanges.ts'
import type { HeldDeliveries } from './held-deliveries.ts'
import { insertRow, updateRow } from './rows.ts'
import type { StoreFault } from './store-fault.ts'
import type { StoreThread } from './thread.ts'

const restoredAtOnce = 1000
const restoredBytesAtOnce = 8 * 1024 * 1024

export interface Known {
  readonly path: string
  readonly storeId: string
  readonly held: HeldDeliveries
  /** Deliveries with an update that is not on disk. */
  readonly updated: Float64Array
  readonly lastSequence: number
}

export interface Recovered {
  readonly deliveries: number
  readonly settledDeadLegs: number
  /** Deliveries that had to be written again. */
  readonly restored: number
}

type Result = { readonly ok: true; readonly value: Recovered } | { readonly ok: false; readonly storeFault: StoreFault }

/** Opens the store at the path, creates it if it is missing, and brings it in line with memory. */
export async function recover(
  thread: StoreThread,
  { path, storeId, held, updated, lastSequence }: Known,
): Promise<Result> {
  const opened = await thread.ask('open', { path, storeId })
  if (!opened.ok) return opened
  const reconciled = await thread.ask('reconcile', { held: held.sequences, updated, lastSequence })
  if (!reconciled.ok) return reconciled
  let { deliveries } = reconciled.value
  for (const request of restoreRequests(reconciled.value.missing, held)) {
    const restored = await thread.ask('restore', request, request.bytes)
    if (!restored.ok) return restored
    deliveries = restored.value.deliveries
  }
  const { settledDeadLegs, missing } = reconciled.value
  return { ok: true, value: { deliveries, settledDeadLegs, restored: missing.length } }
}

function* restoreRequests(missing: Float64Array, held: HeldDeliveries): Generator<RestoreRequest> {
  let bytes = new BytesWriter()
  let rows: RestoreRequest['rows'][number][] = []
  for (const sequence of missing) {
    const delivery = held.get(sequence)
    if (delivery === undefined) continue
    const { request, legs, finishedAt, answer } = delivery
    if (request === undefined) continue
    rows.push([
      insertRow(sequence, { ...delivery, request }, bytes),
      updateRow(sequence, legs, finishedAt, answer, bytes),
    ])
    if (rows.length < restoredAtOnce && bytes.length < restoredBytesAtOnce) continue
    yield { rows, bytes: bytes.take() }
    bytes = new BytesWriter()
    rows = []
  }
  if (rows.length > 0) yield { rows, bytes: bytes.take() }
}
