/** A phrase that reads like a translation, and the wording of an engineer. */
export interface ProsePattern {
  readonly found: RegExp
  readonly instead: string
  /** Only in strings of the program, where users read them at work: comments and documents have more room. */
  readonly onlyInMessages?: boolean
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
  message('(?<!there )is no (?!longer|more|other|one|better)[a-z]+', '"is not a ..."'),
  message('is (?:not )?there(?! \\w)', '"exists", "does not exist"'),
  message('that there is|there is here', 'name it'),
  message('as it is|as it was|as they are|as they were', '"unchanged"'),
  message('go on|goes on|going on', '"continue", "remain"'),
  message('comes? about', '"is opened", "happens"'),
  message('no turn (?:came|comes)|has had its', '"no slot became free", "no longer"'),
  message('at the most', '"at most", "maximum"'),
  message('put in force|all stays', '"is rejected", "stays in force"'),
  message('fell silent|took .{1,30} with it', '"stopped sending", "was lost"'),
  message('no more (?:is|are)|(?:is|are) needed no more', '"no longer"'),
  message('to mend it|tells why|says the rest', '"Remedy:", "shows why"'),
  message('by --', '"with --" or "set --..."'),
  message('[0-9_] faults?|with faults|has faults', '"errors"'),
  message('one more begins|another takes its place|takes its place', '"starting another"'),
  message('(?<!anyone )who has|whoever', '"anyone who has"'),
]

function message(words: string, instead: string): ProsePattern {
  return { found: phrase(words), instead, onlyInMessages: true }
}
