import { z } from 'zod'
import { shapes, wholeNumber } from './schema.ts'

export const port = wholeNumber({ min: 0, max: 65_535 })

export const host = z
  .string({ error: 'a host name or address' })
  .min(1, { error: 'a host name or address' })
  .register(shapes, { shape: 'host name or address' })

export const baseUrl = z
  .string({ error: 'a URL such as http://127.0.0.1:9101' })
  .refine(isBaseUrl, {
    error: 'a URL such as http://127.0.0.1:9101: http or https, without user, query or fragment',
  })
  .register(shapes, { shape: 'URL', range: '`http:` or `https:`, without user, query or fragment' })

export function isLoopback(address: string): boolean {
  return address === 'localhost' || address === '::1' || /^127(?:\.\d{1,3}){3}$/.test(address)
}

function isBaseUrl(text: string): boolean {
  if (!URL.canParse(text)) return false
  const url = new URL(text)
  const plain = url.username === '' && url.password === '' && url.search === '' && url.hash === ''
  return (url.protocol === 'http:' || url.protocol === 'https:') && plain
}
