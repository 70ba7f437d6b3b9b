import { OptionFault } from './option-fault.ts'
import { parseTemplate, type Template } from './template.ts'

/** Where the load goes. Only the path and query are drawn: one run has one target. */
export interface Target {
  readonly isSecure: boolean
  /** A name or an address, an IPv6 one without brackets. */
  readonly host: string
  readonly port: number
  /** As the `host` field has it. */
  readonly authority: string
  /** Path and query. */
  readonly path: Template
  /** As it was given, for people. */
  readonly text: string
}

const form = 'a URL such as http://127.0.0.1:8080/api/work?timeout={500..1000}'

export function parseTarget(text: string): Target {
  // By hand up to the path: `URL` would encode the braces of the placeholders.
  const match = /^(https?:\/\/)([^/?#]+)(\/[^?#]*)?(\?[^#]*)?(?:#.*)?$/i.exec(text)
  if (match === null) throw new OptionFault(text, form)
  const [, scheme = '', authority = '', path = '/', query = ''] = match
  if (/[{}]/.test(authority)) throw new OptionFault(text, 'placeholders in the path and the query only')
  let url: URL
  try {
    url = new URL(`${scheme}${authority}`)
  } catch {
    throw new OptionFault(text, form)
  }
  if (url.username !== '' || url.password !== '') {
    throw new OptionFault(text, `${form}, without a user; give one by -H 'Authorization: ...'`)
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

/** What may not stand in a URL is encoded; what has been encoded already stays. */
function encodeForUrl(text: string): string {
  return text.replaceAll(/[^\w\-.~:/?[\]@!$&'()*+,;=%]/gu, (sign) => encodeURIComponent(sign))
}
