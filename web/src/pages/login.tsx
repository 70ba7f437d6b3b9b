import { useEffect, useRef, useState } from 'preact/hooks'
import { ApiFault, ask } from '../api.ts'
import { isSendable, keepToken, loginNeeded, token } from '../session.ts'

export function LoginPage() {
  const [fault, setFault] = useState<string>()
  const [isBusy, setBusy] = useState(false)
  const field = useRef<HTMLInputElement>(null)
  useEffect(() => {
    document.title = 'Log in · Hedgerow'
    field.current?.focus()
  }, [])
  const refuse = (why: string): void => {
    setFault(why)
    setBusy(false)
    field.current?.select()
  }
  const enter = async (given: string): Promise<void> => {
    if (!isSendable(given))
      return refuse(
        'This cannot be the token: tokens contain only ASCII letters, digits and punctuation, and no blanks.',
      )
    setBusy(true)
    try {
      const authorization = `Bearer ${given}`
      await ask('api/overview?history=1', { headers: { authorization } })
      keepToken(given)
      loginNeeded.set(false)
    } catch (reason) {
      const isWrong = reason instanceof ApiFault && reason.status === 401
      refuse(isWrong ? 'This is not the token of the gateway.' : messageOf(reason))
    }
  }
  return (
    <main id="main" tabindex={-1} class="login">
      <h1>Log in</h1>
      <p>
        Enter the token from <code>admin.token</code> in the gateway's configuration. This tab keeps it until you close
        it.
      </p>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          // Pasting often adds a blank.
          void enter(field.current?.value.trim() ?? '')
        }}
      >
        <label class="field">
          <span>Token</span>
          <input
            ref={field}
            type="password"
            name="token"
            autocomplete="current-password"
            required
            aria-describedby="login-fault"
          />
        </label>
        <button type="submit" class="solid" disabled={isBusy}>
          Log in
        </button>
      </form>
      <p id="login-fault" class="fault" role="alert">
        {fault ?? (token.get() === undefined ? '' : 'The token is no longer valid.')}
      </p>
    </main>
  )
}

function messageOf(reason: unknown): string {
  return reason instanceof Error ? reason.message : String(reason)
}
