import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { formatDiagnostics } from '../../src/config/diagnostics.ts'
import { parseConfig } from '../../src/config/load.ts'
import { type MetricFacts, metricNames, metrics } from '../../src/telemetry/metrics/catalogue.ts'
import { metricsExample } from '../../tools/reference/examples.ts'
import { questions } from '../../tools/reference/metrics.ts'
import { promtool } from '../kit/prometheus.ts'

const page = readFileSync(join(import.meta.dirname, '../../docs/reference/metrics.md'), 'utf8')

describe('docs/reference/metrics.md', () => {
  it('has every metric of the catalogue with its type and labels, and no other', () => {
    const rows = [...page.matchAll(/^\| `(hedgerow_\w+)` \| (\w+) \| (.*?) \| .+ \|$/gm)].map(
      ([, name, type, labels = '']) => [name, type, [...labels.matchAll(/`(\w+)`/g)].map(([, label]) => label)],
    )
    const catalogue = metricNames.map((name) => {
      const { type, labels }: MetricFacts = metrics[name]
      return [name, type, Object.keys(labels)]
    })
    assert.deepEqual(rows, catalogue)
  })

  it('has only queries that Prometheus parses, over existing metrics', (t) => {
    const asked = questions.flatMap(([, query]) => [...query.matchAll(/hedgerow_\w+/g)].map(([name]) => name))
    const known = new Set<string>(metricNames)
    assert.deepEqual(
      asked.filter((name) => !known.has(name.replace(/_bucket$/, ''))),
      [],
    )
    const folder = mkdtempSync(join(tmpdir(), 'hedgerow-questions-'))
    t.after(() => rmSync(folder, { recursive: true }))
    const file = join(folder, 'rules.json')
    const rules = questions.map(([, expr], place) => ({ record: `question_${place}`, expr }))
    writeFileSync(file, JSON.stringify({ groups: [{ name: 'questions', rules }] }))
    const found = promtool(t, ['check', 'rules', file], '')
    if (found !== undefined) assert.equal(found.status, 0, found.told)
  })
})

it('the example of the metrics section is valid', () => {
  const result = parseConfig(metricsExample, { file: 'metrics', env: {} })
  assert.ok(result.ok, result.ok ? '' : formatDiagnostics(result.diagnostics))
})
