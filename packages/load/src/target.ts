import { OptionError } from './option-error.ts'
import { parseTemplate, type Template } from './template.ts'

/** The target of the load. Only path and query can have placeholders: one run has one target. */
export interface Target {
  readonly isSecure: boolean
  /** A name or an address; IPv6 without brackets. */
  readonly host: string
  readonly port: number
  /** As in the `host` header. */
  readonly authority: string
  /** Path and query. */
  readonly path: Template
  /** As given, for display. */
  readonly text: string
}

const form = 'a URL such as http://127.0.0.1:8080/api/work?timeout={500..1000}'

export function parseTarget(text: string): Target {
  // Parsed by hand up to the path: `URL` would encode the braces of the placeholders.
  const match = /^(https?:\/\/)([^/?#]+)(\/[^?#]*)?(\?[^#]*)?(?:#.*)?$/i.exec(text)
  if (match === null) throw new OptionError(text, form)
  const [, scheme = '', authority = '', path = '/', query = ''] = match
  if (/[{}]/.test(authority)) throw new OptionError(text, 'placeholders in the path and the query only')
  let url: URL
  try {
    url = new URL(`${scheme}${authority}`)
  } catch {
    throw new OptionError(text, form)
  }
  if (url.username !== '' || url.password !== '') {
    throw new OptionError(text, `${form}, without a user; set one with -H 'Authorization: ...'`)
  }
  const isSecure = url.protocol === 'https:'
  const standardPort = isSecure ? 443 : 80
  return {
    isSecure,
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? standardPort : Number(url.port),
    authority: url.host,
    path: parseTemplate(path + query, { encode: encodeForUrl }),
    text,
  }
}

/** Encodes characters that a URL must not contain; existing encodings stay. */
function encodeForUrl(text: string): string {
  return text.replaceAll(/[^\w\-.~:/?[\]@!$&'()*+,;=%]/gu, (sign) => encodeURIComponent(sign))
}
