import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { readyProfiles } from '@hedgerow/backend/profiles'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import type { BackendView, CallListView, DeliveryListView } from '../../src/admin/api.ts'
import { demoBackends } from '../../src/cli/demo-backends.ts'
import { adminUrl, askJson } from '../kit/admin.ts'
import { type Answer, type AskOptions, ask } from '../kit/ask.ts'
import { openScene } from '../kit/gateway.ts'
import { until } from '../kit/until.ts'

interface Operation {
  readonly responses: Readonly<Record<string, { readonly content: Readonly<Record<string, { schema: object }>> }>>
}

interface Document {
  readonly openapi: string
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: object
}

/** Existing ids for the path parameters. */
interface Known {
  readonly call: string
  readonly delivery: string
  readonly dead: string
}

async function opened(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'hedgerow-openapi-'))
  const scene = openScene(t)
  t.after(() => rmSync(folder, { recursive: true }))
  const work = await scene.backend(readyProfiles.work(), { name: 'work' })
  const broken = await scene.target((_request, response) => response.writeHead(500).end())
  const callbackUrls: string[] = []
  const accepting = await scene.target((request, response) => {
    callbackUrls.push(String(request.headers['x-callback-url']))
    response.writeHead(202).end()
  })
  let reloads = 0
  const { gateway, url } = await scene.gateway(
    {
      admin: { port: 0 },
      store: { path: 'test.db' },
      callbacks: { key: 'k'.repeat(32) },
      upstreams: {
        work: { targets: { work: work.url } },
        accounts: { targets: { server1: broken.url } },
        async: { targets: { async: accepting.url } },
      },
      routes: [
        { match: 'GET /bad', rateLimit: { limit: 100 }, concurrency: { limit: 10 }, forward: { upstream: 'accounts' } },
        { match: 'GET /work', hedge: { upstream: 'work', path: '/api/work', after: '50ms', budget: 'unlimited' } },
        { match: 'POST /register', deadline: '5s', broadcast: { upstream: 'accounts', attempts: 1 } },
        {
          match: 'GET /wait',
          callback: {
            upstream: 'async',
            path: '/backend-service/method',
            send: { url: 'header:x-callback-url' },
            receive: { path: '/callback' },
          },
        },
      ],
    },
    {
      folder,
      version: '1.2.3',
      backends: demoBackends([work]),
      reload: async () => (reloads++ === 0 ? { ok: true } : { ok: false, errors: ['hedgerow.yaml:1:1  a fault'] }),
    },
  )
  return { scene, url, admin: adminUrl(gateway), callbackUrls }
}

/** Creates one of everything, so that no list is empty. */
async function busy({ url, admin, scene, callbackUrls }: Awaited<ReturnType<typeof opened>>): Promise<Known> {
  await ask(`${url}/bad?x=1`)
  await ask(`${url}/nowhere`)
  await ask(`${url}/work`)
  for (const username of ['bob', 'eve']) await ask(`${url}/register`, { method: 'POST', body: `username=${username}` })
  await ask(`${url}/wait`, { headers: { prefer: 'respond-async' } })
  await until('the backend was asked', () => callbackUrls.length === 1)
  await ask(callbackUrls[0] ?? '', { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } })
  const waiting = await scene.wire({ port: Number(new URL(url).port) })
  waiting.send('GET /wait HTTP/1.1\r\nHost: a\r\n\r\n')
  let deliveries: DeliveryListView['deliveries'] = []
  let waiters = ''
  await until(
    () => `two dead letters and a waiter: ${deliveries.length} and ${waiters}; the client has ${waiting.text}`,
    async () => {
      deliveries = (await askJson<DeliveryListView>(`${admin}/api/deliveries?state=dead`)).json.deliveries
      waiters = (await ask(`${admin}/api/waiters`)).body
      return deliveries.length === 2 && waiters.includes('"open":1')
    },
  )
  const [call] = (await askJson<CallListView>(`${admin}/api/calls`)).json.calls
  const [delivery, dead] = deliveries
  assert.ok(call && delivery && dead)
  return { call: call.id, delivery: delivery.id, dead: dead.id }
}

function pathFor(path: string, { call, delivery, dead }: Known): string {
  if (path.startsWith('/api/calls')) return path.replace('{id}', call)
  if (path.endsWith('replay')) return path.replace('{id}', delivery)
  if (path.endsWith('discard')) return path.replace('{id}', dead)
  return path.replace('{id}', delivery).replace('{name}', 'work')
}

class Description {
  readonly document: Document
  readonly #ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true })
  readonly #validators = new Map<object, ValidateFunction>()

  constructor(document: Document) {
    this.document = document
    this.#ajv.addSchema({ $id: 'document', components: document.components })
  }

  get operations(): readonly { readonly path: string; readonly method: string; readonly operation: Operation }[] {
    return Object.entries(this.document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
    )
  }

  /** Fails if the answer matches none of the descriptions. */
  check(operation: Operation, { status, headers, body }: Answer, what: string): void {
    const described = operation.responses[String(status)]
    assert.ok(described, `${what} answers ${status}, which is not described: ${body.slice(0, 300)}`)
    const type = String(headers['content-type']).split(';')[0] ?? ''
    const content = described.content[type]
    assert.ok(content, `${what} answers ${type}; described: ${Object.keys(described.content).join()}`)
    if (type !== 'application/json') return
    const validate = this.#validator(content.schema)
    const isValid = validate(JSON.parse(body))
    assert.ok(isValid, `${what}: ${JSON.stringify(validate.errors?.slice(0, 3))} in ${body.slice(0, 500)}`)
  }

