import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { ask, problemOf } from '../kit/ask.ts'
import { openScene } from '../kit/gateway.ts'

interface Pair {
  readonly key: Buffer
  readonly cert: Buffer
}

/** A key and a certificate for `localhost` that nobody has signed but itself; undefined without the tool to make it. */
function selfSigned(): Pair | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'hedgerow-tls-'))
  try {
    const key = join(folder, 'key.pem')
    const cert = join(folder, 'cert.pem')
    const what = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
    const whom = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-keyout', key, '-out', cert]
    if (spawnSync('openssl', [...what, ...whom]).status !== 0) return undefined
    return { key: readFileSync(key), cert: readFileSync(cert) }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const pair = selfSigned()

async function tlsTarget(t: TestContext, { key, cert }: Pair): Promise<{ server: Server; url: string }> {
  const server = createServer({ key, cert }, (message, response) => {
    message.resume().on('end', () => response.end(`secret ${message.headers.host}`))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => new Promise((resolve) => server.close(resolve)))
  return { server, url: `https://localhost:${(server.address() as AddressInfo).port}` }
}

const routes = [{ match: '/*', deadline: '3s', forward: { upstream: 'work' } }]

describe('a target over TLS', { skip: pair === undefined && 'needs openssl to make a certificate' }, () => {
  it('is refused while nobody vouches for its certificate', async (t) => {
    const { url } = await tlsTarget(t, pair as Pair)
    const gateway = await openScene(t).gateway({ upstreams: { work: { targets: { a: url } } }, routes })
    const answer = await ask(gateway.url)
    assert.equal(answer.status, 502)
    const { code, detail } = problemOf(answer)
    assert.equal(code, 'UPSTREAM_REFUSED')
    assert.match(detail, /^a: TLS failed \([A-Z_]+\)/)
  })

  it('answers on one kept connection, held and streamed bodies alike', async (t) => {
    const before = getCACertificates('default')
    setDefaultCACertificates([...before, (pair as Pair).cert.toString()])
    t.after(() => setDefaultCACertificates(before))
    const { server, url } = await tlsTarget(t, pair as Pair)
    let connections = 0
    server.on('secureConnection', () => connections++)
    const gateway = await openScene(t).gateway({ upstreams: { work: { targets: { a: url } } }, routes })
    for (const body of ['', 'small', 'x'.repeat(1_000_000)]) {
      const answer = await ask(gateway.url, { method: 'POST', body })
      assert.equal(answer.body, `secret ${new URL(url).host}`, JSON.stringify(answer))
    }
    assert.equal(connections, 1)
  })

  it('is refused where its certificate names another than the Host that is asked for', async (t) => {
    const before = getCACertificates('default')
    setDefaultCACertificates([...before, (pair as Pair).cert.toString()])
    t.after(() => setDefaultCACertificates(before))
    const { url } = await tlsTarget(t, pair as Pair)
    const headers = { set: { host: 'other.example' } }
    const gateway = await openScene(t).gateway({
      upstreams: { work: { targets: { a: url } } },
      routes: [
        { match: '/other', forward: { upstream: 'work', headers } },
        { match: '/*', forward: { upstream: 'work' } },
      ],
    })
    assert.equal((await ask(`${gateway.url}/`)).status, 200)
    assert.match(problemOf(await ask(`${gateway.url}/other`)).detail, /ERR_TLS_CERT_ALTNAME_INVALID/)
    assert.equal((await ask(`${gateway.url}/`)).status, 200)
  })
})
