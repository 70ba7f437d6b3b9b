import { type EndpointInput, type Profile, type ProfileInput, parseProfile } from './profile.ts'

type Patched<T> = { readonly [K in keyof T]?: T[K] | null }

/** Changes to a profile; `null` resets an option to its default, or removes an endpoint. */
export type ProfilePatch = Patched<Omit<ProfileInput, 'endpoints'>> & {
  readonly endpoints?: Readonly<Record<string, Patched<EndpointInput> | null>>
}

/**
 * A JSON merge patch (RFC 7396) down to the level of options. Each option is replaced as a whole: merged, `uniform`
 * numbers would remain in a `fixed` latency, and old faults would stay active beside the requested ones.
 */
export function patchProfile(profile: Profile, patch: unknown): Profile {
  if (!isObject(patch)) return parseProfile(patch)
  const { endpoints: changes, ...rest } = patch
  const next = merged(profile, rest)
  if (changes === undefined) return parseProfile(next)
  return parseProfile({ ...next, endpoints: isObject(changes) ? patchedEndpoints(profile, changes) : changes })
}

function patchedEndpoints(profile: Profile, changes: Readonly<Record<string, unknown>>): object {
  const endpoints: [string, unknown][] = Object.entries(changes).map(([key, change]) => [
    key,
    isObject(change) ? merged(profile.endpoints[key] ?? {}, change) : change,
  ])
  return merged(profile.endpoints, Object.fromEntries(endpoints))
}

function merged(target: object, patch: object): object {
  const entries = new Map<string, unknown>(Object.entries(target))
  for (const [key, change] of Object.entries(patch)) {
    if (change === null) entries.delete(key)
    else if (change !== undefined) entries.set(key, change)
  }
  return Object.fromEntries(entries)
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
