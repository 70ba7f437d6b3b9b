/** The beginning of a long id, in lists; copying it copies all of it. */
export function Id({ text }: { readonly text: string }) {
  return (
    <code class="id" title={text}>
      {text}
    </code>
  )
}
