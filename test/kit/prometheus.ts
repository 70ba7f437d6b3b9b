import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import type { TestContext } from 'node:test'

type Labels = Readonly<Record<string, string>>

interface Sample {
  readonly name: string
  readonly labels: Labels
  readonly value: number
}

/** Metrics parsed from the text format. */
export class Scrape {
  readonly samples: readonly Sample[]
  readonly types: ReadonlyMap<string, string>

  constructor(text: string) {
    const lines = text.split('\n').filter((line) => line !== '')
    this.samples = lines.filter((line) => !line.startsWith('#')).map(sampleOf)
    this.types = new Map(
      lines.flatMap((line) => {
        const [, name, type] = /^# TYPE (\S+) (\S+)$/.exec(line) ?? []
        return name === undefined || type === undefined ? [] : [[name, type] as const]
      }),
    )
  }

  /** All series with these labels. */
  series(name: string, labels: Labels = {}): readonly Sample[] {
    return this.samples.filter(
      (sample) => sample.name === name && Object.entries(labels).every(([key, value]) => sample.labels[key] === value),
    )
  }

  /** Sum of the matching series; fails the test if there are none. */
  sum(name: string, labels: Labels = {}): number {
    const found = this.series(name, labels)
    assert.ok(found.length > 0, `there is no ${name} with ${JSON.stringify(labels)}`)
    return found.reduce((sum, { value }) => sum + value, 0)
  }
}

function sampleOf(line: string): Sample {
  const [, name = '', inner = '', value] =
    /^([\w:]+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? assert.fail(`no sample: ${line}`)
  const labels = [...inner.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, key, text]) => [key, text])
  return { name, labels: Object.fromEntries(labels) as Labels, value: Number(value === '+Inf' ? 'Infinity' : value) }
}

/**
 * Runs `promtool` on a text. Without `promtool` the test is skipped with a message; on the build machine it
 * fails.
 */
export function promtool(
  t: TestContext,
  args: readonly string[],
  input: string,
): { status: number; told: string } | undefined {
  const { error, status, stdout, stderr } = spawnSync('promtool', args, { input, encoding: 'utf8' })
  if (error === undefined) return { status: status ?? -1, told: stdout + stderr }
  const what = 'promtool is not installed (Debian package prometheus): the metrics were not checked by it'
  assert.notEqual(process.env['CI'], 'true', what)
  t.skip(what)
  console.error(what)
  return undefined
}
