import type { FunctionComponent } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { type Live, live } from './live.ts'
import { hrefOf, place } from './location.ts'
import { BackendsPage } from './pages/backends.tsx'
import { CallPage } from './pages/call.tsx'
import { CallsPage } from './pages/calls.tsx'
import { ConfigPage } from './pages/config.tsx'
import { DeliveriesPage } from './pages/deliveries.tsx'
import { DeliveryPage } from './pages/delivery.tsx'
import { LoginPage } from './pages/login.tsx'
import { OverviewPage } from './pages/overview.tsx'
import { RoutesPage } from './pages/routes.tsx'
import { UpstreamsPage } from './pages/upstreams.tsx'
import { WaitersPage } from './pages/waiters.tsx'
import { Boundary } from './parts/boundary.tsx'
import { Connection, LostBanner } from './parts/connection.tsx'
import { Patterns } from './parts/patterns.tsx'
import { ThemeSwitch } from './parts/theme-switch.tsx'
import { keepToken, loginNeeded, token } from './session.ts'
import { useStore } from './store.ts'

interface Page {
  readonly name: string
  readonly title: string
  readonly show: FunctionComponent
  /** Shows a single item of the list. */
  readonly showOne?: FunctionComponent<{ readonly id: string }>
  /** Hides the menu entry if there is nothing to see; by default it is always shown. */
  readonly isFor?: (features: NonNullable<Live['overview']>['features']) => boolean
}

const pages: readonly Page[] = [
  { name: '', title: 'Overview', show: OverviewPage },
  { name: 'routes', title: 'Routes', show: RoutesPage },
  { name: 'upstreams', title: 'Upstreams', show: UpstreamsPage },
  { name: 'calls', title: 'Calls', show: CallsPage, showOne: CallPage },
  {
    name: 'deliveries',
    title: 'Deliveries',
    show: DeliveriesPage,
    showOne: DeliveryPage,
    isFor: ({ deliveries }) => deliveries,
  },
  { name: 'waiters', title: 'Waiters', show: WaitersPage, isFor: ({ callbacks }) => callbacks },
  { name: 'backends', title: 'Backends', show: BackendsPage, isFor: ({ backends }) => backends },
  { name: 'config', title: 'Configuration', show: ConfigPage },
]

export function App() {
  const needsLogin = useStore(loginNeeded)
  return (
    <>
      <Patterns />
      <a class="skip" href="#main" onClick={skipToMain}>
        Skip to the content
      </a>
      <header class="top">
        <a class="brand" href="#/">
          Hedgerow
        </a>
        {needsLogin ? <span class="grow" /> : <Menu />}
        <div class="tools">
          {needsLogin ? null : <Connection />}
          <ThemeSwitch />
          {needsLogin ? null : <LogOut />}
        </div>
      </header>
      {needsLogin ? null : <LostBanner />}
      {needsLogin ? <LoginPage /> : <Content />}
    </>
  )
}

function Content() {
  const { page: name, id } = useStore(place)
  const main = useRef<HTMLElement>(null)
  const page = pages.find((one) => one.name === name)
  const title = page?.title ?? 'Nothing here'
  const isFirst = useRef(true)
  useEffect(() => {
    document.title = `${title} · Hedgerow`
    // Keyboard and screen reader users continue at the start of the new page.
    if (!isFirst.current) {
      main.current?.focus({ preventScroll: true })
      scrollTo(0, 0)
    }
    isFirst.current = false
  }, [title, id])
  return (
    <main id="main" tabindex={-1} ref={main}>
      <Boundary key={`${name}/${id ?? ''}`}>
        {page === undefined ? <Nowhere /> : id === undefined ? <page.show /> : <One page={page} id={id} />}
      </Boundary>
    </main>
  )
}

function One({ page, id }: { readonly page: Page; readonly id: string }) {
  const Show = page.showOne
  return Show === undefined ? <Nowhere /> : <Show key={id} id={id} />
}

function Nowhere() {
  return (
    <>
      <h1>Nothing here</h1>
      <p>
        There is no such page. <a href="#/">To the overview</a>
      </p>
    </>
  )
}

function Menu() {
  const { overview } = useStore(live)
  const { page: current } = useStore(place)
  const shown = pages.filter(
    ({ name, isFor }) =>
      isFor === undefined || name === current || (overview !== undefined && isFor(overview.features)),
  )
  return (
    <nav class="menu" aria-label="Pages">
      <ul>
        {shown.map(({ name, title }) => (
          <li key={name}>
            <a href={hrefOf(name)} aria-current={name === current ? 'page' : undefined}>
              {title}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  )
}

function LogOut() {
  const bearer = useStore(token)
  if (bearer === undefined) return null
  const leave = (): void => {
    keepToken(undefined)
    loginNeeded.set(true)
  }
  return (
    <button type="button" class="plain" onClick={leave}>
      Log out
    </button>
  )
}

/** Moves the focus without changing the URL's hash, which holds the current page. */
function skipToMain(event: Event): void {
  event.preventDefault()
  document.querySelector<HTMLElement>('#main')?.focus()
}
