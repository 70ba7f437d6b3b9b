import { configRows } from './config-readers.ts'
import { gaugeRow } from './gauge.ts'
import { cycleRow, importsOf, roomRows, upwardRow } from './import-graph.ts'
import type { Row } from './row.ts'
import { runtimeRows } from './runtime-fields.ts'
import type { House } from './sources.ts'
import { typeEscapeRows } from './type-escapes.ts'

/** The rows that can be read off the source. */
export function staticRows({ src, packages, web }: House): readonly Row[] {
  const imports = importsOf([...src, ...packages])
  return [
    ...roomRows('src/gateway', src, imports),
    gaugeRow([...src, ...web]),
    ...configRows(src, imports),
    cycleRow(imports),
    upwardRow(imports),
    ...runtimeRows(src),
    ...typeEscapeRows([...src, ...packages]),
  ]
}
