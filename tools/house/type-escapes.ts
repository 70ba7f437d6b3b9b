import { type Node, SyntaxKind } from 'typescript/unstable/ast'
import {
  isAsExpression,
  isMethodDeclaration,
  isPropertyDeclaration,
  isStatement,
  isVariableDeclaration,
} from 'typescript/unstable/ast/is'
import { type Row, row } from './row.ts'
import type { Parsed } from './sources.ts'

/** Types that the checker cannot verify: `any`, `!`, and casts through `unknown` or `never`. */
export function typeEscapeRows(sources: readonly Parsed[]): readonly Row[] {
  const found = sources.flatMap((source) =>
    escapesIn(source).map((escape) => ({ escape, at: `${source.file}:${escape.line}` })),
  )
  const places = (kind: Escape['kind']): readonly string[] =>
    found.filter(({ escape }) => escape.kind === kind).map(({ at }) => at)
  const casts = found.filter(({ escape }) => escape.kind === 'cast')
  return [
    row('`any`', places('any'), 0),
    row('non-null `!`', places('non-null'), 0),
    row(
      'casts through `unknown` or `never`',
      casts.map(({ at }) => at),
      5,
    ),
    row(
      'of those, without a reason in a comment',
      casts.filter(({ escape }) => !escape.hasReason).map(({ at }) => at),
      0,
    ),
  ]
}

interface Escape {
  readonly kind: 'any' | 'non-null' | 'cast'
  readonly line: number
  readonly hasReason: boolean
}

function escapesIn({ text, tree }: Parsed): readonly Escape[] {
  const escapes: Escape[] = []
  const visit = (node: Node, statement: Node): void => {
    const owner = ownsComment(node) ? node : statement
    const kind = kindOf(node)
    if (kind !== undefined) {
      const line = text.slice(0, node.end).split('\n').length
      escapes.push({ kind, line, hasReason: hasComment(text, owner, node) })
    }
    node.forEachChild((child) => {
      visit(child, owner)
    })
  }
  visit(tree, tree)
  return escapes
}

function ownsComment(node: Node): boolean {
  return isStatement(node) || isPropertyDeclaration(node) || isMethodDeclaration(node)
}

function kindOf(node: Node): Escape['kind'] | undefined {
  if (node.kind === SyntaxKind.AnyKeyword) return 'any'
  if (node.kind === SyntaxKind.NonNullExpression) return 'non-null'
  // `let value!: Type` skips the check that it is assigned.
  if ((isVariableDeclaration(node) || isPropertyDeclaration(node)) && hasExclamation(node)) return 'non-null'
  if (!isAsExpression(node)) return undefined
  const isThroughUnknown = isAsExpression(node.expression) && node.expression.type.kind === SyntaxKind.UnknownKeyword
  return isThroughUnknown || /\bnever\b/.test(node.type.getText()) ? 'cast' : undefined
}

function hasExclamation(node: Node): boolean {
  let found = false
  node.forEachChild((child) => {
    found ||= child.kind === SyntaxKind.ExclamationToken
  })
  return found
}

/** A comment above the statement with the cast, or at the end of the line of the cast. */
function hasComment(text: string, statement: Node, cast: Node): boolean {
  const above = text.slice(statement.pos, statement.getStart())
  const restOfLine = /^.*/.exec(text.slice(cast.end))?.[0] ?? ''
  return /\/[/*]/.test(above) || restOfLine.includes('//')
}
