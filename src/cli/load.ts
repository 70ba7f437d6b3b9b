import { closeSync, openSync, writeFileSync } from 'node:fs'
import { performance } from 'node:perf_hooks'
import type { Lateness } from '@hedgerow/load/lateness'
import type { LoadRun } from '@hedgerow/load/load-run'
import type { PaceOptions } from '@hedgerow/load/pace'
import { reportHtml } from '@hedgerow/load/report/report'
import type { HeaderTemplate } from '@hedgerow/load/requests'
import { type LoadAmount, type LoadDeps, type LoadSetup, loadRun } from '@hedgerow/load/setup'
import { parseStatusSet, type StatusSet } from '@hedgerow/load/status-set'
import { failed, isAborted, type Summary, summaryOf } from '@hedgerow/load/summary'
import type { Target } from '@hedgerow/load/target'
import type { Template } from '@hedgerow/load/template'
import { describePace } from '@hedgerow/load/text/describe'
import { progressLine } from '@hedgerow/load/text/progress'
import { summaryText } from '@hedgerow/load/text/table'
import { serveWebPage } from '@hedgerow/load/web/server'
import { systemClock } from '../kit/clock.ts'
import { seededRandom, systemRandom } from '../kit/random.ts'
import { exitCodes } from './exit-codes.ts'

/** Options, parsed and validated by `loadCommand`. */
interface LoadOptions {
  readonly connections?: number
  readonly rate?: number
  readonly duration?: number
  readonly count?: number
  readonly method?: string
  readonly header?: readonly HeaderTemplate[]
  readonly body?: Template
  readonly bodyFile?: Template | Buffer
  readonly success?: StatusSet
  readonly timeout?: number
  readonly late?: Lateness
  readonly goneAfter?: number | 'off'
  readonly seed?: number
  readonly insecure?: boolean
  readonly report?: string
  readonly json?: string | true
  readonly failOnError?: boolean
  readonly web?: number
}

const defaults = { users: 50, maxConnections: 4096, durationMs: 10_000, timeoutMs: 30_000, goneAfterMs: 5000 } as const
const signals: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP']

export async function load(target: Target, options: LoadOptions): Promise<void> {
  // A reader that closes its end of the pipe must not end the run.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
  const error = errorOf(options)
  if (error !== undefined) {
    console.error(`error: ${error}`)
    process.exitCode = exitCodes.badUsage
    return
  }
  const setup = setupOf(target, options)
  const random = options.seed === undefined ? systemRandom : seededRandom(options.seed)
  const deps = { clock: systemClock(), random }
  if (options.web === undefined) await runOnce(setup, options, deps)
  else await serve(setup, options, options.web, deps)
}

async function runOnce(setup: LoadSetup, options: LoadOptions, deps: LoadDeps): Promise<void> {
  const { report, json, failOnError } = options
  const amount = amountOf(options)
  const busyShare = busyMeter()
  const run = loadRun(setup, amount, deps)
  const over = run.start()
  const stopWatching = onSignal(() => run.interrupt())
  console.error(`${setup.method} ${setup.target.text}: ${describePace(amount.pace)}; press Ctrl-C to stop`)
  const stopProgress = showProgress(run)
  const end = await over
  stopProgress()
  stopWatching()
  const facts = { url: setup.target.text, method: setup.method, pace: amount.pace, end }
  const summary = summaryOf(run, { ...facts, testerBusy: busyShare() })
  write(summary, report, json)
  if (isAborted(summary) || (failOnError === true && failed(summary.counts) > 0)) {
    process.exitCode = exitCodes.runtimeError
  }
}

