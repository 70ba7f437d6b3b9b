import { type Alias, isAlias, isMap, isScalar, isSeq, type Node, type Pair, type Scalar, type YAMLMap } from 'yaml'
import type { Path } from '../kit/json-pointer.ts'
import type { Finding, SourceLocation } from './diagnostic.ts'
import { type Environment, readScalar, substitute } from './environment.ts'
import type { Spot } from './source.ts'
import { suggest } from './suggest.ts'

export interface YamlTreeOptions {
  readonly env: Environment
  readonly locationAt: (offset: number) => SourceLocation
  readonly unmask: (text: string) => string
}

/** A value, and the spots it was read from. */
export interface Read {
  readonly value: unknown
  readonly spot: Spot
  /** How many values it holds, itself included. */
  readonly size: number
}

/** Limit on values that come from aliases. A few nested aliases could otherwise expand to billions. */
const maxAliasedValues = 50_000
/** Deeper than any configuration; the reader recurses for each level. */
const maxDepth = 50

/**
 * Builds a value from YAML's nodes: placeholders replaced, aliases followed, merge keys merged. Not done with
 * `Document.toJS`, which loses positions and throws on errors that are findings here.
 */
export class YamlTree {
  readonly findings: Finding[] = []
  readonly #options: YamlTreeOptions
  /** The latest value of each anchor; undefined while it is being read. */
  readonly #anchors = new Map<string, Read | undefined>()
  #aliasedValues = 0

  constructor(options: YamlTreeOptions) {
    this.#options = options
  }

  read(node: Node | null | undefined, path: Path = [], keyAt: SourceLocation = { line: 1, column: 1 }): Read {
    if (isAlias(node)) return this.#readAlias(node, path)
    if (path.length > maxDepth) return this.#unread(path, this.#begin(node, keyAt), 'nested too deeply')
    const anchor = isMap(node) || isSeq(node) || isScalar(node) ? node.anchor : undefined
    if (anchor !== undefined) this.#anchors.set(anchor, undefined)
    const read = this.#readNode(node, path, keyAt)
    if (anchor !== undefined) this.#anchors.set(anchor, read)
    return read
  }

