import { useState } from 'preact/hooks'
import type { DeliveryDetailView, RequestView } from '../../../src/admin/api.ts'
import { fromNow, moment } from '../format.ts'
import { hrefOf } from '../location.ts'
import { DeliveryActions } from '../parts/delivery-actions.tsx'
import { Facts } from '../parts/facts.tsx'
import { LegState, lastAnswerOf } from '../parts/legs.tsx'
import { useNow } from '../parts/now.ts'
import { Path } from '../parts/path.tsx'
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
      <div class="page-head">
        <h1>Delivery</h1>
        <p role="status" class="said">
          {said}
        </p>
      </div>
      <p>
        <code>{id}</code>
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
        <h2>Targets</h2>
        <Table caption="Targets of this delivery" captionUnseen columns={columns}>
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
        <Facts
          facts={[
            { name: 'Route', value: <Path text={route} /> },
            { name: 'Accepted', value: moment(createdAt, now) },
            { name: 'Lane', term: 'lane', value: lane ?? 'none (unordered)' },
            { name: 'Idempotency key', value: idempotencyKey ?? 'none' },
          ]}
        />
        {request === undefined ? (
          <p class="quiet">The request is no longer stored: every target has it, or it was discarded.</p>
        ) : (
          <Request request={request} />
        )}
      </section>
    </>
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
        <p class="quiet">The body is not text, so it is shown as base64.</p>
      ) : null}
      <pre class="code" tabindex={0} role="region" aria-label="The request as it was accepted">
        {shown}
      </pre>
    </>
  )
}
