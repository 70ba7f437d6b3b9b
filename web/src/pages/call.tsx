import type { CallView } from '../../../src/admin/api.ts'
import { durationOf, resultOf, sentenceOf } from '../calls/sentence.ts'
import { waitOf } from '../calls/wait.ts'
import { bytes, ms } from '../format.ts'
import { hrefOf } from '../location.ts'
import { Answer } from '../parts/calls-table.tsx'
import { Swatch } from '../parts/outcome-bar.tsx'
import { outcomeNames } from '../parts/patterns.tsx'
import { Loaded } from '../parts/state.tsx'
import { Table } from '../parts/table.tsx'
import { Waterfall } from '../parts/waterfall.tsx'
import { useResource } from '../resource.ts'

/** The inspector: the course of one call. */
export function CallPage({ id }: { readonly id: string }) {
  const { data, fault } = useResource<CallView>(`api/calls/${encodeURIComponent(id)}`)
  return (
    <>
      <p>
        <a href={hrefOf('calls')}>All recorded calls</a>
      </p>
      <Loaded data={data} fault={fault}>
        {(call) => <Seen call={call} />}
      </Loaded>
    </>
  )
}

function Seen({ call }: { readonly call: CallView }) {
  const isBad = call.failure !== undefined || call.status >= 500 || call.status === 0
  return (
    <>
      <h1 class="path">
        {call.method} {call.url}
      </h1>
      <div class={isBad ? 'verdict bad' : 'verdict good'}>
        <h2>{isBad ? 'Why it failed' : 'How it went'}</h2>
        <p>{sentenceOf(call)}</p>
      </div>
      <section class="card">
        <h2>Attempts</h2>
        {call.attempts.length === 0 ? <p>No attempt was made.</p> : <Attempts call={call} />}
      </section>
      <section class="card">
        <h2>The call</h2>
        <Facts call={call} />
      </section>
    </>
  )
}

function Facts({ call }: { readonly call: CallView }) {
  const wait = waitOf(call)
  const facts: readonly (readonly [string, preact.ComponentChild])[] = [
    ['Answer', <Answer key="answer" call={call} />],
    ['Took', ms(call.durationMs)],
    ...(call.queuedMs === undefined ? [] : [['Waited for its turn', ms(call.queuedMs)] as const]),
    ...(wait === undefined ? [] : [['Waited for its result', ms(wait.toMs - wait.fromMs)] as const]),
    ['Deadline', call.deadlineMs === undefined ? 'none' : ms(call.deadlineMs)],
    [
      'Route',
      <a key="route" href={hrefOf('routes', { route: call.route })}>
        {call.route}
      </a>,
    ],
    ['Strategy', call.strategy],
    ['Began', new Date(call.startedAt).toLocaleString('en-CA', { hour12: false })],
    ['Sent to the client', bytes(call.bytesSent)],
    ['Request id', <code key="id">{call.id}</code>],
    ...(call.traceId === undefined ? [] : [['Trace', <code key="trace">{call.traceId}</code>] as const]),
    ...(call.failure === undefined ? [] : [['Why', call.failure.detail] as const]),
  ]
  return (
    <dl class="facts">
      {facts.map(([term, value]) => (
        <div key={term}>
          <dt>{term}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  )
}

const columns = [
  { title: 'Attempt', kind: 'number' },
  { title: 'Kind' },
  { title: 'Target' },
  { title: 'Sent after', kind: 'number' },
  { title: 'Took', kind: 'number' },
  { title: 'Outcome' },
  { title: 'What it did', kind: 'wide' },
] as const

function Attempts({ call }: { readonly call: CallView }) {
  return (
    <>
      <Waterfall call={call} />
      <Table caption="Every attempt of this call" columns={columns}>
        {call.attempts.map((attempt) => (
          <tr key={attempt.number}>
            <th scope="row" class="number">
              {attempt.number}
            </th>
            <td>{attempt.kind}</td>
            <td>
              {attempt.target} <span class="quiet under">{attempt.upstream}</span>
            </td>
            <td class="number">{ms(attempt.startedMs)}</td>
            <td class="number">{ms(durationOf(attempt, call))}</td>
            <td class="nowrap">
              <Swatch outcome={attempt.outcome ?? 'cancelled'} /> {outcomeNames[attempt.outcome ?? ''] ?? 'open'}
              {attempt.won ? <strong> ★ won</strong> : ''}
            </td>
            <td class="wide">
              {resultOf(attempt, call)}
              {attempt.detail === undefined ? '' : <span class="quiet under">{attempt.detail}</span>}
            </td>
          </tr>
        ))}
      </Table>
    </>
  )
}
