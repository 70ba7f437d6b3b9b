/** Loads a command's module when it runs: loading all of them takes longer than most commands run. */
export function lazily<A extends readonly unknown[]>(
  load: () => Promise<(...args: A) => void | Promise<void>>,
): (...args: A) => Promise<void> {
  return async (...args) => (await load())(...args)
}
