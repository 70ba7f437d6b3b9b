import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { requestOf, targetOf } from '../../../test/kit/calls.ts'
import { VirtualClock } from '../../../test/kit/virtual-clock.ts'
import type { RouteFacts } from '../../core/call.ts'
import { EventBus } from '../../kit/event-bus.ts'
import { LiveCall } from '../../kit/live-call.ts'
import type { Writer } from './blocks.ts'
import { type CountedParts, ownPages } from './cells.ts'
import { Counts } from './counts.ts'
import { type CountingThread, startCounting } from './start-counting.ts'

const clock = new VirtualClock()
const page: RouteFacts = { name: 'GET /page', strategy: 'metrics', idleTimeoutMs: 0 }
const durationsMs = [0.3, 7.123, 4000.77]

/** A configuration as a bit set of routes; each route has one target. */
interface Generation {
  readonly parts: CountedParts
  readonly facts: readonly RouteFacts[]
}

function generationOf(bits: number): Generation {
  const facts = [0, 1, 2]
    .filter((route) => (bits >> route) % 2 === 1)
    .map((route) => ({
      name: `GET /${route}`,
      strategy: bits > 11 && route === 0 ? 'hedge' : 'forward',
      idleTimeoutMs: 0,
    }))
  const routes = facts.map(({ name, strategy }) => ({ name, strategy }))
  const targets = facts.map(({ name }) => targetOf(name))
  return { facts, parts: { routes, targets, live: true, boundsMs: bits % 4 === 3 ? [1, 10] : [5] } }
}

interface InFlight {
  readonly call: LiveCall
  /** Its route was removed or replaced since then, so no sum includes it. */
  isLost: boolean
}

class Thread {
  readonly events = new EventBus()
  readonly writer: Writer
  readonly #counting: CountingThread
  readonly calls: InFlight[] = []
  generation: Generation
  /** Changes that it has not applied yet. */
  readonly waiting: { readonly generation: Generation; readonly block: SharedArrayBuffer }[] = []

  constructor(counts: Counts, generation: Generation) {
    this.generation = generation
    this.writer = counts.open(SharedArrayBuffer)
    this.#counting = startCounting(this.events, { parts: generation.parts, block: this.writer.block })
  }

  begin(pick: number): void {
    const all = [...this.generation.facts, page]
    const call = new LiveCall({ id: 'id', route: all[pick % all.length] as RouteFacts, clock, events: this.events })
    call.emit({ type: 'call.started', request: requestOf() })
    this.calls.push({ call, isLost: false })
  }

  end(pick: number): void {
    const [ended] = this.calls.splice(pick % Math.max(1, this.calls.length), 1)
    if (ended === undefined) return
    const { call } = ended
    const late = new LiveCall({
      id: call.id,
      route: call.route,
      clock,
      events: this.events,
      startedAtMs: clock.now() - (durationsMs[pick % 3] as number),
    })
    late.emit({ type: 'call.ended', request: requestOf(), end: { status: 200, failure: undefined, bytesSent: 3 } })
  }

  /** Applies the next change. */
  change(): void {
    const next = this.waiting.shift()
    if (next === undefined) return
    this.generation = next.generation
    this.#counting.change(next.generation.parts, next.block)
    this.writer.countsInto(next.block)
  }
}

/** All counters by name. */
function counters(counts: Counts): ReadonlyMap<string, number> {
  const { routes, targets, bounds } = counts.cells
  const told = new Map<string, number>()
  for (const { key, calls, sentBytes, duration, live } of routes) {
    told.set(`${key} calls`, counts.read(calls))
    told.set(`${key} bytes`, counts.read(sentBytes))
    told.set(`${key} sum ${bounds.join()}`, counts.read(duration.sumUs))
    for (let i = 0; i <= bounds.length; i++) told.set(`${key} ${i} ${bounds.join()}`, counts.read(duration.buckets + i))
    if (live !== undefined) told.set(`${key} live`, counts.read(live.durations))
  }
  for (const { key, attempts } of targets) told.set(key, counts.read(attempts))
  // Otherwise a sum could drop by its last bit when blocks are merged in another order.
  for (const [name, value] of told) assert.ok(Number.isInteger(value), `${name} is ${value}`)
  return told
}

type Step = readonly [what: 'begin' | 'end' | 'open' | 'die' | 'reload' | 'change', pick: number]

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.tuple(
    fc.constantFrom<Step[0][]>('begin', 'begin', 'begin', 'end', 'end', 'open', 'die', 'reload', 'change', 'change'),
    fc.nat(15),
  ),
  { maxLength: 60 },
)

describe('counts of several threads', () => {
  it('never decrease, and in flight is the sum over live threads', () => {
    fc.assert(
      fc.property(steps, (all) => {
        let latest = generationOf(7)
        const counts = new Counts(latest.parts)
        const threads: Thread[] = [new Thread(counts, latest)]
        let before = counters(counts)
        for (const [what, pick] of all) {
          const thread = threads[pick % Math.max(1, threads.length)]
          if (what === 'open') threads.push(new Thread(counts, latest))
          else if (what === 'reload') {
            latest = generationOf(pick)
            counts.prepare(latest.parts).commit()
            for (const one of threads) one.waiting.push({ generation: latest, block: one.writer.block })
            const keys = new Set(counts.cells.routes.map(({ name, strategy }) => `${name} ${strategy}`))
            for (const { calls } of threads) {
              for (const one of calls) {
                const { route } = one.call
                if (route !== page && !keys.has(`${route.name} ${route.strategy}`)) one.isLost = true
              }
            }
          } else if (thread === undefined) continue
          else if (what === 'begin') {
            thread.begin(pick)
            // The thread may be on an older configuration, some of whose routes are gone already.
            const [begun] = thread.calls.slice(-1)
            if (begun !== undefined) begun.isLost = isGone(begun.call.route, thread)
          } else if (what === 'end') thread.end(pick)
          else if (what === 'change') thread.change()
          else {
            thread.writer.end()
            threads.splice(threads.indexOf(thread), 1)
          }
          const now = counters(counts)
          for (const [name, value] of before) {
            const found = now.get(name)
            if (what === 'reload' && found === undefined) continue
            assert.ok((found ?? -1) >= value, `${name} fell from ${value} to ${found} at ${what}`)
          }
          before = now
          for (const { name, strategy, inFlight } of counts.cells.routes) {
            const expected = threads
              .flatMap(({ calls }) => calls)
              .filter(({ call: { route }, isLost }) =>
                name === ownPages ? route === page : !isLost && route.name === name && route.strategy === strategy,
              )
            assert.equal(counts.read(inFlight), expected.length, `${name} in flight at ${what}`)
          }
        }
      }),
      { numRuns: 1000 },
    )
  })
})

function isGone(route: RouteFacts, { waiting }: Thread): boolean {
  if (route === page) return false
  return waiting.some(({ generation: { facts } }) =>
    facts.every(({ name, strategy }) => name !== route.name || strategy !== route.strategy),
  )
}
