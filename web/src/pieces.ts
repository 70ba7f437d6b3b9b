/** Longer pieces are cut: without a place to wrap, they would make a table as wide as they are. */
const maxPiece = 22

/** The parts of a path or URL between which a line may end: before `/`, `?` and `&`, after `,`. */
export function piecesOf(text: string): readonly string[] {
  return text.split(/(?<=[^/:])(?=\/)|(?=[?&])|(?<=,)/).flatMap(cut)
}

function cut(piece: string): readonly string[] {
  const count = Math.ceil(piece.length / maxPiece)
  return Array.from({ length: count }, (_, index) => piece.slice(index * maxPiece, (index + 1) * maxPiece))
}
