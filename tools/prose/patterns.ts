/** A phrase that reads like a translation, and the wording of an engineer. */
export interface ProsePattern {
  readonly found: RegExp
  readonly instead: string
}

/** The start of a text, of a bullet, or of a sentence inside it. */
const start = String.raw`(?:^|[.:;!?)]\s+|\n\s*[-*]\s+)`

function opening(words: string): RegExp {
  return new RegExp(`${start}(?:${words})\\b(?![^.]*\\?)`, 'g')
}

function phrase(words: string): RegExp {
  return new RegExp(`\\b(?:${words.replaceAll(' ', String.raw`\s+`)})\\b`, 'gi')
}

export const prosePatterns: readonly ProsePattern[] = [
  { found: opening('Of (?!course)'), instead: 'start with the subject' },
  { found: opening('What'), instead: 'name the thing: "A thread that ...", "Counters ..."' },
  { found: opening('Who|Whoever|Whose|Whom'), instead: 'name who it is: "Clients must ...", "Callers ..."' },
  { found: opening('So long|So many|So much'), instead: '"For that long", "This many", or name the quantity' },
  { found: opening('There where|There once|There while'), instead: '"Set when ...", "Undefined until ..."' },
  { found: phrase('there where|there once'), instead: '"where", "set when", "undefined until"' },
  { found: phrase('(?:is|are) told'), instead: '"reports", "is reported", "knows", "is given"' },
  { found: phrase('(?:is|are) to be'), instead: '"must be", or the active voice' },
  { found: phrase('comes? round|has come round'), instead: '"responds", "is unresponsive"' },
  { found: phrase('what there is|all that there is'), instead: 'name it' },
  { found: phrase('goes before|go before|goes first'), instead: '"takes precedence over", "is served first"' },
  { found: phrase('as it came|as they came'), instead: '"unchanged"' },
  { found: phrase('anew'), instead: '"again", "reopened", "from the start"' },
  { found: phrase('of which nothing'), instead: 'turn the sentence around' },
  { found: phrase('that nothing caught'), instead: '"uncaught exception"' },
  { found: phrase('to be had'), instead: '"available"' },
  { found: phrase('a thing to be done'), instead: 'name the action' },
]
