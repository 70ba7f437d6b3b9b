import { isUtf8 } from 'node:buffer'
import { readFileSync } from 'node:fs'
import { parseDurationMs } from '@hedgerow/load/duration'
import { parseLateness } from '@hedgerow/load/lateness'
import { OptionError } from '@hedgerow/load/option-error'
import { type HeaderTemplate, parseHeader } from '@hedgerow/load/requests'
import { parseStatusSet } from '@hedgerow/load/status-set'
import { parseTarget } from '@hedgerow/load/target'
import { parseTemplate, type Template } from '@hedgerow/load/template'
import { Command, InvalidArgumentError, Option } from 'commander'
import { load } from './load.ts'

/** `hedgerow load` with its options. Values are validated here, so that an error names the option. */
export function loadCommand(): Command {
  return new Command('load')
    .description(
      'Send load to a server; report latencies and failures. Placeholders get a new value for each request: {500..1000}, {a|b|c}, {uuid}, {n}.',
    )
    .argument('<url>', 'URL to send requests to; its path and query may contain placeholders', taking(parseTarget))
    .addOption(
      new Option(
        '-c, --connections <n>',
        'concurrent users, each waiting for its answer (default: 50); with --rate: maximum concurrent requests (default: 4096)',
      ).argParser(wholeNumber(1, 20_000)),
    )
    .option('-r, --rate <n>', 'requests per second, regardless of earlier answers (open loop)', number(0.01, 1_000_000))
    .option('-d, --duration <time>', 'duration of the run (default: 10s)', duration(1))
    .option('-n, --count <n>', 'number of requests, instead of --duration', wholeNumber(1, 1e12))
    .option('-X, --method <method>', 'request method (default: GET, or POST with a body)', method)
    .option('-H, --header <line>', "header field, 'Name: value'; may be repeated", headers)
    .addOption(
      new Option('-b, --body <text>', 'request body; may contain placeholders')
        .argParser(taking(bodyTemplate))
        .conflicts('bodyFile'),
    )
    .option('--body-file <file>', 'file with the request body', bodyFile)
    .option(
      '--success <statuses>',
      'statuses that count as success, such as 200-299,503 (default: 2xx)',
      taking(parseStatusSet),
    )
    .option('--timeout <time>', 'time limit for each answer (default: 30s)', duration(1))
    .option(
      '--late <limit>',
      'count answers as late after this time: 1s, or query:timeout+25ms to take it from the query of the request',
      taking(parseLateness),
    )
    .option(
      '--gone-after <time>',
      'abort if no connection can be opened for this long, or off (default: 5s)',
      goneAfter,
    )
    .option('--seed <n>', 'seed of the placeholder values, to repeat a run (default: random)', wholeNumber(0, 2 ** 31))
    .option('--insecure', "do not verify the target's certificate")
    .option('--report <file>', 'write an HTML report with charts to this file')
    .option('--json [file]', 'write the figures as JSON to this file (default, or -: stdout)', jsonFile)
    .option('--fail-on-error', 'exit with code 1 if any request failed, timed out or was late')
    .addOption(
      new Option('--web <port>', 'serve a page to start, stop and watch runs, on 127.0.0.1 only; 0: any free port')
        .argParser(wholeNumber(0, 65_535))
        .conflicts(['count', 'report', 'json', 'failOnError']),
    )
    .addHelpText('after', examples)
    .action(load)
}

const examples = `
Examples:
  hedgerow load -c 50 --duration 30s http://127.0.0.1:8080/api/work
  hedgerow load --rate 2000 --report report.html http://127.0.0.1:8080/api/work
  hedgerow load -c 100 --success 200,503 --late query:timeout+25ms 'http://127.0.0.1:8080/api/smart?timeout={500..1000}'
  hedgerow load -c 40 --count 400 --fail-on-error http://127.0.0.1:8080/api/all
  hedgerow load --rate 50 -b 'username={uuid}&password=x' -H 'Content-Type: application/x-www-form-urlencoded' http://127.0.0.1:8080/register
  hedgerow load --web 8089 http://127.0.0.1:8080/api/work

Exit code: 0 completed; 1 aborted (Ctrl-C, target gone, no answers) or, with --fail-on-error, not all requests completed; 2 bad usage.
`

/** Commander names the option and the value; the message adds the allowed values. */
function taking<T>(parse: (text: string) => T): (text: string) => T {
  return (text) => {
    try {
      return parse(text)
    } catch (error) {
      if (error instanceof OptionError) throw new InvalidArgumentError(error.message)
      throw error
    }
  }
}

function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
    if (!(value >= min && value <= max))
      throw new InvalidArgumentError(`Allowed: a whole number from ${min} to ${max}.`)
    return value
  }
}

function number(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,15}(\.\d+)?$/.test(text) ? Number(text) : Number.NaN
    if (!(value >= min && value <= max)) throw new InvalidArgumentError(`Allowed: a number from ${min} to ${max}.`)
    return value
  }
}

function duration(minMs: number): (text: string) => number {
  return (text) => {
    const ms = parseDurationMs(text)
    if (ms === undefined || ms < minMs || ms > longestMs) {
      throw new InvalidArgumentError('Allowed: a duration such as 500ms, 10s or 2m, from 1ms to 24d.')
    }
    return ms
  }
}

/** Node's timers take at most 2^31 - 1 ms, 24.8 days. */
const longestMs = 24 * 86_400_000

function goneAfter(text: string): number | 'off' {
  if (text === 'off') return text
  const ms = parseDurationMs(text)
  if (ms === undefined) throw new InvalidArgumentError('Allowed: a duration such as 5s, or off.')
  return ms
}

/** A URL after a bare `--json` would be parsed as its file. */
function jsonFile(text: string): string | true {
  if (/^https?:/i.test(text)) throw new InvalidArgumentError('Allowed: a file, or - for stdout; or put --json last.')
  return text === '-' ? true : text
}

function method(text: string): string {
  if (!/^[A-Za-z]{1,20}$/.test(text) || /^connect$/i.test(text)) {
    throw new InvalidArgumentError('Allowed: a method such as GET, POST or DELETE; not CONNECT.')
  }
  return text.toUpperCase()
}

function headers(text: string, before: readonly HeaderTemplate[] = []): readonly HeaderTemplate[] {
  return [...before, taking(parseHeader)(text)]
}

function bodyTemplate(text: string): Template {
  return parseTemplate(text, { keepsOtherBraces: true })
}

/** A file that is not UTF-8 text is sent byte for byte. */
function bodyFile(file: string): Template | Buffer {
  let bytes: Buffer
  try {
    bytes = readFileSync(file)
  } catch (error) {
    throw new InvalidArgumentError(
      `It cannot be read (${error instanceof Error ? error.message : String(error)}). Allowed: a file.`,
    )
  }
  return isUtf8(bytes) ? taking(bodyTemplate)(bytes.toString()) : bytes
}
