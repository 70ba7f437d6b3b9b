import { outputOf } from './processes.ts'

export interface WrkLoad {
  readonly url: string
  readonly connections: number
  readonly seconds: number
  /** Cores of the load generator. */
  readonly cores: number | string
  readonly threads?: number
  /** A Lua file that makes the requests. */
  readonly script?: string
}

export interface WrkFigures {
  readonly requests: number
  readonly requestsPerSecond: number
  readonly mibPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** Broken connections, answers of 400 and above, and answers that took longer than 10 s. */
  readonly failed: number
}

/** A script that posts a form. */
export const formPost = `
wrk.method = "POST"
wrk.body = "username=bob&password=secret"
wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
`

/** Loads a server over kept connections, one request at a time on each. */
export async function runWrk(load: WrkLoad): Promise<WrkFigures> {
  const { url, connections, seconds, cores, threads = 1, script } = load
  const options = [`-t${threads}`, `-c${connections}`, `-d${seconds}s`, '--timeout', '10s', '--latency']
  if (script !== undefined) options.push('-s', script)
  return readWrk(await outputOf('taskset', ['-c', String(cores), 'wrk', ...options, url]))
}

const msPerUnit: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000, m: 60_000 }
const mibPerUnit: Readonly<Record<string, number>> = { B: 2 ** -20, KB: 2 ** -10, MB: 1, GB: 2 ** 10, TB: 2 ** 20 }

export function readWrk(output: string): WrkFigures {
  const requests = Number(/(\d+) requests in/.exec(output)?.[1])
  if (!(requests > 0)) throw new Error(`wrk got no answer:\n${output}`)
  const broken = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(output)?.slice(1) ?? []
  const refused = /Non-2xx or 3xx responses: (\d+)/.exec(output)?.[1] ?? 0
  return {
    requests,
    requestsPerSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(output)?.[1]),
    mibPerSecond: withUnit(/Transfer\/sec:\s+([\d.]+)([KMGT]?B)/.exec(output), mibPerUnit),
    p50Ms: withUnit(/\b50%\s+([\d.]+)(us|ms|s|m)\b/.exec(output), msPerUnit),
    p99Ms: withUnit(/\b99%\s+([\d.]+)(us|ms|s|m)\b/.exec(output), msPerUnit),
    failed: [...broken, refused].reduce<number>((sum, count) => sum + Number(count), 0),
  }
}

function withUnit(found: RegExpExecArray | null, units: Readonly<Record<string, number>>): number {
  return Number(found?.[1]) * (units[found?.[2] ?? ''] ?? Number.NaN)
}
