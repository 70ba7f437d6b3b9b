/** Whether the error output was a terminal at the start. */
export const hadTerminal: boolean
export function takeSignals(listener: (signal: NodeJS.Signals) => void): void
