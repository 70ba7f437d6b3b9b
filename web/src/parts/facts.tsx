import type { ComponentChildren } from 'preact'
import type { TermName } from '../terms.ts'
import { Term } from './term.tsx'

export interface Fact {
  readonly name: string
  /** Explains the name. */
  readonly term?: TermName
  readonly value: ComponentChildren
}

export function Facts({ facts }: { readonly facts: readonly Fact[] }) {
  return (
    <dl class="facts">
      {facts.map(({ name, term, value }) => (
        <div key={name}>
          <dt>{term === undefined ? name : <Term name={term}>{name}</Term>}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  )
}