  #validator(schema: object): ValidateFunction {
    const known = this.#validators.get(schema)
    if (known !== undefined) return known
    const text = JSON.stringify(schema).replaceAll('"#/components', '"document#/components')
    const made = this.#ajv.compile(JSON.parse(text) as object)
    this.#validators.set(schema, made)
    return made
  }
}

describe('the OpenAPI description', () => {
  it('describes every path and method, and no other', async (t) => {
    const { admin } = await opened(t)
    const { json: document } = await askJson<Document>(`${admin}/api/openapi.json`)
    assert.equal(document.openapi, '3.1.0')
    const { json: missing } = await askJson<{ detail: string }>(`${admin}/api/nothing`)
    const there = [...missing.detail.matchAll(/(\/[\w/:.-]+)(?:,|$)/g)].map(([, path]) => path as string)
    const described = Object.keys(document.paths).map((path) => path.replaceAll(/\{(\w+)\}/g, ':$1'))
    assert.deepEqual(there.toSorted(), described.toSorted())
    for (const [path, methods] of Object.entries(document.paths)) {
      const answer = await ask(admin + path.replaceAll(/[{}]/g, ''), { method: 'OPTIONS' })
      const allowed = String(answer.headers.allow)
        .split(', ')
        .filter((method) => method !== 'HEAD')
      assert.deepEqual(
        [path, allowed.toSorted()],
        [
          path,
          Object.keys(methods)
            .map((one) => one.toUpperCase())
            .toSorted(),
        ],
      )
    }
  })

  it('matches the answers of a busy gateway', async (t) => {
    const open = await opened(t)
    const { admin } = open
    const known = await busy(open)
    for (const [path, part] of [
      ['tickets', '"kept":1'],
      ['waiters', '"state":"'],
    ] as const) {
      assert.ok((await ask(`${admin}/api/${path}`)).body.includes(part), path)
    }
    const description = new Description((await askJson<Document>(`${admin}/api/openapi.json`)).json)
    for (const { path, method, operation } of description.operations) {
      if (path === '/api/live') continue
      const options: AskOptions = method === 'PATCH' ? { method, body: '{"refuse":false}' } : { method }
      const answer = await ask(admin + pathFor(path, known), options)
      assert.equal(answer.status, 200, `${method} ${path}: ${answer.body}`)
      description.check(operation, answer, `${method} ${path}`)
    }
  })

  it('matches the refusals', async (t) => {
    const { admin } = await opened(t)
    const description = new Description((await askJson<Document>(`${admin}/api/openapi.json`)).json)
    for (const { path, method, operation } of description.operations) {
      const unknown = admin + path.replaceAll(/\{\w+\}/g, 'nothing')
      for (const [what, options, query] of [
        ['unknown', { body: '{}' }, ''],
        ['a wrong query', { body: '{}' }, '?limit=x&history=x&which=x'],
        ['no JSON', { body: '{' }, ''],
        ['a foreign page', { body: '{}', headers: { origin: 'http://evil.example' } }, ''],
      ] as const) {
        if (path === '/api/live' && what !== 'a foreign page') continue
        const { body, ...rest } = options
        const sent = method === 'GET' ? rest : { ...rest, body }
        description.check(operation, await ask(unknown + query, { method, ...sent }), `${method} ${path}, ${what}`)
      }
    }
  })

  it('rejects an answer that does not match', async (t) => {
    const { admin } = await opened(t)
    const description = new Description((await askJson<Document>(`${admin}/api/openapi.json`)).json)
    const found = description.operations.find(({ path }) => path === '/api/waiters')
    assert.ok(found)
    const answer = await ask(`${admin}/api/waiters`)
    for (const body of ['{"open":-1,"waiters":[]}', '{"open":0,"waiters":[],"more":1}', '{"waiters":[]}']) {
      assert.throws(() => description.check(found.operation, { ...answer, body }, 'a planted one'))
    }
    assert.throws(() => description.check(found.operation, { ...answer, status: 418 }, 'a planted one'))
  })
})

describe('/api/backends', () => {
  it('changes the behaviour of a simulated backend, and explains why a change is refused', async (t) => {
    const { url, admin } = await opened(t)
    const path = `${admin}/api/backends/work`
    const patch = {
      endpoints: { 'GET /api/work': { latency: { kind: 'fixed', ms: 0 }, status: { 503: 1 }, faults: {} } },
    }
    const changed = await askJson<BackendView>(path, { method: 'PATCH', body: JSON.stringify(patch) })
    assert.equal(changed.status, 200)
    assert.match(JSON.stringify(changed.json.profile), /"503":1/)
    assert.equal((await ask(`${url}/work`)).status, 502)
    const bad = await askJson<{ errors: readonly string[] }>(path, { method: 'PATCH', body: '{"latncy":1}' })
    assert.equal(bad.status, 400)
    assert.match(bad.json.errors.join(), /latncy/)
    assert.match((await ask(`${admin}/api/backends/x`, { method: 'PATCH', body: '{}' })).body, /available: work/)
  })

  it('does not exist without simulated backends', async (t) => {
    const { gateway } = await openScene(t).gateway({ admin: { port: 0 } })
    const answer = await ask(`${adminUrl(gateway)}/api/backends`)
    assert.equal(answer.status, 404)
    assert.match(answer.body, /hedgerow demo/)
  })
})