  #readNode(node: Node | null | undefined, path: Path, keyAt: SourceLocation): Read {
    const at = this.#begin(node, keyAt)
    if (isScalar(node)) return this.#readScalar(node, path, at)
    if (isMap(node)) return this.#readMap(node, path, at)
    if (!isSeq(node)) return { value: null, spot: leaf(at), size: 1 }
    const items = node.items.map((item, index) => this.read(item as Node | null, [...path, index], at))
    return {
      value: items.map(({ value }) => value),
      spot: { ...leaf(at), children: new Map(items.map(({ spot }, index) => [index, spot])) },
      size: sum(items),
    }
  }

  #readScalar(node: Scalar, path: Path, at: SourceLocation): Read {
    if (typeof node.value !== 'string') return { value: node.value, spot: leaf(at), size: 1 }
    const { text, whole, problems } = substitute(this.#options.unmask(node.value), this.#options.env)
    const isPlain = node.type === 'PLAIN'
    for (const message of problems) this.findings.push({ path, message, shownAt: 'value' })
    const placeholder = whole ? (isPlain ? 'plain' : 'quoted') : undefined
    const spot = { ...leaf(at), placeholder, unread: problems.length > 0 } as const
    return { value: whole && isPlain && problems.length === 0 ? readScalar(text) : text, spot, size: 1 }
  }

  #readMap(node: YAMLMap, path: Path, at: SourceLocation): Read {
    const entries = new Map<string, Read>()
    const merged: Read[] = []
    const children = new Map<string | number, Spot>()
    for (const { key, value } of node.items as readonly Pair<Node | null, Node | null>[]) {
      // The parser lets no other keys through.
      if (!isScalar(key)) continue
      const name = this.#options.unmask(String(key.value))
      const keyAt = this.#begin(key, at)
      if (name === '<<' && key.type === 'PLAIN') {
        merged.push(...this.#sourcesOfMerge(value, [...path, name], keyAt))
        children.set(name, { ...leaf(keyAt), keyAt })
      } else if (name === '__proto__') {
        // An object would take the key for its prototype, or lose it.
        this.findings.push({ path: [...path, name], message: 'this key cannot be used', shownAt: 'key' })
        children.set(name, { ...leaf(keyAt), keyAt })
      } else this.#addEntry(entries, name, value, [...path, name], keyAt)
    }
    // Explicit keys take precedence over merged ones, and earlier sources over later ones.
    for (const { value, spot } of merged) {
      for (const [name, one] of Object.entries(value as Readonly<Record<string, unknown>>)) {
        const read = { value: one, spot: spot.children.get(name) ?? spot, size: 1 }
        if (!entries.has(name)) entries.set(name, read)
      }
    }
    for (const [name, { spot }] of entries) children.set(name, spot)
    return {
      value: Object.fromEntries([...entries].map(([name, { value }]) => [name, value])),
      spot: { ...leaf(at), children },
      size: sum([...entries.values(), ...merged]),
    }
  }

  #addEntry(entries: Map<string, Read>, name: string, node: Node | null, path: Path, keyAt: SourceLocation): void {
    const earlier = entries.get(name)
    const read = this.read(node, path, keyAt)
    const isBlock = (isMap(node) || isSeq(node)) && node.flow !== true
    entries.set(name, { ...read, spot: { ...read.spot, keyAt, shownByKey: isBlock } })
    if (earlier !== undefined) {
      const line = earlier.spot.keyAt?.line
      this.findings.push({ path, message: `this key is given twice; first in line ${line}`, shownAt: 'key' })
    }
  }

  #sourcesOfMerge(node: Node | null, path: Path, keyAt: SourceLocation): readonly Read[] {
    const items = isSeq(node) ? (node.items as Node[]) : [node]
    const sources = items.map((item) => this.read(item, path, keyAt))
    const isMapping = ({ value }: Read): boolean => typeof value === 'object' && value !== null && !Array.isArray(value)
    if (!sources.every((source) => isMapping(source) || source.spot.unread)) {
      const message = 'expected a mapping, an alias of one, or a list of them, to be merged'
      this.findings.push({ path, message, shownAt: 'parent' })
    }
    return sources.filter(isMapping)
  }

  #readAlias(node: Alias, path: Path): Read {
    const at = this.#begin(node, { line: 1, column: 1 })
    const name = node.source
    const target = this.#anchors.get(name)
    if (target === undefined) {
      if (this.#anchors.has(name)) return this.#unread(path, at, `the alias *${name} is inside its own anchor`)
      const known = [...this.#anchors.keys()]
      const meant = suggest(name, known)
      const hint = meant === undefined ? '' : `; did you mean *${meant}?`
      return this.#unread(path, at, `there is no anchor &${name} above this alias${hint}`, meant)
    }
    this.#aliasedValues += target.size
    if (this.#aliasedValues > maxAliasedValues) {
      const message = `the aliases up to here expand to more than ${maxAliasedValues} values`
      const isFirst = this.#aliasedValues - target.size <= maxAliasedValues
      return isFirst ? this.#unread(path, at, message) : unread(at)
    }
    return { ...target, spot: { ...target.spot, at, keyAt: undefined, shownByKey: false } }
  }

  #unread(path: Path, at: SourceLocation, message: string, suggestion?: string): Read {
    this.findings.push({ path, message, shownAt: 'value', ...(suggestion !== undefined && { suggestion }) })
    return unread(at)
  }

  #begin(node: Node | null | undefined, otherwise: SourceLocation): SourceLocation {
    const range = node?.range
    if (range === undefined || range === null) return otherwise
    // A value that is missing has no position of its own, so its key is shown.
    if (isScalar(node) && node.source === '' && node.type === 'PLAIN') return otherwise
    return this.#options.locationAt(range[0])
  }
}

function leaf(at: SourceLocation): Spot {
  return { at, keyAt: undefined, shownByKey: false, placeholder: undefined, unread: false, children: new Map() }
}

function unread(at: SourceLocation): Read {
  return { value: null, spot: { ...leaf(at), unread: true }, size: 1 }
}

function sum(reads: readonly Read[]): number {
  return reads.reduce((total, { size }) => total + size, 1)
}
