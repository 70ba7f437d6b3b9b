import { type Answer, compileAnswer, compileBody, contentTypeOf, notJsonAnswer } from './answer.ts'
import { drawLatencyMs, type Latency } from './latency.ts'
import type { EndpointProfile, Faults } from './profile.ts'
import type { Random } from './random.ts'
import type { Template } from './template.ts'
import { uuidFrom } from './uuid.ts'

export type Fate = keyof Faults | 'answered'

/** How to handle one request; all random choices are made when it arrives. */
export interface Plan {
  readonly latencyMs: number
  readonly fate: Fate
  readonly answer: Answer
  /** The number of pieces and their total duration; undefined: all at once. */
  readonly slow: { readonly spreadMs: number; readonly chunks: number } | undefined
  readonly uuid: string
}

export interface CallbackPlan {
  readonly defaultUrl: string
  readonly repeatEveryMs: number
  readonly body: Template
  readonly contentType: string
}

/** A prepared endpoint of a profile: weights summed, answers built. */
export class Endpoint {
  /** The answer that every request gets at once, if nothing is random. */
  readonly constantAnswer: Answer | undefined
  readonly callback: CallbackPlan | undefined
  readonly #latency: Latency
  readonly #fates: readonly Weighted<Fate>[]
  readonly #statuses: readonly Weighted<number>[]
  readonly #slowBody: EndpointProfile['slowBody']
  readonly #notJson: Answer
  readonly #answers = new Map<number, Answer>()
  readonly #drawsUuid: boolean
  readonly #profile: EndpointProfile
  readonly #name: string

  constructor(profile: EndpointProfile, name: string) {
    this.#profile = profile
    this.#name = name
    this.#latency = profile.latency
    this.#slowBody = profile.slowBody
    this.#notJson = notJsonAnswer(name)
    this.#fates = faultOrder.map((fate) => ({ value: fate, weight: profile.faults[fate] }))
    this.#statuses = Object.entries(profile.status)
      .filter(([, weight]) => weight > 0)
      .map(([status, weight]) => ({ value: Number(status), weight }))
    this.callback = compileCallback(profile, name)
    this.#drawsUuid =
      this.callback !== undefined ||
      [profile.body, profile.errorBody].some((body) => compileBody(body, { name }).uses('uuid'))
    this.constantAnswer = this.#findConstantAnswer()
  }

  /** Draws four random numbers, or eight with a UUID, in the same order for every request, so that a seed repeats. */
  plan(random: Random, skippedWith: number | undefined): Plan {
    const latencyMs = drawLatencyMs(this.#latency, random)
    const fate = pick(this.#fates, random()) ?? 'answered'
    const status = pick(this.#statuses, random() * totalOf(this.#statuses)) ?? this.#lastStatus
    const isSlow = random() < (this.#slowBody?.share ?? 0)
    const uuid = this.#drawsUuid ? uuidFrom(random) : ''
    if (skippedWith !== undefined) {
      return { latencyMs, fate: 'answered', answer: this.answerOf(skippedWith), slow: undefined, uuid }
    }
    const answer = fate === 'notJson' ? this.#notJson : this.answerOf(status)
    return { latencyMs, fate, answer, slow: isSlow ? this.#slowBody : undefined, uuid }
  }

  answerOf(status: number): Answer {
    const known = this.#answers.get(status)
    if (known !== undefined) return known
    const { body, errorBody, headers } = this.#profile
    const isGood = status >= 200 && status < 300
    const answer = compileAnswer({ status, body: isGood ? body : errorBody, headers, name: this.#name })
    this.#answers.set(status, answer)
    return answer
  }

  get #lastStatus(): number {
    return (this.#statuses.at(-1) as Weighted<number>).value
  }

  #findConstantAnswer(): Answer | undefined {
    const answer = this.answerOf(this.#lastStatus)
    const isCertain =
      this.#latency.kind === 'fixed' &&
      this.#latency.ms === 0 &&
      this.#statuses.length === 1 &&
      totalOf(this.#fates) === 0 &&
      (this.#slowBody?.share ?? 0) === 0 &&
      this.callback === undefined
    return isCertain && answer.body.constant !== undefined ? answer : undefined
  }
}

const faultOrder: readonly (keyof Faults)[] = [
  'resetBeforeHead',
  'resetMidBody',
  'hangAfterAccept',
  'hangAfterHead',
  'notJson',
]

interface Weighted<T> {
  readonly value: T
  readonly weight: number
}

/** The item whose range contains the mark when weights are laid end to end; undefined if the mark lies beyond them. */
function pick<T>(row: readonly Weighted<T>[], mark: number): T | undefined {
  let end = 0
  for (const { value, weight } of row) {
    end += weight
    if (mark < end) return value
  }
  return undefined
}

function totalOf(row: readonly Weighted<unknown>[]): number {
  return row.reduce((sum, { weight }) => sum + weight, 0)
}

function compileCallback({ callback }: EndpointProfile, name: string): CallbackPlan | undefined {
  if (callback === undefined) return undefined
  const { defaultUrl, repeatEveryMs, body } = callback
  return { defaultUrl, repeatEveryMs, body: compileBody(body, { name }), contentType: contentTypeOf(body) }
}
