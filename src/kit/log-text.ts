/** Tells whoever runs the gateway something; `warn`: what they should look into. */
export type LogText = (text: string, level?: 'info' | 'warn') => void
