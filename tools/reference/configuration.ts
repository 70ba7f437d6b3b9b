import { z } from 'zod'
import { type StrategyName, strategies, strategyNames } from '../../src/config/registry.ts'
import { configSchema } from '../../src/config/schema.ts'
import type { Schema } from '../../src/config/shape.ts'
import { attemptOptions, heldOptions } from '../../src/strategies/attempt-options.ts'
import {
  admissionExample,
  exampleOf,
  exampleUpstreams,
  metricsExample,
  telemetryExample,
  wholeExample,
} from './examples.ts'
import { code, madeFrom, page, table, yaml } from './markdown.ts'
import { descriptionOf, type Option, optionsOf, unwrapped } from './options.ts'

const { listen, admin, upstreams, routes, metrics, telemetry, ...general } = configSchema.shape
const upstream = member(upstreams)
const route = member(routes)
const routeShape = unwrapped(route) as z.ZodObject
const deadline = routeShape.shape['deadline'] as Schema
const rateLimit = routeShape.shape['rateLimit'] as Schema
const concurrency = routeShape.shape['concurrency'] as Schema
const failures = routeShape.shape['failures'] as Schema

/** Options shared by all strategies, described once. */
const ofAttempts = new Set<Schema>(Object.values(attemptOptions))
const ofHeld = new Set<Schema>(Object.values(heldOptions))
const toldOnce = new Set([...ofAttempts, ...ofHeld])

export function configurationPage(): string {
  return page([
    '# Configuration',
    madeFrom('the option schemas'),
    intro,
    '## Values',
    units,
    placeholders,
    '## Sections',
    'All sections are optional. Unknown keys are rejected everywhere.',
    optionTable([...sectionRows(), ...optionsOf(z.strictObject(general))]),
    '## listen',
    ...section(listen, 'listen: { host: 0.0.0.0, port: 80, headerSize: 32KiB }'),
    '## admin',
    ...section(admin, 'admin: { port: 9900 }'),
    '## upstreams',
    'A mapping of names to upstreams. A name consists of letters, digits, `_`, `.` and `-`; routes refer to it.',
    ...section(upstream, exampleUpstreams),
    '## routes',
    'A list. Each route has a `match`, exactly one strategy, and options of its own.',
    optionTable(optionsOf(z.strictObject(routeOptions()))),
    '### match',
    matching,
    '### deadline',
    ...section(deadline, 'deadline: { default: 2s, max: 10s, from: { query: timeout } }'),
    '`deadline: 5s` is short for `deadline: { default: 5s }`.',
    '### rateLimit, concurrency, priority',
    yaml(admissionExample),
    descriptionOf(rateLimit),
    optionTable(optionsOf(unwrapped(rateLimit))),
    descriptionOf(concurrency),
    optionTable(optionsOf(unwrapped(concurrency))),
    'Behaviour and limits: [overload](../guides/overload.md).',
    '### failures',
    ...section(
      failures,
      'failures: { DEADLINE: 503, UPSTREAM_STATUS: { status: 500, detail: Try again later }, "*": 502 }',
    ),
    'A mapping of codes to statuses, or to `{ status, detail }`. See [failures](failures.md) for the codes and their statuses.',
    '## metrics',
    ...section(metrics, metricsExample),
    views,
    '## telemetry',
    ...section(telemetry, telemetryExample),
    'See [traces and logs](../guides/traces-and-logs.md).',
    '## Strategies',
    'Each route has exactly one.',
    ...strategyNames.flatMap(strategySection),
    '## Options of every attempt',
    'Every strategy has these options; with named calls (`all`), each call has them.',
    optionTable(optionsOf(z.strictObject(attemptOptions))),
    '## Options of what is held in memory',
    'A request body is held in memory if it may have to be sent twice, an answer if it is compared, merged or judged as a whole.',
    optionTable(optionsOf(z.strictObject(heldOptions))),
  ])
}

const intro = `Hedgerow reads one file: YAML, JSON, or a module (\`.ts\`, \`.mts\`, \`.js\`, \`.mjs\`) whose default export is the configuration. \`hedgerow check FILE\` reports all errors in a file at once, each with its line and column (in a module: its path), what was found and what is allowed.

Where the package is installed, a module can take its types from it: \`import { defineConfig } from 'hedgerow'\`, then \`export default defineConfig({ ... })\`. Name it \`.mts\`, or Node warns unless the nearest \`package.json\` has \`"type": "module"\`.

For completion and validation in an editor, run \`hedgerow schema > hedgerow.schema.json\` and begin the file with:

${yaml(wholeExample)}`

const units = `${table(
  ['Shape', 'Written as', 'Units'],
  [
    [
      'duration',
      '`300ms`, `1.5s`, `2m`',
      '`ms`, `s` (seconds), `m` (minutes), `h` (hours), `d` (days); at most 24 days',
    ],
    ['size', '`512B`, `64KiB`, `1MiB`', '`B`, `KiB` (1024 bytes), `MiB`, `GiB`'],
    ['share', '`20%`, `2.5%`', 'percent'],
    ['quantile', '`p50`, `p95`, `p99.9`', 'percent of the samples at or below it'],
    ['path', '`/api/work`', 'begins with `/`, has no query'],
    ['field name', '`x-team`', 'the name of a header field; case does not matter'],
  ],
)}

A number without a unit is rejected, such as \`300\` for a duration.`

