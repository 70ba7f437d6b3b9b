/**
 * The cost of a line of the access log, and the savings over pino's own way of making JSON:
 *
 *   bin/node bench/micro/access-log.ts
 */
import { pino } from 'pino'
import { systemClock } from '../../src/kit/clock.ts'
import { EventBus } from '../../src/kit/event-bus.ts'
import { LiveCall } from '../../src/kit/live-call.ts'
import { accessLine } from '../../src/telemetry/access-log/access-line.ts'
import { isoTime } from '../../src/telemetry/access-log/iso-time.ts'
import { LogWriter } from '../../src/telemetry/log/log-writer.ts'
import { openLogger } from '../../src/telemetry/log/logger.ts'
import { Redaction } from '../../src/telemetry/redact.ts'
import { requestOf, targetOf } from '../../test/kit/calls.ts'

const clock = systemClock()
const route = { name: 'GET /api/smart', strategy: 'hedge', idleTimeoutMs: 0 }
const request = requestOf({
  query: 'timeout=1000&user=bob',
  headers: ['accept', '*/*', 'user-agent', 'curl/8.0', 'x-request-id', 'abc', 'x-forwarded-for', '127.0.0.1'],
})
const end = { status: 200, failure: undefined, bytesSent: 312 }
const options = {
  redaction: new Redaction({ headers: [], query: ['token', 'password', 'secret'] }),
  headers: [],
  clientOf: () => '127.0.0.1',
  time: isoTime(clock),
}

function callWith(attempts: number): LiveCall {
  const call = new LiveCall({ id: '75a988ae-6fa9-4f6b-8c80-050870e84cd1', route, clock, events: new EventBus() })
  for (let i = 0; i < attempts; i++) {
    const attempt = call.begin(targetOf(`server${i + 1}`))
    Object.assign(attempt, { endedMs: 312.4, outcome: i === 0 ? 'success' : 'cancelled', won: i === 0 })
  }
  return call
}

const runs = 400_000

function measure(what: string, once: () => void): void {
  for (let i = 0; i < runs / 4; i++) once()
  const before = process.cpuUsage()
  for (let i = 0; i < runs; i++) once()
  const { user, system } = process.cpuUsage(before)
  console.log(`${what.padEnd(44)} ${Math.round(((user + system) * 1000) / runs)} ns`)
}

const nowhere = { write: () => {} }
const logger = openLogger('info', nowhere)
const redacting = pino({ base: null, redact: ['headers.authorization', 'headers.cookie'] }, nowhere)

for (const count of [1, 3]) {
  const call = callWith(count)
  const line = (): string => accessLine('info', request, call, end, options)
  // Without pino's own fields.
  const facts = { ...(JSON.parse(line()) as object), level: undefined, time: undefined, msg: undefined }
  measure(`${count} attempt(s): by hand`, line)
  measure(`${count} attempt(s): pino, the object given`, () => logger.info(facts, 'call'))
  measure(`${count} attempt(s): pino with its redaction`, () => redacting.info(facts, 'call'))
}

const writer = new LogWriter({ to: '/dev/null', clock, onTrouble: console.log })
const call = callWith(1)
for (let round = 0; round < 3; round++) {
  const before = process.cpuUsage()
  for (let i = 0; i < runs; i++) {
    writer.write(accessLine('info', request, call, end, options))
    // Yield as a gateway does between calls, so that writes finish.
    if (i % 100 === 99) await new Promise((resolve) => setImmediate(resolve))
  }
  const { user, system } = process.cpuUsage(before)
  console.log(`made, gathered and written to /dev/null         ${Math.round(((user + system) * 1000) / runs)} ns`)
}
console.log(`dropped: ${writer.dropped}`)
await writer.close()
