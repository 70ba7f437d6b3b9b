/** Logs a text for the operator; `warn`: needs attention. */
export type LogText = (text: string, level?: 'info' | 'warn') => void
