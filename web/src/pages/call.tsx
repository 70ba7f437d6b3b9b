import type { CallView } from '../../../src/admin/api.ts'
import { durationOf, reasonOf } from '../calls/result.ts'
import { sentenceOf } from '../calls/sentence.ts'
import { waitOf } from '../calls/wait.ts'
import { bytes, ms } from '../format.ts'
import { hrefOf } from '../location.ts'
import { Answer } from '../parts/calls-table.tsx'
import { type Fact, Facts } from '../parts/facts.tsx'
import { Swatch } from '../parts/outcome-bar.tsx'
import { Path } from '../parts/path.tsx'
import { outcomeNames } from '../parts/patterns.tsx'
import { Loaded } from '../parts/state.tsx'
import { type Column, Table } from '../parts/table.tsx'
import { Term } from '../parts/term.tsx'
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
      <h1 class="url">
        <Path text={`${call.method} ${call.url}`} />
      </h1>
      <div class={isBad ? 'verdict bad' : 'verdict good'}>
        <h2>{isBad ? 'Why it failed' : 'What happened'}</h2>
        <p>{sentenceOf(call)}</p>
      </div>
      <section class="card">
        <h2>Attempts</h2>
        {call.attempts.length === 0 ? <p>No attempt was made.</p> : <Attempts call={call} />}
      </section>
      <section class="card">
        <h2>The call</h2>
        <Facts facts={factsOf(call)} />
      </section>
    </>
  )
}

function factsOf(call: CallView): readonly Fact[] {
  const wait = waitOf(call)
  return [
    { name: 'Answer', value: <Answer call={call} /> },
    { name: 'Took', value: ms(call.durationMs) },
    ...(call.queuedMs === undefined ? [] : [{ name: 'Waited for its turn', value: ms(call.queuedMs) }]),
    ...(wait === undefined ? [] : [{ name: 'Waited for its result', value: ms(wait.toMs - wait.fromMs) }]),
    { name: 'Deadline', term: 'deadline', value: call.deadlineMs === undefined ? 'none' : ms(call.deadlineMs) },
    {
      name: 'Route',
      value: (
        <a href={hrefOf('routes', { route: call.route })}>
          <Path text={call.route} />
        </a>
      ),
    },
    { name: 'Strategy', term: 'strategy', value: call.strategy },
    { name: 'Began', value: new Date(call.startedAt).toLocaleString('en-CA', { hour12: false }) },
    { name: 'Sent to the client', value: bytes(call.bytesSent) },
    { name: 'Request id', value: <code>{call.id}</code> },
    ...(call.traceId === undefined ? [] : [{ name: 'Trace', value: <code>{call.traceId}</code> }]),
  ]
}

function Attempts({ call }: { readonly call: CallView }) {
  const reasons = call.attempts.map(reasonOf)
  const hasReasons = reasons.some((reason) => reason !== '')
  return (
    <>
      <Waterfall call={call} />
      <Table caption="Attempts of this call" captionUnseen columns={columnsWith(hasReasons)}>
        {call.attempts.map((attempt, index) => (
          <tr key={attempt.number}>
            <th scope="row">{attempt.number}</th>
            <td>{attempt.kind === 'hedge' ? <Term name="hedge">hedge</Term> : attempt.kind}</td>
            <td>
              {attempt.target}
              {/* An upstream is often called like its only target. */}
              {attempt.upstream === attempt.target ? null : <span class="quiet under">{attempt.upstream}</span>}
            </td>
            <td class="number">{ms(attempt.startedMs)}</td>
            <td class="number">{ms(durationOf(attempt, call))}</td>
            <td class="nowrap">
              <Swatch outcome={attempt.outcome ?? 'cancelled'} />{' '}
              {attempt.outcome === 'cancelled' ? (
                <Term name="cancelled">cancelled</Term>
              ) : (
                (outcomeNames[attempt.outcome ?? ''] ?? 'open')
              )}
              {attempt.status === undefined ? '' : ` ${attempt.status}`}
              {attempt.won ? <strong> ★ won</strong> : ''}
            </td>
            {hasReasons ? <td class="wide">{reasons[index]}</td> : null}
          </tr>
        ))}
      </Table>
    </>
  )
}

function columnsWith(hasReasons: boolean): readonly Column[] {
  return [
    { title: 'Attempt', term: 'attempt', kind: 'narrow' },
    { title: 'Kind', term: 'kind' },
    { title: 'Target' },
    { title: 'Sent after', kind: 'number' },
    { title: 'Took', kind: 'number' },
    { title: 'Outcome' },
    ...(hasReasons ? [{ title: 'Reason', kind: 'wide' } as const] : []),
  ]
}
