import type { Node } from 'typescript/unstable/ast'
import {
  isIdentifier,
  isInterfaceDeclaration,
  isPropertySignatureDeclaration,
  isSpreadAssignment,
} from 'typescript/unstable/ast/is'
import { type Row, row } from './row.ts'
import type { Parsed } from './sources.ts'

/** The fields in `kit/runtime.ts`. */
const runtimeFields = new Set(['clock', 'random', 'memory', 'events', 'log', 'reportBug'])
const bags = new Set(['deps', 'options', 'setup'])

/** Interfaces that declare a field of the Runtime again, and bags that are passed on whole. */
export function runtimeRows(sources: readonly Parsed[]): readonly Row[] {
  const others = sources.filter(({ file }) => file !== 'src/kit/runtime.ts')
  return [
    row('fields of the Runtime in other interfaces', found(others, declaredAgain), 80),
    row('bags spread into others (`...deps`)', found(others, spreadBag), 30),
  ]
}

function found(sources: readonly Parsed[], nameIn: (node: Node) => string | undefined): readonly string[] {
  return sources.flatMap(({ file, tree }) => {
    const names: string[] = []
    const visit = (node: Node): void => {
      const name = nameIn(node)
      if (name !== undefined) names.push(`${file}: ${name}`)
      node.forEachChild((child) => {
        visit(child)
      })
    }
    visit(tree)
    return names
  })
}

function declaredAgain(node: Node): string | undefined {
  if (!isPropertySignatureDeclaration(node) || !isInterfaceDeclaration(node.parent)) return undefined
  const name = node.name.getText()
  return runtimeFields.has(name) ? `${node.parent.name.text}.${name}` : undefined
}

function spreadBag(node: Node): string | undefined {
  if (!isSpreadAssignment(node)) return undefined
  const text = node.expression.getText()
  const name = isIdentifier(node.expression) ? text : text.replace(/^this\.#?/, '')
  return bags.has(name) ? `...${text}` : undefined
}
