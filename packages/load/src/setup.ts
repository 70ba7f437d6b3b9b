import type { Clock } from './clock.ts'
import { HttpSender } from './http-sender.ts'
import type { Lateness } from './lateness.ts'
import { LoadRun } from './load-run.ts'
import type { PaceOptions } from './pace.ts'
import type { Random } from './random.ts'
import { type HeaderTemplate, requestSource } from './requests.ts'
import type { StatusSet } from './status-set.ts'
import type { Target } from './target.ts'
import type { Template } from './template.ts'

/** The requests, their target, and the criteria for success: the same for every run of one command. */
export interface LoadSetup {
  readonly target: Target
  readonly method: string
  readonly headers: readonly HeaderTemplate[]
  readonly body: Template | Buffer | undefined
  readonly isGood: StatusSet
  readonly lateness: Lateness | undefined
  readonly timeoutMs: number
  readonly goneAfterMs: number | undefined
  readonly isInsecure: boolean
}

/** How much to send. With neither duration nor count the run continues until it is stopped. */
export interface LoadAmount {
  readonly pace: PaceOptions
  readonly durationMs?: number
  readonly count?: number
}

export interface LoadDeps {
  readonly clock: Clock
  readonly random: Random
}

export function loadRun(setup: LoadSetup, amount: LoadAmount, { clock, random }: LoadDeps): LoadRun {
  const sender = new HttpSender({ ...setup, clock })
  return new LoadRun({ ...setup, ...amount }, { clock, sender, requests: requestSource(setup, random) })
}
