/** `1 route`, `2 routes`. */
export function countOf(number: number, word: string, words = `${word}s`): string {
  return `${number} ${number === 1 ? word : words}`
}
