import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { failure } from '../../src/core/failure.ts'
import { headerValue } from '../../src/core/headers.ts'
import type { Outcome } from '../../src/core/outcome.ts'
import { memoryTickets } from '../../src/store/memory-tickets.ts'
import { problemOf } from '../kit/ask.ts'
import { type Asked, type CallbackScene, callbackScene, wideTickets } from '../kit/callbacks.ts'
import { textOf } from '../kit/calls.ts'
import { settled, VirtualClock } from '../kit/virtual-clock.ts'
import { CallModel, keepMs, type Rules, rulesArbitrary, type Step, stepArbitrary } from './callback-model.ts'

/** One call as the test tracks it through lives of the gateway, by the answers of its client and its backend. */
interface Followed {
  readonly model: CallModel
  readonly asked: Asked
  readonly scene: CallbackScene
  readonly place: number
  readonly url: string
  /** The backend's callbacks, each with its body and its answer. */
  readonly posts: { readonly body: string; readonly post: Asked }[]
  readonly fetches: Asked[]
  copies: number
}

/** The client's answer, in the terms of the model. */
function told(outcome: Outcome | undefined): string | undefined {
  if (outcome === undefined) return undefined
  if (!outcome.ok) return outcome.failure.ticket === undefined ? outcome.failure.code : `ticket ${outcome.failure.code}`
  const { status } = outcome.response
  return status === 202 ? 'ticket 202' : `${status} ${textOf(outcome)}`
}

function fetched(outcome: Outcome | undefined): string | undefined {
  const text = told(outcome)
  if (outcome?.ok === true && outcome.response.status >= 400) return problemOf({ body: textOf(outcome) }).code
  return text === 'ticket 202' ? 'running' : text
}

function ticketOf({ asked }: Followed): string | undefined {
  const { outcome } = asked.answer
  if (outcome?.ok === false) return outcome.failure.ticket
  return outcome === undefined ? undefined : headerValue(outcome.response.headers, 'location')
}

function verdictOf({ events }: Asked): string | undefined {
  return events.find((event) => event.type === 'callback.received')?.verdict
}

/** Plays steps on a gateway that restarts, over a store that outlives it. */
class Play {
  readonly clock = new VirtualClock()
  readonly calls: Followed[] = []
  readonly #rules: Rules
  readonly #durable = memoryTickets(wideTickets)
  #scene: CallbackScene

  constructor(rules: Rules) {
    this.#rules = rules
    this.#scene = this.#life()
  }

  get scene(): CallbackScene {
    return this.#scene
  }

  /** Undefined if the step has nothing to act on. */
  call(step: Step): Followed | undefined {
    return 'of' in step && this.calls.length > 0 ? this.calls[step.of % this.calls.length] : undefined
  }

