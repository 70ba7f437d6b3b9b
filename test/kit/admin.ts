import assert from 'node:assert/strict'
import type { Gateway } from '../../src/gateway/gateway.ts'
import { type Answer, type AskOptions, ask } from './ask.ts'

/** Base URL of a gateway's admin listener. */
export function adminUrl({ admin }: Gateway): string {
  assert.ok(admin, 'the gateway has an admin side')
  return `http://127.0.0.1:${admin.address.port}`
}

interface JsonAnswer<T> extends Answer {
  readonly json: T
}

export async function askJson<T>(url: string, options: AskOptions = {}): Promise<JsonAnswer<T>> {
  const answer = await ask(url, options)
  return { ...answer, json: JSON.parse(answer.body) as T }
}
