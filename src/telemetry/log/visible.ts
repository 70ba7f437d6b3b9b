/**
 * Characters that control a terminal, end a line, or change the text direction. JSON escapes only those below U+0020.
 */
const unsafe = '\\u007f-\\u009f\\u2028\\u2029\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069'
const unsafeInJson = new RegExp(`[${unsafe}]`, 'g')
const unsafeInText = new RegExp(`[\\u0000-\\u001f${unsafe}]`, 'g')
const plain = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/

/** A JSON string with all unsafe characters escaped. */
export function jsonString(text: string): string {
  // Nearly all texts are plain, and testing for that is cheaper than escaping.
  return plain.test(text) ? `"${text}"` : JSON.stringify(text).replaceAll(unsafeInJson, escaped)
}

/** For a terminal: shows `\u001b` instead of control characters. */
export function visible(text: string): string {
  return text.replaceAll(unsafeInText, escaped)
}

function escaped(sign: string): string {
  return `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`
}
