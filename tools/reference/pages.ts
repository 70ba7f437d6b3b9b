import { configurationPage } from './configuration.ts'
import { failuresPage } from './failures.ts'
import { metricsPage } from './metrics.ts'

/** Pages by their path in the repository. */
export function referencePages(): ReadonlyMap<string, string> {
  return new Map([
    ['docs/reference/configuration.md', configurationPage()],
    ['docs/reference/failures.md', failuresPage()],
    ['docs/reference/metrics.md', metricsPage()],
  ])
}

/** The pages that differ from the code. */
export function stalePages(read: (file: string) => string | undefined): readonly string[] {
  return [...referencePages()].filter(([file, text]) => read(file) !== text).map(([file]) => file)
}
