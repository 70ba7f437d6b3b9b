import { isUtf8 } from 'node:buffer'
import { readFileSync } from 'node:fs'
import { parseDurationMs } from '@hedgerow/load/duration'
import { parseLateness } from '@hedgerow/load/lateness'
import { OptionFault } from '@hedgerow/load/option-fault'
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
      'Load a server and report how fast it answers and which requests fail. Placeholders get a new value for each request: {500..1000}, {a|b|c}, {uuid}, {n}.',
    )
    .argument('<url>', 'where to send requests; its path and query may have drawn values', taking(parseTarget))
    .addOption(
      new Option(
        '-c, --connections <n>',
        'users, each of whom waits for its answer (50); with --rate, at most so many requests at a time (4096)',
      ).argParser(wholeNumber(1, 20_000)),
    )
    .option(
      '-r, --rate <n>',
      'requests a second, whatever becomes of those before (open loop)',
      number(0.01, 1_000_000),
    )
    .option('-d, --duration <time>', 'how long (10s)', duration(1))
    .option('-n, --count <n>', 'how many requests, instead of how long', wholeNumber(1, 1e12))
    .option('-X, --method <method>', 'GET, or POST if there is a body', method)
    .option('-H, --header <line>', "a header, 'Name: value'; may be repeated", headers)
    .addOption(new Option('-b, --body <text>', 'the body').argParser(taking(bodyTemplate)).conflicts('bodyFile'))
    .option('--body-file <file>', 'a file with the body', bodyFile)
    .option('--success <statuses>', 'which statuses count as good: 200-299,503 (2xx)', taking(parseStatusSet))
    .option('--timeout <time>', 'how long to wait for each answer (30s)', duration(1))
    .option(
      '--late <limit>',
      'what counts as late: 1s, or query:timeout+25ms for what the request itself asks for',
      taking(parseLateness),
    )
    .option('--gone-after <time>', 'give up if no connection comes about for so long (5s), or off', goneAfter)
    .option('--seed <n>', 'draw the same values again', wholeNumber(0, 2 ** 31))
    .option('--insecure', "do not check the target's certificate")
    .option('--report <file>', 'write an HTML report with charts')
    .option(
      '--json [file]',
      'write the figures as JSON, to the standard output if no file is given or it is -',
      jsonFile,
    )
    .option('--fail-on-error', 'exit code 1 if anything failed, timed out or was late')
    .addOption(
      new Option(
        '--web <port>',
        'serve a page on which to start, stop and watch (127.0.0.1 only); 0 takes any free port',
      )
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

Exit code: 0 done, 1 broken off (Ctrl-C, target gone, nothing answered) or, with --fail-on-error, not all completed, 2 bad usage.
`

/** Commander names the option and the value; the message adds the allowed values. */
function taking<T>(parse: (text: string) => T): (text: string) => T {
  return (text) => {
    try {
      return parse(text)
    } catch (fault) {
      if (fault instanceof OptionFault) throw new InvalidArgumentError(fault.message)
      throw fault
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
  if (/^https?:/i.test(text))
    throw new InvalidArgumentError('Allowed: a file, or - for the standard output; or put --json last.')
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
  } catch (fault) {
    throw new InvalidArgumentError(
      `It cannot be read (${fault instanceof Error ? fault.message : String(fault)}). Allowed: a file.`,
    )
  }
  return isUtf8(bytes) ? taking(bodyTemplate)(bytes.toString()) : bytes
}
