import type { CallView } from '../../../src/admin/api.ts'
import { sentenceOf } from '../calls/sentence.ts'
import { moment, ms } from '../format.ts'
import { hrefOf } from '../location.ts'
import { useNow } from './now.ts'
import { Path } from './path.tsx'
import { SmallRace } from './small-race.tsx'
import { Table } from './table.tsx'

const columns = [
  { title: 'Call' },
  { title: 'Answer', kind: 'told' },
  { title: 'Took', kind: 'told number' },
  { title: 'Race', term: 'race', kind: 'told race' },
  { title: 'What happened', kind: 'told sentence' },
  { title: 'Time', kind: 'told' },
] as const

/** Longer URLs are shown in full on the page of the call. */
const maxUrl = 90

export function CallsTable({ caption, calls }: { readonly caption: string; readonly calls: readonly CallView[] }) {
  const now = useNow()
  return (
    <Table caption={caption} columns={columns} captionUnseen>
      {calls.map((call) => (
        <tr key={call.id}>
          <th scope="row">
            <a href={hrefOf('calls', {}, call.id)}>
              <Path text={`${call.method} ${call.url}`} maxLength={maxUrl} />
            </a>
            <span class="under told-narrow">
              <Answer call={call} /> · {ms(call.durationMs)} · {moment(call.startedAt, now)}
              <SmallRace call={call} />
              {sentenceOf(call)}
            </span>
          </th>
          <td class="told">
            <Answer call={call} />
          </td>
          <td class="told number">{ms(call.durationMs)}</td>
          <td class="told race">
            <SmallRace call={call} />
          </td>
          <td class="told sentence">{sentenceOf(call)}</td>
          <td class="told nowrap">{moment(call.startedAt, now)}</td>
        </tr>
      ))}
    </Table>
  )
}

/** Status and failure code, with a mark in addition to the colour. */
export function Answer({ call: { status, failure } }: { readonly call: CallView }) {
  const isBad = failure !== undefined || status >= 500 || status === 0
  return (
    <span class={isBad ? 'answer bad' : 'answer good'}>
      <span class="nowrap">
        <span aria-hidden="true">{isBad ? '✕' : '✓'}</span> {status === 0 ? 'none' : status}
      </span>{' '}
      {failure === undefined ? '' : <span class="code-word">{failure.code}</span>}
    </span>
  )
}
