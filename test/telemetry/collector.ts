import type { IncomingMessage, ServerResponse } from 'node:http'
import type { OpenTarget, Scene } from '../kit/gateway.ts'

/** One post, as the collector received it. */
interface Post {
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly body: unknown
}

export interface Collector extends OpenTarget {
  readonly posts: readonly Post[]
}

/** A collector that records its posts, and answers 202 by default. */
export async function openCollector(
  scene: Scene,
  answer: (response: ServerResponse, number: number) => void = (response) => response.writeHead(202).end(),
): Promise<Collector> {
  const posts: Post[] = []
  const target = await scene.target((message, response) => {
    const chunks: Buffer[] = []
    message.on('data', (chunk: Buffer) => chunks.push(chunk))
    message.on('end', () => {
      posts.push({
        path: message.url ?? '',
        headers: message.headers,
        body: JSON.parse(Buffer.concat(chunks).toString()),
      })
      answer(response, posts.length)
    })
  })
  return Object.assign(target, { posts })
}

/** The fields of a Zipkin span that the tests use. */
export interface ZipkinSpan {
  readonly traceId: string
  readonly id: string
  readonly parentId?: string
  readonly name: string
  readonly kind: string
  readonly timestamp: number
  readonly duration: number
  readonly localEndpoint: { readonly serviceName: string }
  readonly tags: Readonly<Record<string, string>>
}

export function zipkinSpansIn({ posts }: Collector): readonly ZipkinSpan[] {
  return posts.flatMap(({ body }) => body as readonly ZipkinSpan[])
}
