import type { CallView } from '../../../src/admin/api.ts'
import { sentenceOf } from '../calls/sentence.ts'
import { moment, ms } from '../format.ts'
import { hrefOf } from '../location.ts'
import { useNow } from './now.ts'
import { Table } from './table.tsx'

const columns = [
  { title: 'Call' },
  { title: 'Answer' },
  { title: 'Took', kind: 'number' },
  { title: 'What happened', kind: 'told' },
  { title: 'Time' },
] as const

export function CallsTable({ caption, calls }: { readonly caption: string; readonly calls: readonly CallView[] }) {
  const now = useNow()
  return (
    <Table caption={caption} columns={columns} captionUnseen>
      {calls.map((call) => (
        <tr key={call.id}>
          <th scope="row">
            <a href={hrefOf('calls', {}, call.id)} class="path">
              {call.method} {call.url}
            </a>
            <span class="under told-narrow">{sentenceOf(call)}</span>
          </th>
          <td>
            <Answer call={call} />
          </td>
          <td class="number">{ms(call.durationMs)}</td>
          <td class="told">{sentenceOf(call)}</td>
          <td class="nowrap">{moment(call.startedAt, now)}</td>
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
      <span aria-hidden="true">{isBad ? '✕' : '✓'}</span> {status === 0 ? 'none' : status}
      {failure === undefined ? '' : ` ${failure.code}`}
    </span>
  )
}
