import { type Answer, compileAnswer } from './answer.ts'
import { Endpoint } from './endpoint.ts'
import type { Profile } from './profile.ts'

type Methods = ReadonlyMap<string, Endpoint>

/** Finds the endpoint of a request, or the answer that says that there is none. */
export class Routes {
  readonly #exact = new Map<string, Map<string, Endpoint>>()
  /** Paths that end in `*`, the longest first. */
  readonly #prefixes: readonly (readonly [string, Methods])[]
  readonly #refusals = new Map<Methods, Answer>()
  readonly #notFound: Answer

  constructor(profile: Profile, name: string) {
    const prefixes = new Map<string, Map<string, Endpoint>>()
    for (const [key, endpoint] of Object.entries(profile.endpoints)) {
      const [method = '', path = ''] = key.split(' ')
      const isPrefix = path.endsWith('*')
      const table = isPrefix ? prefixes : this.#exact
      const place = isPrefix ? path.slice(0, -1) : path
      const methods = table.get(place) ?? new Map<string, Endpoint>()
      table.set(place, methods.set(method, new Endpoint(endpoint, name)))
    }
    this.#prefixes = [...prefixes].sort(([a], [b]) => b.length - a.length)
    this.#notFound = compileAnswer({ status: 404, body: { text: 'Not found' }, name })
    for (const methods of [...this.#exact.values(), ...prefixes.values()]) {
      const headers = { allow: [...methods.keys()].join(', ') }
      this.#refusals.set(methods, compileAnswer({ status: 405, body: { text: 'Method not allowed' }, headers, name }))
    }
  }

  find(method: string, path: string): Endpoint | Answer {
    const methods = this.#exact.get(path) ?? this.#prefixes.find(([prefix]) => path.startsWith(prefix))?.[1]
    if (methods === undefined) return this.#notFound
    return methods.get(method) ?? (this.#refusals.get(methods) as Answer)
  }
}
