import { clock } from '../format.ts'
import { live, tryNow } from '../live.ts'
import { useStore } from '../store.ts'

const words = { connecting: 'Connecting', live: 'Live', lost: 'Connection lost' } as const
const marks = { connecting: '◌', live: '●', lost: '✕' } as const

export function Connection() {
  const { status, overview } = useStore(live)
  const text = status === 'live' && overview?.draining === true ? 'Live, draining' : words[status]
  return (
    <span class={`connection ${status}`} role="status">
      <span aria-hidden="true">{marks[status]}</span> {text}
    </span>
  )
}

/** Old figures must not look current. */
export function LostBanner() {
  const { status, why, history } = useStore(live)
  const last = history.at(-1)
  if (status !== 'lost') return null
  return (
    <div class="banner" role="alert">
      <p>
        <strong>{why}</strong> {last === undefined ? '' : `The page shows the state at ${clock(last.at)}. `}
        Reconnecting every few seconds.
      </p>
      <button type="button" onClick={tryNow}>
        Try now
      </button>
    </div>
  )
}
