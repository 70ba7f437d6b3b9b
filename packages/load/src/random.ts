/** Returns a number in [0, 1). The caller passes it in, so that a seed can repeat a run. */
export type Random = () => number