  send(prefer: string | undefined): Followed {
    const scene = this.#scene
    const name = `call-${this.calls.length}`
    const place = scene.upstream.seen.length
    const model = new CallModel(name, this.clock.now(), prefer, this.#rules)
    const asked = scene.send({ headers: prefer === undefined ? [] : ['prefer', prefer] })
    const url = scene.urlOf(place)
    const followed = { model, asked, scene, place, url, posts: [], fetches: [], copies: 0 }
    this.calls.push(followed)
    return followed
  }

  /** Whether the backend can still answer. */
  backendAnswers(step: Step, { scene, place, model }: Followed): boolean {
    const exchange = scene.upstream.seen[place]
    if (scene !== this.#scene || exchange === undefined || exchange.endedMs !== undefined) return false
    if (step.do === 'acknowledge') exchange.answer(202)
    else if (step.do === 'refuse') exchange.answer(400, `no to ${model.name}`)
    else exchange.fail('UPSTREAM_RESET')
    return true
  }

  post(call: Followed): { readonly body: string; readonly post: Asked } {
    const body = `${call.model.name} copy ${call.copies++}`
    const posted = { body, post: this.#scene.post(call.url, body) }
    call.posts.push(posted)
    return posted
  }

  forge(call: Followed): Asked {
    const other = call.url.endsWith('AAAA') ? 'BBBB' : 'AAAA'
    return this.#scene.post(call.url.slice(0, -4) + other, 'forged')
  }

  fetch(call: Followed): Asked | undefined {
    const ticket = ticketOf(call)
    if (ticket === undefined) return undefined
    const asked = this.#scene.fetch(ticket)
    call.fetches.push(asked)
    return asked
  }

  disconnect({ asked }: Followed): void {
    asked.call.abort(failure('CLIENT_GONE', 'gone'))
  }

  restart(): void {
    for (const call of this.calls) if (call.scene === this.#scene) this.disconnect(call)
    this.#scene.callbacks.close()
    this.#scene.kept.close()
    this.#scene = this.#life()
  }

  /** At the end each client has its answer, and no call waits any more. */
  async end(): Promise<void> {
    await this.clock.advance(10_000)
    for (const call of this.calls) this.backendAnswers({ do: 'acknowledge', of: 0 }, call)
    await this.#scene.callbacks.quiet()
    this.#scene.callbacks.close()
    this.#scene.kept.close()
    assert.equal(this.clock.pendingCount, 0, 'a timer is left')
    for (const { asked, scene } of this.calls) {
      assert.equal(scene.callbacks.waiters.count, 0)
      assert.equal(asked.events.filter(({ type }) => type === 'waiter.ended').length, 1, 'a waiter ends once')
      assert.deepEqual(scene.faults, [])
    }
  }

  #life(): CallbackScene {
    const { durable, fetchOnce } = this.#rules
    const shared = { keepMs, fetchOnce, durable: this.#durable }
    return callbackScene({ clock: this.clock, route: { durable }, shared })
  }
}

/** Runs each step to completion before the next one; the outcome must match the model. */
async function followModel(steps: readonly Step[], rules: Rules): Promise<void> {
  const play = new Play(rules)
  const { clock } = play
  for (const step of steps) {
    const call = play.call(step)
    if (step.do === 'send') play.send(step.prefer)
    else if (step.do === 'pass') await clock.advance(step.ms)
    else if (step.do === 'restart') {
      play.restart()
      for (const { model } of play.calls) model.restart()
    } else if (call !== undefined) await act(play, step, call)
    await settled()
    for (const { model, asked } of play.calls) {
      model.timeIs(clock.now())
      assert.equal(told(asked.answer.outcome), model.client)
    }
  }
  await play.end()
}

async function act(play: Play, step: Step, call: Followed): Promise<void> {
  const { model } = call
  const nowMs = play.clock.now()
  if (step.do === 'post') {
    const { body, post } = play.post(call)
    const expected = model.post(body, nowMs)
    await settled()
    assert.equal(verdictOf(post), expected)
  } else if (step.do === 'forge') {
    const post = play.forge(call)
    await settled()
    assert.equal(verdictOf(post), 'forged')
  } else if (step.do === 'fetch') {
    const asked = play.fetch(call)
    await settled()
    assert.equal(asked !== undefined, model.hasTicket)
    if (asked !== undefined) assert.equal(fetched(asked.answer.outcome), model.fetch(nowMs))
  } else if (step.do === 'disconnect') {
    play.disconnect(call)
    model.disconnect()
  } else if (play.backendAnswers(step, call) && step.do !== 'acknowledge') {
    model.backendFails(step.do === 'refuse' ? 'UPSTREAM_STATUS' : 'UPSTREAM_RESET', nowMs)
  }
}

/** Does not wait between steps. The order is unpredictable, so this checks invariants only. */
async function jumble(steps: readonly Step[], rules: Rules): Promise<void> {
  const play = new Play(rules)
  for (const step of steps) {
    const call = play.call(step)
    if (step.do === 'send') play.send(step.prefer)
    else if (step.do === 'pass') await play.clock.advance(step.ms)
    else if (step.do === 'restart') play.restart()
    else if (call === undefined) continue
    else if (step.do === 'post') play.post(call)
    else if (step.do === 'forge') play.forge(call)
    else if (step.do === 'fetch') play.fetch(call)
    else if (step.do === 'disconnect') play.disconnect(call)
    else play.backendAnswers(step, call)
  }
  await play.end()
  for (const call of play.calls) assertOwn(call, rules)
}

function assertOwn({ model, asked, posts, fetches }: Followed, rules: Rules): void {
  const client = told(asked.answer.outcome)
  const verdicts = posts.map(({ post }) => verdictOf(post))
  const answering = posts.filter(({ post }) => verdictOf(post) === 'answered')
  assert.ok(client !== undefined, 'every client is answered')
  assert.ok(!verdicts.includes('forged'))
  assert.deepEqual(
    answering.map(({ body }) => `200 ${body}`),
    client.startsWith('200') ? [client] : [],
    'exactly the callback that was told so answered the client',
  )
  const kept = posts.filter(({ post }) => verdictOf(post) === 'kept').map(({ body }) => `200 ${body}`)
  if (rules.durable) assert.ok(kept.length <= 1, 'one result is kept')
  const seen = fetches.map(({ answer }) => fetched(answer.outcome))
  for (const one of seen) {
    assert.ok(!one?.startsWith('200') || kept.includes(one), `${model.name} has its own result`)
  }
  if (rules.fetchOnce) assert.ok(seen.filter((one) => one?.startsWith('200')).length <= Math.max(1, kept.length))
}

const steps = fc.array(stepArbitrary, { minLength: 1, maxLength: 60, size: 'max' })

describe('calls that wait for callbacks, for any steps in any order', () => {
  it('end as the model predicts, each client answered once and with its own result', {
    timeout: 60_000,
  }, async () => {
    await fc.assert(fc.asyncProperty(steps, rulesArbitrary, followModel), { numRuns: 500 })
  })

  it('are never mixed up when all steps run at once', { timeout: 60_000 }, async () => {
    await fc.assert(fc.asyncProperty(steps, rulesArbitrary, jumble), { numRuns: 500 })
  })
})
