import * as z from 'zod'

/**
 * Schema parts whose messages say only what is allowed; `reasonsOf` prepends the path and the value. Objects reject
 * unknown keys: otherwise a misspelt `latncy` would be a backend that answers at once.
 */

export function numberFrom(min: number, max: number): z.ZodNumber {
  const error = `a number from ${min} to ${max}`
  // Aborted, so that rules comparing it with other numbers do not report errors as well.
  return z.number({ error }).min(min, { error, abort: true }).max(max, { error, abort: true })
}

export function wholeFrom(min: number, max: number): z.ZodInt {
  const error = `a whole number from ${min} to ${max}`
  return z.int({ error }).min(min, { error, abort: true }).max(max, { error, abort: true })
}

/** 0.2 is 20 %. */
export function share(): z.ZodNumber {
  return numberFrom(0, 1)
}

export function text(allowed: string, pattern: RegExp): z.ZodString {
  return z.string({ error: allowed }).regex(pattern, { error: allowed })
}

export function objectOf<S extends z.core.$ZodLooseShape>(shape: S): z.ZodObject<S, z.core.$strict> {
  const keys = Object.keys(shape).join(', ')
  return z.strictObject(shape, { error: () => `an object with keys among ${keys}` })
}

/** One line per error: `latency.minMs: found -5; allowed: a number from 0 to 86400000`. */
export function reasonsOf(error: z.ZodError, input: unknown): readonly string[] {
  const reasons: string[] = []
  for (const issue of error.issues) {
    for (const path of pathsOf(issue)) {
      const found = issue.code === 'invalid_key' ? String(path.at(-1)) : formatValue(valueAt(input, path))
      const allowed = issue.code === 'invalid_key' ? (issue.issues[0]?.message ?? issue.message) : issue.message
      reasons.push(`${formatPath(path)}: found ${found}; allowed: ${allowed}`)
    }
  }
  return reasons
}

type Path = readonly PropertyKey[]

function pathsOf(issue: z.core.$ZodIssue): readonly Path[] {
  return issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...issue.path, key]) : [issue.path]
}

function formatPath(path: Path): string {
  if (path.length === 0) return 'profile'
  return path
    .map((step) => (/^[A-Za-z_]\w*$/.test(String(step)) ? `.${String(step)}` : `[${JSON.stringify(step)}]`))
    .join('')
    .replace(/^\./, '')
}

function formatValue(value: unknown): string {
  const json = value === undefined ? 'nothing' : (JSON.stringify(value) ?? typeof value)
  return json.length > 80 ? `${json.slice(0, 80)}...` : json
}

function valueAt(input: unknown, path: Path): unknown {
  let value = input
  for (const step of path) {
    if (typeof value !== 'object' || value === null) return undefined
    value = Reflect.get(value, step)
  }
  return value
}
