/**
 * In `{ port: ${PORT} }` the braces of the placeholder would end YAML's mapping. So these braces, and other characters
 * special in YAML's flow style, are replaced by stand-ins while YAML is read; one for one, so that positions stay
 * right.
 */
export interface Mask {
  readonly text: string
  readonly unmask: (text: string) => string
}

const placeholder = /\$\{[^{}\n"'\\]*\}/g
const special = '{}[],'
const firstStandIn = 0xe000
const standIns = /[\ue000-\ue004]/g

export function masked(text: string): Mask {
  // The stand-ins are from Unicode's private use area. A file that contains them cannot use placeholders in `{ }`.
  if (!text.includes('${') || text.search(standIns) >= 0) return { text, unmask: (same) => same }
  return {
    text: text.replaceAll(placeholder, (found) =>
      found.replaceAll(/[{}[\],]/g, (character) => String.fromCharCode(firstStandIn + special.indexOf(character))),
    ),
    unmask: (hidden) =>
      hidden.replaceAll(standIns, (standIn) => special[standIn.charCodeAt(0) - firstStandIn] as string),
  }
}
