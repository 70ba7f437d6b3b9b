import { type Row, row } from './row.ts'

interface PackageFile {
  readonly dependencies?: Readonly<Record<string, string>>
}

/** Libraries that run with the gateway, from the texts of the `package.json` files that list them. */
export function dependencyRow(packageTexts: readonly string[]): Row {
  const names = packageTexts.flatMap((text) => Object.keys((JSON.parse(text) as PackageFile).dependencies ?? {}))
  return row('runtime dependencies', [...new Set(names)].toSorted(), 10)
}
