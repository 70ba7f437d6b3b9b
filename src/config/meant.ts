import { z } from 'zod'
import type { Path } from '../kit/json-pointer.ts'
import { branchOf, declaredAt, type Schema, valueAt } from './shape.ts'

export type Issue = z.core.$ZodIssue

/**
 * The issues as if each union had only the form that was evidently meant. A union's own issue reports those of all its
 * forms.
 */
export function meantIssues(issues: readonly Issue[], schema: Schema, value: unknown): readonly Issue[] {
  return issues.flatMap((issue) => {
    if (issue.code !== 'invalid_union') return [issue]
    const path = pathOf(issue.path)
    const at = valueAt(value, path)
    const union = declaredAt(schema, path, value)
    const branch = union instanceof z.ZodUnion ? branchOf(union, at) : undefined
    const errors = branch === undefined ? undefined : issue.errors[branch]
    if (!(union instanceof z.ZodUnion) || branch === undefined || errors === undefined) return [issue]
    const inner = meantIssues(errors, union.options[branch] as Schema, at)
    return inner.map((one) => below(issue, one))
  })
}

export function pathOf(path: readonly PropertyKey[]): Path {
  return path.map((step) => (typeof step === 'number' ? step : String(step)))
}

function below(outer: Issue, inner: Issue): Issue {
  return { ...inner, path: [...outer.path, ...inner.path] }
}
