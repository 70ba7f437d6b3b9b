import { Store } from './store.ts'

/** The dashboard's current page: `#/calls/<id>`, `#/calls?which=slow`. */
export interface Place {
  readonly page: string
  readonly id: string | undefined
  readonly query: URLSearchParams
}

export function placeOf(hash: string): Place {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?', 2)
  const [page = '', id] = path.split('/')
  return { page, id: id === undefined || id === '' ? undefined : decoded(id), query: new URLSearchParams(query) }
}

/** The URL of a page; undefined and empty values are left out. */
export function hrefOf(page: string, query: Readonly<Record<string, string | undefined>> = {}, id?: string): string {
  const pairs = Object.entries(query).filter(
    (pair): pair is [string, string] => pair[1] !== undefined && pair[1] !== '',
  )
  const search = new URLSearchParams(pairs).toString()
  return `#/${page}${id === undefined ? '' : `/${encodeURIComponent(id)}`}${search === '' ? '' : `?${search}`}`
}

export const place = new Store<Place>(placeOf(''))

export function followLocation(): void {
  const follow = (): void => place.set(placeOf(location.hash))
  addEventListener('hashchange', follow)
  follow()
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