const placeholders = `**Environment variables**: \`\${NAME}\` and \`\${NAME:-default}\` are replaced in values, but not in keys, before the file is checked. The default also replaces an empty variable. A missing variable without a default is an error. Write \`$\${\` for a literal \`\${\`. An unquoted value that consists of one placeholder is parsed as YAML after the replacement, so \`port: \${PORT}\` is a number; a quoted one stays text.`

const matching = `\`GET /api/users/:id\`: methods, separated by commas, and a path. Without methods, the route serves all methods that no other route names for the same path. \`GET\` also answers \`HEAD\`. \`:name\` captures one segment; \`*\`, at the end, captures the rest of the path. A strategy's \`path\` may use captured values. A fixed segment takes precedence over a captured one, and a captured one over the rest, whatever the order of the routes. Two routes with the same method and pattern are an error.`

const views = `A view is a new metric derived from one in the catalogue: it selects the series that match \`where\` and sums them by the labels that it keeps. The example above gives failed attempts for each target under the label \`domain\`, and their sum. Unknown metrics, labels and values are errors, and so are a histogram in \`from\` and a name that another metric has.`

/** The two forms of `all`. */
const formTitles: Readonly<Partial<Record<StrategyName, readonly string[]>>> = {
  all: ['The same request several times:', 'Named calls:'],
}

function strategySection(name: StrategyName): readonly string[] {
  const { options } = strategies[name]
  const inner = unwrapped(options)
  const forms = inner instanceof z.ZodUnion ? (inner.options as readonly Schema[]) : [inner]
  return [
    `### ${name}`,
    descriptionOf(options),
    yaml(exampleOf(name)),
    ...forms.flatMap((form, index) => {
      const title = formTitles[name]?.[index]
      const parts = [optionTable(optionsOf(form, toldOnce)), further(form)]
      return title === undefined ? parts : [title].concat(parts)
    }),
  ]
}

/** The options specific to a strategy. */
function further(form: Schema): string {
  const members = Object.entries((unwrapped(form) as z.ZodObject).shape)
  const namesIn = (told: ReadonlySet<Schema>): string =>
    members
      .filter(([, schema]) => told.has(schema))
      .map(([name]) => code(name))
      .join(', ')
  const sets = [
    ['every attempt', namesIn(ofAttempts)],
    ['what is held', namesIn(ofHeld)],
  ] as const
  const links = { 'every attempt': '#options-of-every-attempt', 'what is held': '#options-of-what-is-held-in-memory' }
  const told = sets
    .filter(([, names]) => names !== '')
    .map(([title, names]) => `${names} (see [${title}](${links[title]}))`)
  return `Also: ${told.join('; ')}.`
}

function section(schema: Schema, example: string): readonly string[] {
  const inner = unwrapped(schema)
  const parts = [descriptionOf(schema), yaml(example)]
  if (inner instanceof z.ZodObject) return [...parts, optionTable(optionsOf(inner))]
  if (inner instanceof z.ZodRecord) return [...parts, optionTable(optionsOf(unionMapping(inner.valueType)))]
  return [...parts, optionTable(optionsOf(unionMapping(inner)))]
}

function unionMapping(schema: Schema): Schema {
  const inner = unwrapped(schema)
  if (!(inner instanceof z.ZodUnion)) return inner
  return (inner.options as readonly Schema[]).find((option) => unwrapped(option) instanceof z.ZodObject) ?? inner
}

function sectionRows(): readonly Option[] {
  return Object.entries({ listen, admin, upstreams, routes, metrics, telemetry }).map(([name, schema]) => ({
    name: `[${name}](#${name})`,
    shape: unwrapped(schema) instanceof z.ZodArray ? 'list' : 'mapping',
    fallback: '–',
    allowed: '',
    description: descriptionOf(schema),
  }))
}

/** Excludes the strategies and the options with their own section. */
function routeOptions(): Readonly<Record<string, Schema>> {
  const apart = new Set<string>([...strategyNames, 'deadline', 'failures', 'rateLimit', 'concurrency'])
  return Object.fromEntries(
    Object.entries(routeShape.shape as Readonly<Record<string, Schema>>).filter(([key]) => !apart.has(key)),
  )
}

function optionTable(options: readonly Option[]): string {
  const rows = options.map(({ name, shape, fallback, allowed, description }) => [
    name.startsWith('[') ? name : code(name),
    shape,
    fallback,
    allowed,
    description,
  ])
  return table(['Option', 'Shape', 'Default', 'Allowed', 'Meaning'], rows)
}

function member(schema: Schema): Schema {
  const inner = unwrapped(schema)
  if (inner instanceof z.ZodArray) return inner.element
  if (inner instanceof z.ZodRecord) return inner.valueType
  throw new Error('neither a list nor a mapping')
}
