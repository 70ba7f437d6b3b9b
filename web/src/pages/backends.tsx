import { useState } from 'preact/hooks'
import type { BackendListView, BackendView } from '../../../src/admin/api.ts'
import { ApiFault, patch } from '../api.ts'
import { count, counted, share } from '../format.ts'
import { knobsOf, type Profile, patchOf, restoring, type Turn } from '../knobs.ts'
import { Slider } from '../parts/slider.tsx'
import { Empty, Loaded } from '../parts/state.tsx'
import { useResource } from '../resource.ts'
import { read, write } from '../session.ts'

export function BackendsPage() {
  const { data, fault, reload } = useResource<BackendListView>('api/backends', 2_000)
  const [said, setSaid] = useState('')
  const turned = (what: string): void => {
    setSaid(what)
    reload()
  }
  return (
    <>
      <div class="page-head">
        <h1>Backends</h1>
        <p role="status" class="said">
          {said}
        </p>
      </div>
      <p class="quiet">
        Slow one down or break it, then watch on the overview how the gateway copes. Reset restores a backend's settings
        from when you opened this page.
      </p>
      {fault?.status === 404 ? (
        <Empty title="There is no simulated backend here.">
          The demo has some. Start it with <code>npm start</code>.
        </Empty>
      ) : (
        <Loaded data={data} fault={fault}>
          {({ backends }) => (
            <div class="backends">
              {backends.map((backend) => (
                <Backend key={backend.name} backend={backend} turned={turned} />
              ))}
            </div>
          )}
        </Loaded>
      )}
    </>
  )
}

interface BackendProps {
  readonly backend: BackendView
  readonly turned: (what: string) => void
}

function Backend({ backend, turned }: BackendProps) {
  const { name, url } = backend
  const profile = backend.profile as Profile
  const knobs = knobsOf(profile)
  const original = originalOf(url, profile)
  const send = async (change: object, what: string): Promise<void> => {
    try {
      await patch(`api/backends/${encodeURIComponent(name)}`, change)
      turned(`${name}: ${what}.`)
    } catch (reason) {
      if (!(reason instanceof ApiFault)) throw reason
      turned(`${name} could not be changed: ${reason.message}`)
    }
  }
  const turn = (one: Turn, what: string): void => void send(patchOf(profile, one), what)
  const turnShare = (knob: 'errors' | 'hangs' | 'resets') => (percent: number) =>
    turn({ knob, value: percent / 100 }, `${knob} ${percent} %`)
  const percents = { least: 0, most: 100, step: 5, about: name }
  return (
    <section class={knobs.isOff ? 'card backend off' : 'card backend'} aria-label={`Backend ${name}`}>
      <div class="card-head">
        <h2>{name}</h2>
        <p class="quiet">{url}</p>
      </div>
      <Stats stats={backend.stats} isOff={knobs.isOff} />
      <Slider
        label="Latency"
        text={knobs.latencyText}
        unit=" ms"
        value={knobs.latencyMs}
        least={0}
        most={3000}
        step={50}
        about={name}
        turn={(value) => turn({ knob: 'latency', value }, `latency ${value} ms`)}
      />
      <Slider
        label="Errors"
        text={share(knobs.errors)}
        unit=" %"
        value={knobs.errors * 100}
        {...percents}
        turn={turnShare('errors')}
      />
      <Slider
        label="Hangs"
        text={share(knobs.hangs)}
        unit=" %"
        value={knobs.hangs * 100}
        {...percents}
        turn={turnShare('hangs')}
      />
      <Slider
        label="Resets"
        text={share(knobs.resets)}
        unit=" %"
        value={knobs.resets * 100}
        {...percents}
        turn={turnShare('resets')}
      />
      {profile.skip === undefined ? null : (
        <p class="quiet">
          In addition, every {profile.skip.every}th request gets {profile.skip.status}.
        </p>
      )}
      <div class="actions">
        <label class="switch">
          <input
            type="checkbox"
            role="switch"
            checked={knobs.isOff}
            onChange={(event) =>
              turn({ knob: 'off', value: event.currentTarget.checked }, event.currentTarget.checked ? 'off' : 'on')
            }
          />
          Off: refuse connections <span class="unseen">to {name}</span>
        </label>
        <button type="button" class="small" onClick={() => void send(restoring(original), 'reset')}>
          Reset <span class="unseen">{name}</span>
        </button>
      </div>
    </section>
  )
}

interface Stats {
  readonly requests?: number
  readonly inFlight?: number
  readonly aborted?: number
}

function Stats({ stats, isOff }: { readonly stats: Stats; readonly isOff: boolean }) {
  const { requests = 0, inFlight = 0, aborted = 0 } = stats
  return (
    <p>
      {isOff ? <strong class="bad">✕ off · </strong> : ''}
      {counted(requests, 'request')}, {count(inFlight)} in flight, {count(aborted)} cancelled by the gateway
    </p>
  )
}

/** The profile when this tab first saw the backend. */
function originalOf(url: string, profile: Profile): Profile {
  const key = `hedgerow.backend.${url}`
  const kept = read(sessionStorage, key)
  if (kept !== undefined) return JSON.parse(kept) as Profile
  write(sessionStorage, key, JSON.stringify(profile))
  return profile
}
