/** What a terminal acts on, a line ends at, or text changes its direction by. JSON escapes only what is below U+0020. */
const unsafe = '\\u007f-\\u009f\\u2028\\u2029\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069'
const unsafeInJson = new RegExp(`[${unsafe}]`, 'g')
const unsafeInText = new RegExp(`[\\u0000-\\u001f${unsafe}]`, 'g')
const plain = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/

/** A JSON string in which nothing but letters and signs stands for itself. */
export function jsonString(text: string): string {
  // Nearly all are plain, and to find that out costs less than to make them so.
  return plain.test(text) ? `"${text}"` : JSON.stringify(text).replaceAll(unsafeInJson, escaped)
}

/** For a terminal: `\u001b` instead of what would move its cursor. */
export function visible(text: string): string {
  return text.replaceAll(unsafeInText, escaped)
}

function escaped(sign: string): string {
  return `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`
}
