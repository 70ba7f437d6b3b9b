import { z } from 'zod'
import { duration, path, shapes } from '../../kit/schema.ts'
import { formatDurationMs } from '../../kit/units.ts'
import { defaultBoundsMs } from '../counts/bounds.ts'
import { metricNames } from './catalogue.ts'

const nameForm = 'a name of letters, digits, _ and :, not beginning with a digit'
const labelForm = 'a name of letters, digits and _, not beginning with a digit or __'

/** The syntax that Prometheus allows. */
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
  name: exposedName.describe('The name of the metric.'),
  from: catalogueName.describe('The counter or gauge to sum up.'),
  where: z
    .record(z.string(), z.union([z.string(), z.array(z.string()).min(1)], { error: oneOrMore }))
    .prefault({})
    .describe(
      'The series to include: for each label of `from` the value, or a list of values, that it must have. Default: all.',
    ),
  labels: z
    .record(labelName, z.string({ error: 'the name of a label' }))
    .prefault({})
    .describe(
      'The labels of the metric: each name maps to the label of `from` that supplies its values. Series that differ in other labels only are summed; without labels there is one sum.',
    ),
  help: z.string().min(1).optional().describe('Help text. Default: a description of the view.'),
})

const ascending = (bounds: readonly number[]): boolean =>
  bounds.every((bound, index) => index === 0 || bound > (bounds[index - 1] as number))

const buckets = 'durations that ascend, such as [10ms, 100ms, 1s]'

export const metricsOptions = z
  .strictObject({
    path: path()
      .optional()
      .describe(
        'Path where clients can also read the metrics. They reveal names of routes and targets, so use it only for a front in a private network. The admin side always serves them at `/metrics`.',
      ),
    buckets: z
      .array(duration({ min: 0.1 }), { error: buckets })
      .min(1, { error: buckets })
      .max(100, { error: 'at most 100 buckets' })
      .refine(ascending, { error: buckets })
      .prefault(defaultBoundsMs.map(formatDurationMs))
      .describe('The upper bounds of duration histograms. Each adds one series per route and target.'),
    rename: z
      .partialRecord(catalogueName, exposedName)
      .prefault({})
      .describe(
        'Other names for metrics of the [catalogue](metrics.md), by original name, for dashboards that expect them.',
      ),
    views: z
      .array(view)
      .prefault([])
      .describe('Additional metrics derived from the catalogue: other labels, a subset of the series, sums.'),
  })
  .describe(
    'How and where to export metrics. Metrics are counted only if they can be read: with `admin` or `metrics.path`.',
  )

export const statusOptions = z
  .strictObject({
    path: path().prefault('/nginx_status').describe('Path where clients can read it.'),
  })
  .describe(
    "A plain page with connection counts of the front in the format of nginx's `stub_status`, for tools that read it. `Reading` counts connections whose first request is being received. Without this section there is no such page.",
  )

export type MetricsOptions = z.output<typeof metricsOptions>
export type ViewOptions = MetricsOptions['views'][number]
