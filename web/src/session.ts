import { Store } from './store.ts'

/** Data that this browser stores: the token for the lifetime of the tab, the theme permanently. */

export type Theme = 'system' | 'light' | 'dark'

const tokenKey = 'hedgerow.token'
const themeKey = 'hedgerow.theme'

export const token = new Store<string | undefined>(read(sessionStorage, tokenKey))

/** Whether the gateway has asked for a token, or rejected the given one. */
export const loginNeeded = new Store(false)

export const theme = new Store<Theme>(themeFrom(read(localStorage, themeKey)))

/** The characters that `admin.token` allows; `fetch` throws at characters beyond Latin-1. */
export function isSendable(token: string): boolean {
  return /^[\x21-\x7e]+$/.test(token)
}

export function keepToken(value: string | undefined): void {
  write(sessionStorage, tokenKey, value)
  token.set(value)
}

export function chooseTheme(value: Theme): void {
  write(localStorage, themeKey, value)
  applyTheme(value)
  theme.set(value)
}

export function applyTheme(value: Theme): void {
  if (value === 'system') delete document.documentElement.dataset['theme']
  else document.documentElement.dataset['theme'] = value
}

export function themeFrom(text: string | undefined): Theme {
  return text === 'light' || text === 'dark' ? text : 'system'
}

/** Storage may be disabled; then nothing outlives the page. */
export function read(storage: Storage, key: string): string | undefined {
  try {
    return storage.getItem(key) ?? undefined
  } catch {
    return undefined
  }
}

export function write(storage: Storage, key: string, value: string | undefined): void {
  try {
    if (value === undefined) storage.removeItem(key)
    else storage.setItem(key, value)
  } catch {
    // Storage may be disabled.
  }
}
