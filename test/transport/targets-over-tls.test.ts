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

/** A self-signed key and certificate for `localhost`; undefined without `openssl`. */
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

/** A certificate for `localhost` signed by an unknown CA; undefined without `openssl`. */
function ofPrivateCa(): Pair | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'hedgerow-ca-'))
  try {
    const [caKey, caCert, key, cert] = ['ca-key', 'ca', 'key', 'cert'].map((name) => join(folder, `${name}.pem`)) as [
      string,
      string,
      string,
      string,
    ]
    const make = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
    const ca = [...make, '-subj', '/CN=private', '-keyout', caKey, '-out', caCert]
    const name = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-CA', caCert, '-CAkey', caKey]
    const leaf = [...make, ...name, '-addext', 'basicConstraints=critical,CA:FALSE', '-keyout', key, '-out', cert]
    for (const what of [ca, leaf]) if (spawnSync('openssl', what).status !== 0) return undefined
    return { key: readFileSync(key), cert: readFileSync(cert) }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const ofUnknownCa = ofPrivateCa()

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
  it('fails with the reason in plain words if its certificate is not trusted', async (t) => {
    const { url } = await tlsTarget(t, pair as Pair)
    const gateway = await openScene(t).gateway({ upstreams: { work: { targets: { a: url } } }, routes })
    const answer = await ask(gateway.url)
    assert.equal(answer.status, 502)
    const { code, detail, attempts } = problemOf(answer)
    assert.equal(code, 'UPSTREAM_TLS')
    assert.equal(detail, 'a: TLS failed: the certificate is self-signed and not trusted (DEPTH_ZERO_SELF_SIGNED_CERT)')
    assert.deepEqual(
      (attempts as readonly { readonly outcome: string }[]).map(({ outcome }) => outcome),
      ['tls_error'],
    )
  })

  it('gets one log line, with the remedy, if its CA is private', async (t) => {
    const lines: string[] = []
    const { url } = await tlsTarget(t, ofUnknownCa as Pair)
    const gateway = await openScene(t).gateway(
      { upstreams: { work: { targets: { a: url } } }, routes },
      { log: (text, level = 'info') => void lines.push(`${level} ${text}`) },
    )
    for (let i = 0; i < 5; i++) {
      assert.match(problemOf(await ask(gateway.url)).detail, /issuer is not trusted \(UNABLE_TO_[A-Z_]+\)$/)
    }
    assert.equal(lines.length, 1, lines.join('\n'))
    assert.match(lines[0] ?? '', /^warn target a of upstream work: TLS failed: .*NODE_EXTRA_CA_CERTS/)
  })

  const strategies = {
    'a retry': { forward: { upstream: 'work', retry: { attempts: 3 } } },
    hedges: { hedge: { upstream: 'work', after: '1s', extra: 2 } },
  }
  for (const [what, strategy] of Object.entries(strategies)) {
    it(`gets one request even if the route allows ${what}, if there is no other target`, async (t) => {
      const { server, url } = await tlsTarget(t, pair as Pair)
      let connections = 0
      server.on('connection', () => connections++)
      const gateway = await openScene(t).gateway({
        upstreams: { work: { targets: { a: url } } },
        routes: [{ match: '/*', deadline: '3s', ...strategy }],
      })
      const { code, attempts } = problemOf(await ask(gateway.url))
      assert.deepEqual([code, (attempts as readonly unknown[]).length, connections], ['UPSTREAM_TLS', 1, 1])
    })

    it(`leaves the answer to another target if the route allows ${what}`, async (t) => {
      const scene = openScene(t)
      const { url } = await tlsTarget(t, pair as Pair)
      const well = await scene.target((_message, response) => response.end('well'))
      const gateway = await scene.gateway({
        upstreams: { work: { targets: { a: url, b: well.url }, outlier: 'off' } },
        routes: [{ match: '/*', deadline: '3s', ...strategy }],
      })
      for (let i = 0; i < 4; i++) assert.equal((await ask(gateway.url)).body, 'well')
    })
  }

  it('answers on one kept connection, with buffered and streamed bodies alike', async (t) => {
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

  it('is rejected if its certificate does not name the Host of the request', async (t) => {
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
    const { detail } = problemOf(await ask(`${gateway.url}/other`))
    assert.equal(detail, 'a: TLS failed: the certificate does not name the host (ERR_TLS_CERT_ALTNAME_INVALID)')
    assert.equal((await ask(`${gateway.url}/`)).status, 200)
  })
})
