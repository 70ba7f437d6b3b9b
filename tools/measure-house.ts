import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { dependencyRow } from './house/dependencies.ts'
import type { Row } from './house/row.ts'
import { readHouse } from './house/sources.ts'
import { staticRows } from './house/static-rows.ts'
import { traceRows } from './house/trace/trace-rows.ts'

/**
 * Measures the shape of the source against its bounds: `bin/node tools/measure-house.ts [--json] [--files]`. Exit code
 * 1 if a bound is exceeded. `--files` lists what was counted, also where it is within its bound.
 */
const root = join(import.meta.dirname, '..')
const options = new Set(process.argv.slice(2))
const house = readHouse(root)
const rows = [
  ...staticRows(house),
  dependencyRow(['package.json', 'tools/runtime/package.json'].map((file) => readFileSync(join(root, file), 'utf8'))),
  ...(await traceRows(root, house.src)),
]

function isMet({ value, bound }: Row): boolean {
  return value <= bound
}

if (options.has('--json')) {
  console.log(
    JSON.stringify(
      rows.map((one) => ({ ...one, isMet: isMet(one) })),
      undefined,
      2,
    ),
  )
} else {
  for (const one of rows) {
    const { what, value, bound, counted } = one
    console.log(
      `${what.padEnd(52)} ${String(value).padStart(5)} of ${String(bound).padEnd(5)} ${isMet(one) ? 'ok' : 'EXCEEDED'}`,
    )
    if (options.has('--files') || !isMet(one)) for (const line of counted) console.log(`    ${line}`)
  }
}
if (!rows.every(isMet)) process.exitCode = 1
