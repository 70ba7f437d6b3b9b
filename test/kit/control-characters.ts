/** Characters that end a line, move the cursor or change the text direction. Escaped output must contain none. */
export function controlCharactersIn(text: string): readonly string[] {
  return [...text]
    .map((sign) => sign.codePointAt(0) as number)
    .filter((code) => code < 0x20 || (code >= 0x7f && code <= 0x9f) || code === 0x2028 || code === 0x202e)
    .map((code) => `U+${code.toString(16).padStart(4, '0')}`)
}
