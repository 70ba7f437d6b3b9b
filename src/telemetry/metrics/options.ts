import { z } from 'zod'
import { duration, path, shapes } from '../../kit/schema.ts'
import { formatDurationMs } from '../../kit/units.ts'
import { defaultBoundsMs } from '../counts/bounds.ts'
import { metricNames } from './catalogue.ts'

const nameForm = 'a name of letters, digits, _ and :, not beginning with a digit'
const labelForm = 'a name of letters, digits and _, not beginning with a digit or __'

/** As Prometheus takes them. */
const exposedName = z
  .string({ error: nameForm })
  .regex(/^[A-Za-z_:][\w:]*$/, { error: nameForm })
  .register(shapes, { shape: 'metric name', range: 'letters, digits, `_`, `:`' })

const labelName = z.string({ error: labelForm }).regex(/^(?!__)[A-Za-z_]\w*$/, { error: labelForm })

const catalogueName = z.enum(metricNames, { error: 'the name of a metric' }).register(shapes, {
  shape: 'metric of the [catalogue](metrics.md)',
})

const oneOrMore = 'a value of the label, or a list of them'

const view = z.strictObject({
  name: exposedName.describe('What it is called.'),
  from: catalogueName.describe('The counter or gauge whose values are added up.'),
  where: z
    .record(z.string(), z.union([z.string(), z.array(z.string()).min(1)], { error: oneOrMore }))
    .prefault({})
    .describe(
      'Which series count: by label of `from` the value, or a list of values, that it must have. Default: all.',
    ),
  labels: z
    .record(labelName, z.string({ error: 'the name of a label' }))
    .prefault({})
    .describe(
      'The labels that it has: by name the label of `from` whose values it takes. What differs in other labels is added up; without any there is one sum.',
    ),
  help: z.string().min(1).optional().describe('Default: how it is made.'),
})

const ascending = (bounds: readonly number[]): boolean =>
  bounds.every((bound, place) => place === 0 || bound > (bounds[place - 1] as number))

const buckets = 'durations that ascend, such as [10ms, 100ms, 1s]'

export const metricsOptions = z
  .strictObject({
    path: path()
      .optional()
      .describe(
        "Where clients can read the metrics as well. They tell names of routes and targets: for a front that only one's own network reaches. The admin side always has them, at `/metrics`.",
      ),
    buckets: z
      .array(duration({ min: 0.1 }), { error: buckets })
      .min(1, { error: buckets })
      .max(100, { error: 'at most 100 buckets' })
      .refine(ascending, { error: buckets })
      .prefault(defaultBoundsMs.map(formatDurationMs))
      .describe('The upper bounds of the histograms of durations. Each is a series for each route and target.'),
    rename: z
      .partialRecord(catalogueName, exposedName)
      .prefault({})
      .describe(
        'Other names for metrics of the [catalogue](metrics.md), by their own, for dashboards that expect them.',
      ),
    views: z
      .array(view)
      .prefault([])
      .describe('Further metrics, made from those of the catalogue: other labels, a part of the series, sums.'),
  })
  .describe(
    'How the metrics are shown, and where. They are counted where somebody can read them: with `admin` or `metrics.path`.',
  )

export const statusOptions = z
  .strictObject({
    path: path().prefault('/nginx_status').describe('Where clients can read it.'),
  })
  .describe(
    "A plain page of the front's connections in the form of nginx's `stub_status`, for what reads that. `Reading` are connections whose first request is on its way in. Without this section there is none.",
  )

export type MetricsOptions = z.output<typeof metricsOptions>
export type ViewOptions = MetricsOptions['views'][number]
