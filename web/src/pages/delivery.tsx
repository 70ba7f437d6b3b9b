import { useState } from 'preact/hooks'
import type { DeliveryDetailView, RequestView } from '../../../src/admin/api.ts'
import { fromNow, moment } from '../format.ts'
import { hrefOf } from '../location.ts'
import { DeliveryActions } from '../parts/delivery-actions.tsx'
import { LegState, lastAnswerOf } from '../parts/legs.tsx'
import { useNow } from '../parts/now.ts'
import { Loaded } from '../parts/state.tsx'
import { Table } from '../parts/table.tsx'
import { useResource } from '../resource.ts'

export function DeliveryPage({ id }: { readonly id: string }) {
  const { data, fault, reload } = useResource<DeliveryDetailView>(`api/deliveries/${encodeURIComponent(id)}`, 2_000)
  const [said, setSaid] = useState('')
  return (
    <>
      <p>
        <a href={hrefOf('deliveries')}>All deliveries</a>
      </p>
      <h1>Delivery</h1>
      <p>
        <code>{id}</code>
      </p>
      <p role="status" class="said">
        {said}
      </p>
      <Loaded data={data} fault={fault}>
        {(delivery) => (
          <Seen
            delivery={delivery}
            done={(what) => {
              setSaid(what)
              reload()
            }}
          />
        )}
      </Loaded>
    </>
  )
}

const columns = [
  { title: 'Target' },
  { title: 'State' },
  { title: 'Attempts', kind: 'number' },
  { title: 'Next try' },
  { title: 'Last answer', kind: 'wide' },
  { title: 'Actions' },
] as const

function Seen({ delivery, done }: { readonly delivery: DeliveryDetailView; readonly done: (what: string) => void }) {
  const { id, route, createdAt, lane, idempotencyKey, targets, request } = delivery
  const now = useNow()
  return (
    <>
      <section class="card">
        <Table caption="Its way to each target" columns={columns}>
          {targets.map((leg) => (
            <tr key={leg.target}>
              <th scope="row">{leg.target}</th>
              <td>
                <LegState state={leg.state} />
              </td>
              <td class="number">{leg.attempts}</td>
              <td class="nowrap">{leg.nextAttemptAt === undefined ? '–' : fromNow(leg.nextAttemptAt, now)}</td>
              <td class="wide">{lastAnswerOf(leg)}</td>
              <td>
                <DeliveryActions id={id} legs={[leg]} target={leg.target} done={done} />
              </td>
            </tr>
          ))}
        </Table>
      </section>
      <section class="card">
        <h2>The write</h2>
        <dl class="facts">
          <Fact term="Route" value={route} />
          <Fact term="Accepted" value={moment(createdAt, now)} />
          <Fact term="Lane" value={lane ?? 'none: in no order'} />
          <Fact term="Idempotency key" value={idempotencyKey ?? 'none of the client'} />
        </dl>
        {request === undefined ? (
          <p class="quiet">The request is no longer kept: every target has it, or it was discarded.</p>
        ) : (
          <Request request={request} />
        )}
      </section>
    </>
  )
}

function Fact({ term, value }: { readonly term: string; readonly value: string }) {
  return (
    <div>
      <dt>{term}</dt>
      <dd>{value}</dd>
    </div>
  )
}

function Request({ request }: { readonly request: RequestView }) {
  const { method, path, query, headers, body, bodyEncoding } = request
  const fields = headers.flatMap((name, i) => (i % 2 === 0 ? [`${name}: ${headers[i + 1] ?? ''}`] : []))
  const mark = query === '' || query.startsWith('?') ? '' : '?'
  const shown = [`${method} ${path}${mark}${query}`, ...fields, '', body ?? ''].join('\n').trimEnd()
  return (
    <>
      {bodyEncoding === 'base64' && body !== undefined ? (
        <p class="quiet">The body is no text: it is shown as base64.</p>
      ) : null}
      <pre class="code" tabindex={0} role="region" aria-label="The request as it was accepted">
        {shown}
      </pre>
    </>
  )
}
