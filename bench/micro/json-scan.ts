/**
 * How long the worst 10 MiB of JSON block the event loop, and how long the whole takes: to validate them
 * (`success.json`, `all`), to find a position in them (`json:/POINTER` of callbacks and broadcast), and to compare them
 * (`quorum` with `ignore`). CPU time of this thread, so that neighbours do not count. Exit code 1 if a turn takes 50
 * ms.
 *
 *   bin/node bench/micro/json-scan.ts
 *
 * Wall times before, all in one turn: `JSON.parse` took 76 ms for `[1,1,...]`, and 7 to 10 s with the reviver that both
 * positions and comparisons used.
 */

import { callbackOptions } from '../../src/callback/options.ts'
import { inscribe } from '../../src/callback/token-placement.ts'
import { ownResponse } from '../../src/core/response.ts'
import { ok } from '../../src/core/result.ts'
import { JsonParts } from '../../src/kit/json-parts.ts'
import { scanJson } from '../../src/kit/json-scan.ts'
import { Scope } from '../../src/kit/scope.ts'
import { jsonBody } from '../../src/strategies/all/json-body.ts'
import { ballotOf } from '../../src/strategies/quorum/ballot.ts'

const bytes = 10 * 2 ** 20
const limitMs = 50

/** Each is put into an object. */
const inputs: Readonly<Record<string, string>> = {
  '[1,1,1,...]': `[${filled('1,')}1]`,
  '[[[[...]]]], 9,000 deep': `[${filled(`${'['.repeat(9000)}${']'.repeat(9000)},`)}1]`,
  '{"a":{"a":..., 9,000 deep': `[${filled(`${'{"a":'.repeat(9000)}1${'}'.repeat(9000)},`)}1]`,
  '[{"a":1},{"a":1},...]': `[${filled('{"a":1},')}1]`,
  '1,000,000 members': `{${Array.from({ length: 1_000_000 }, (_, i) => `"${i}":1`).join(',')}}`,
  '9,000 members of 1 KB, alike but for the end': `{${Array.from({ length: 9000 }, (_, i) => `"${'x'.repeat(1100)}${i}":1`).join(',')}}`,
  'a string': `"${filled('a')}"`,
  'a string of \\n': `"${filled('\\n')}"`,
  'a string of \\u0041': `"${filled('\\u0041')}"`,
  'strings of 1 KB, escaped': `[${filled(`"${'\\u00e9'.repeat(170)}",`)}1]`,
  'a number': filled('7'),
  blanks: `[${filled(' ')}]`,
  'no JSON, control characters': `\u0001${filled('\u0001')}`,
}

function filled(part: string): string {
  return part.repeat(Math.floor(bytes / part.length))
}

const options = callbackOptions.parse({ upstream: 'work', send: { url: 'json:/cb' } })
const address = inscribe(options, () => 'http://127.0.0.1:8080')
const request = {
  method: 'POST',
  path: '/',
  query: '',
  headers: [],
  params: {},
  upgrade: undefined,
} as const
const ignored = JsonParts.of(['/time', '/x/0/y'])

const jobs: Readonly<Record<string, (body: Buffer) => unknown>> = {
  validate: (body) => scanJson(body, { scope: new Scope() }, ok),
  place: (body) => address({ ...request, body }, 'token', new Scope()),
  compare: (body) => ballotOf(ownResponse(200, [], body), ignored, new Scope()),
  merge: (body) => jsonBody(body, new Scope()),
}

let worstMs = 0
console.log(
  `${'longest turn / all, ms'.padEnd(46)}${Object.keys(jobs)
    .map((name) => name.padStart(14))
    .join('')}`,
)
for (const [name, value] of Object.entries(inputs)) {
  const body = Buffer.from(`{"x":${value}}`)
  const cells: string[] = []
  for (const job of Object.values(jobs)) {
    await measured(job, body.subarray(0, 2 ** 19))
    const { longestMs, allMs } = await measured(job, body)
    worstMs = Math.max(worstMs, longestMs)
    cells.push(`${longestMs.toFixed(1)} / ${allMs.toFixed(0)}`.padStart(14))
  }
  console.log(name.padEnd(46) + cells.join(''))
}
console.log(`longest turn of all: ${worstMs.toFixed(1)} ms, allowed: ${limitMs} ms`)
process.exitCode = worstMs < limitMs ? 0 : 1

async function measured(job: (body: Buffer) => unknown, body: Buffer) {
  let longestMs = 0
  let allMs = 0
  let isOver = false
  let lastMs = threadMs()
  const look = (): void => {
    const nowMs = threadMs()
    longestMs = Math.max(longestMs, nowMs - lastMs)
    allMs += nowMs - lastMs
    lastMs = nowMs
    if (!isOver) setImmediate(look)
  }
  setImmediate(look)
  await job(body)
  isOver = true
  look()
  return { longestMs, allMs }
}

function threadMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}