async function serve(setup: LoadSetup, options: LoadOptions, port: number, deps: LoadDeps): Promise<void> {
  const { duration, connections, ...rest } = options
  const pace = amountOf(options).pace
  try {
    const page = await serveWebPage(
      {
        port,
        setup,
        amount: { pace, ...(duration === undefined ? {} : { durationMs: duration }) },
        maxConnections: rest.rate === undefined ? defaults.maxConnections : (connections ?? defaults.maxConnections),
        busyShare: busyMeter(),
      },
      deps,
    )
    console.error(`the page for ${setup.target.text} is on ${page.url}; press Ctrl-C to stop`)
    await new Promise<void>((resolve) => onSignal(resolve))
    await page.close()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    console.error(`error: port ${port} on 127.0.0.1 is taken: choose another with --web`)
    process.exitCode = exitCodes.runtimeError
  }
}

function setupOf(target: Target, options: LoadOptions): LoadSetup {
  const body = options.body ?? options.bodyFile
  return {
    target,
    method: options.method ?? (body === undefined ? 'GET' : 'POST'),
    headers: options.header ?? [],
    body,
    isGood: options.success ?? parseStatusSet('2xx'),
    lateness: options.late,
    timeoutMs: options.timeout ?? defaults.timeoutMs,
    goneAfterMs: options.goneAfter === 'off' ? undefined : (options.goneAfter ?? defaults.goneAfterMs),
    isInsecure: options.insecure === true,
  }
}

function amountOf({ connections, rate, duration, count }: LoadOptions): LoadAmount {
  const pace: PaceOptions =
    rate === undefined
      ? { kind: 'closed', users: connections ?? defaults.users }
      : { kind: 'open', perSecond: rate, maxConnections: connections ?? defaults.maxConnections }
  return { pace, ...(count === undefined ? { durationMs: duration ?? defaults.durationMs } : { count }) }
}

/** Errors that no single option shows: conflicting options, and files that cannot be written. */
function errorOf({ duration, count, report, json }: LoadOptions): string | undefined {
  if (duration !== undefined && count !== undefined) return '--duration and --count cannot be combined'
  for (const [name, file] of [['--report', report] as const, ['--json', json] as const]) {
    if (typeof file !== 'string') continue
    try {
      closeSync(openSync(file, 'a'))
    } catch (error) {
      return `${name} ${file} cannot be written: ${error instanceof Error ? error.message : String(error)}`
    }
  }
  return undefined
}

function write(summary: Summary, report: string | undefined, json: string | true | undefined): void {
  const asJson = `${JSON.stringify(summary, undefined, 2)}\n`
  if (json === true) process.stdout.write(asJson)
  else process.stdout.write(`${summaryText(summary)}\n`)
  if (typeof json === 'string') writeFileSync(json, asJson)
  if (report === undefined) return
  writeFileSync(report, reportHtml(summary))
  console.error(`report written to ${report}`)
}

/** On a terminal, one line rewritten each second; otherwise a new line every 5 s. */
function showProgress(run: LoadRun): () => void {
  const isTerminal = process.stderr.isTTY
  const show = (): void => {
    const line = progressLine(run, run.recorder.takeInterval(run.nowMs))
    // Cut to the width: a wrapped line could not be overwritten.
    if (isTerminal) process.stderr.write(`\r\u001B[K${line.slice(0, process.stderr.columns - 1)}`)
    else process.stderr.write(`${line}\n`)
  }
  const timer = setInterval(show, isTerminal ? 1000 : 5000)
  return () => {
    clearInterval(timer)
    if (isTerminal) process.stderr.write('\r\u001B[K')
  }
}

/** The first signal calls `end`, the second exits immediately. Returns a function that stops listening. */
function onSignal(end: () => void): () => void {
  let isEnding = false
  const listener = (): void => {
    if (isEnding) process.exit(exitCodes.runtimeError)
    isEnding = true
    end()
  }
  for (const signal of signals) process.on(signal, listener)
  return () => {
    for (const signal of signals) process.off(signal, listener)
  }
}

/** Returns a function that reports this thread's utilisation from now on. */
function busyMeter(): () => number {
  const before = performance.eventLoopUtilization()
  return () => performance.eventLoopUtilization(before).utilization
}
