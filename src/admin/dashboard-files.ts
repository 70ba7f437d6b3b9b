import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { extname, join } from 'node:path'
import { type Answer, pageHeaders, text } from './answer.ts'
import { etagOf, takes } from './send.ts'

const types: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.webmanifest': 'application/manifest+json',
  '.woff2': 'font/woff2',
}

/** The build puts these beside each file that compresses well; best coding first. */
const codings = [
  { name: 'br', ending: '.br' },
  { name: 'gzip', ending: '.gz' },
] as const

/** `assets/index-DkX3a91b.js`: the name changes with the content. */
const hashedName = /^assets\/.+-[\w-]{8,}\.\w+$/
/** No empty or hidden segment, and no `..`. */
const fileName = /^(?:[\w-][\w.-]*\/)*[\w-][\w.-]*$/

/** Location of the built dashboard, relative to the compiled package and to the sources. */
export const dashboardFolders = [
  join(import.meta.dirname, '..', 'web'),
  join(import.meta.dirname, '..', '..', 'dist', 'web'),
]

/**
 * Dashboard files as built. They contain no data and need no token, because the page that asks for the token is one of
 * them. Undefined for an unknown path. Files are read on each request, so that a new build shows at once.
 */
export async function dashboardFile(
  path: string,
  request: IncomingMessage,
  folders: readonly string[] = dashboardFolders,
): Promise<Answer | undefined> {
  const name = path === '/' ? 'index.html' : path.slice(1)
  const type = types[extname(name)]
  if (type === undefined || !fileName.test(name)) return undefined
  const folder = folders.find((candidate) => existsSync(join(candidate, 'index.html')))
  if (folder === undefined) return path === '/' ? notBuilt() : undefined
  const file = join(folder, name)
  const plain = await contentOf(file)
  if (plain === undefined) return undefined
  const headers = {
    ...pageHeaders,
    'content-type': type,
    'cache-control': hashedName.test(name) ? 'public, max-age=31536000, immutable' : 'no-cache',
    etag: etagOf(plain),
    vary: 'accept-encoding',
  }
  for (const { name: coding, ending } of codings) {
    if (!takes(request, coding)) continue
    const body = await contentOf(file + ending)
    if (body !== undefined) return { status: 200, headers: { ...headers, 'content-encoding': coding }, body }
  }
  return { status: 200, headers, body: plain }
}

async function contentOf(file: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(file)
  } catch {
    return undefined
  }
}

function notBuilt(): Answer {
  return text(404, 'The dashboard is not built: `npm run build:web` builds it. The same data is at /api/overview.')
}
