import type { Block, Node } from 'typescript/unstable/ast'
import {
  isClassDeclaration,
  isFunctionDeclaration,
  isIdentifier,
  isMethodDeclaration,
} from 'typescript/unstable/ast/is'
import type { Parsed } from '../sources.ts'
import type { TracePlan } from './protocol.ts'

type Entry = TracePlan['entries'][number]

/** The function that makes a broadcast write durable. */
export function acceptEntry(sources: readonly Parsed[]): Entry {
  const isAccept = (node: Node): Block | undefined =>
    isFunctionDeclaration(node) && node.name?.text === 'accept' ? node.body : undefined
  return entryOf(
    'accept()',
    sources.filter(({ file }) => file.includes('/broadcast/')),
    isAccept,
  )
}

/** The method that gives a waiting client its result. */
export function waiterEndEntry(sources: readonly Parsed[]): Entry {
  const isEnd = (node: Node): Block | undefined => {
    const isIn = isMethodDeclaration(node) && isIdentifier(node.name) && node.name.text === 'end'
    const isOfWaiters = isClassDeclaration(node.parent) && node.parent.name?.text === 'Waiters'
    return isIn && isOfWaiters ? node.body : undefined
  }
  return entryOf('Waiters.end()', sources, isEnd)
}

function entryOf(name: string, sources: readonly Parsed[], bodyOf: (node: Node) => Block | undefined): Entry {
  for (const { file, text, tree } of sources) {
    const find = (node: Node): Block | undefined => bodyOf(node) ?? node.forEachChild(find)
    const first = tree.forEachChild(find)?.statements[0]
    if (first !== undefined) return { file, line: text.slice(0, first.getStart()).split('\n').length - 1 }
  }
  throw new Error(`${name} was not found`)
}
