import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { readyProfiles } from '@hedgerow/backend/profiles'
import { startBackend } from '../kit/backend.ts'
import { root, runCommand, startCommand } from '../kit/command.ts'

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'hedgerow-cli-'))
  t.after(() => rmSync(path, { recursive: true }))
  return path
}

function configFile(t: TestContext, text: string): string {
  const file = join(folder(t), 'hedgerow.yaml')
  writeFileSync(file, text)
  return file
}

async function takenPort(t: TestContext): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  return (server.address() as AddressInfo).port
}

describe('hedgerow', () => {
  it('shows its commands, each with an example', async (t) => {
    const { code, output } = await runCommand(t, ['--help'])
    assert.equal(code, 0)
    for (const command of ['serve', 'reload', 'check', 'schema', 'demo', 'backend']) {
      assert.match(output, new RegExp(`^  ${command} `, 'm'))
      const help = await runCommand(t, [command, '--help'])
      assert.equal(help.code, 0)
      assert.match(help.output, new RegExp(`Examples:\\n.*hedgerow ${command}`))
    }
  })

  it('names the variable of the token in its help, and never shows the token', async (t) => {
    for (const command of ['reload', 'deliveries list']) {
      const { output } = await runCommand(t, [...command.split(' '), '--help'], {
        HEDGEROW_ADMIN_TOKEN: 'secret-token',
      })
      assert.match(output, /HEDGEROW_ADMIN_TOKEN/)
      assert.doesNotMatch(output, /secret-token/)
    }
  })

  it('reports a missing file in one line', async (t) => {
    const { errors } = await runCommand(t, ['check', '/nowhere/x.yaml'])
    assert.equal(errors, '/nowhere/x.yaml: no such file\n')
  })

  const hedged = join(root, 'examples/hedged.yaml')
  const badUsages: readonly (readonly [string, readonly string[], RegExp])[] = [
    ['an unknown command', ['sreve'], /unknown command 'sreve'[\s\S]*Did you mean serve/],
    ['an unknown option', ['serve', '--prot', '1', 'x.yaml'], /unknown option '--prot'/],
    ['a missing file name', ['serve'], /missing required argument 'file'/],
    ['a file that is not there', ['check', '/nowhere/x.yaml'], /\/nowhere\/x\.yaml/],
    ['two files', ['check', 'a.yaml', 'b.yaml'], /too many arguments for 'check'/],
    ['a request that is none', ['check', '--explain', 'FOO', hedged], /expected a method and a path.*; found "FOO"/],
    ['a port that is none', ['backend', 'work', '--port', '70000'], /Allowed: 0 to 65535/],
    [
      'a profile that is none',
      ['backend', 'wrok'],
      /"wrok" is neither a built-in profile \(work, work-fixed, accounts, async\) nor a file/,
    ],
    ['a change that is not JSON', ['backend', 'work', '--set', '{'], /--set is not JSON/],
    ['a change that the profile refuses', ['backend', 'work', '--set', '{"refuse":3}'], /refuse/],
  ]
  for (const [name, args, expected] of badUsages) {
    it(`refuses ${name} with exit code 2`, async (t) => {
      const { code, errors, output } = await runCommand(t, args)
      assert.equal(code, 2, errors)
      assert.match(errors, expected)
      assert.equal(output, '')
    })
  }
})

describe('hedgerow check', () => {
  it('accepts a valid configuration', async (t) => {
    const { code, output } = await runCommand(t, ['check', join(root, 'examples/hedged.yaml')])
    assert.equal(code, 0)
    assert.match(output, /is valid \(1 route, 1 upstream\)/)
  })

  it('reports all errors with their positions, and exits with 2', async (t) => {
    const file = configFile(t, 'listen: { prot: 1 }\nroutes:\n  - match: GET /a\n    forward: { upstream: wrok }\n')
    const { code, errors } = await runCommand(t, ['check', file])
    assert.equal(code, 2)
    assert.match(errors, /hedgerow\.yaml:1:11\s+listen\.prot/)
    assert.match(errors, /hedgerow\.yaml:4:\d+\s+routes\[0\]\.forward\.upstream/)
    assert.match(errors, /2 errors/)
  })

  it('explains the stack of the route that serves a request', async (t) => {
    const file = join(root, 'examples/hedged.yaml')
    const { code, output, errors } = await runCommand(t, ['check', '--explain', 'GET /api/smart?timeout=800', file])
    assert.equal(code, 0, errors)
    assert.match(output, /^GET \/api\/smart is served by `GET \/api\/smart` \(routes\[0\]\):\n\n {2}deadline /)
    assert.match(output, /\n {4}upstream {2,}work /)
  })

  it('exits with 1 if no route serves the request to explain', async (t) => {
    const { code, errors } = await runCommand(t, ['check', '--explain', 'GET /x', join(root, 'examples/hedged.yaml')])
    assert.deepEqual([code, errors], [1, 'GET /x: No route matches this path\n'])
  })
})

describe('hedgerow schema', () => {
  it('prints a JSON Schema', async (t) => {
    const { code, output } = await runCommand(t, ['schema'])
    assert.equal(code, 0)
    assert.ok('$schema' in (JSON.parse(output) as object))
  })
})

describe('hedgerow serve', () => {
  it('serves until SIGTERM, with its pid in a file and its log in another, and exits with 0', async (t) => {
    const backend = await startBackend({ profile: readyProfiles['work-fixed'](), port: 0 })
    t.after(() => backend.close())
    const file = configFile(
      t,
      `listen: { port: 0 }\nupstreams: { w: { targets: ['${backend.url}'] } }\nroutes: [{ match: /, forward: { upstream: w, path: /api/work } }]\n`,
    )
    const [pidFile, logFile] = [join(folder(t), 'pid'), join(folder(t), 'log')]
    const running = startCommand(t, ['serve', '--pid-file', pidFile, '--log-file', logFile, file])
    const url = await eventually(() => /on (http:\S+),/.exec(readFileSync(logFile, 'utf8'))?.[1])
    assert.equal(await (await fetch(url)).text(), '{"time":250}')
    const pid = Number(readFileSync(pidFile, 'utf8'))
    assert.equal(pid, running.process.pid)
    process.kill(pid, 'SIGTERM')
    const { code, errors } = await running.ended
    assert.equal(code, 0)
    assert.equal(errors, '')
    assert.equal(existsSync(pidFile), false)
    assert.match(readFileSync(logFile, 'utf8'), /ended/)
  })

  it('finishes a call in flight after SIGTERM, and exits at once on a second signal', async (t) => {
    const backend = await startBackend({
      profile: {
        endpoints: {
          'GET /slow': { latency: { kind: 'fixed', ms: 600 } },
          'GET /hang': { faults: { hangAfterAccept: 1 } },
        },
      },
      port: 0,
    })
    t.after(() => backend.close())
    const file = configFile(
      t,
      `listen: { port: 0 }\nupstreams: { w: { targets: ['${backend.url}'] } }\nroutes: [{ match: /*, forward: { upstream: w } }]\n`,
    )
    const first = startCommand(t, ['serve', file])
    await first.printed(/on (http:\S+),/)
    const url = /on (http:\S+),/.exec(first.errors())?.[1] ?? ''
    const answer = fetch(`${url}/slow`)
    await eventually(() => (backend.stats().inFlight > 0 ? true : undefined))
    first.process.kill('SIGTERM')
    assert.equal((await answer).status, 200)
    assert.equal((await first.ended).code, 0)

    const second = startCommand(t, ['serve', file])
    await second.printed(/on (http:\S+),/)
    const hanging = fetch(`${/on (http:\S+),/.exec(second.errors())?.[1]}/hang`).catch(() => 'cut off')
    await eventually(() => (backend.stats().inFlight > 0 ? true : undefined))
    second.process.kill('SIGTERM')
    await second.printed('SIGTERM')
    second.process.kill('SIGTERM')
    assert.equal((await second.ended).code, 1)
    assert.equal(await hanging, 'cut off')
  })

  it('names the port that is taken and the setting to change, and exits with 1', async (t) => {
    const port = await takenPort(t)
    const front = await runCommand(t, ['serve', configFile(t, `listen: { port: ${port} }\n`)])
    assert.equal(front.code, 1)
    assert.match(front.errors, new RegExp(`port ${port} on 127.0.0.1 is taken: set listen\\.port in \\S+ to another`))
    const admin = await runCommand(t, ['serve', configFile(t, `listen: { port: 0 }\nadmin: { port: ${port} }\n`)])
    assert.equal(admin.code, 1)
    assert.match(admin.errors, /set admin\.port/)
  })
})

describe('hedgerow backend', () => {
  it('runs a built-in profile with a change, and ends at SIGTERM', async (t) => {
    const running = startCommand(t, [
      'backend',
      'work',
      '--set',
      '{"endpoints":{"GET /api/work":{"latency":{"kind":"fixed","ms":1},"status":{"503":1},"faults":{}}}}',
    ])
    await running.printed(/on (http:\S+);/)
    const url = /on (http:\S+);/.exec(running.errors())?.[1] ?? ''
    assert.equal((await fetch(`${url}/api/work`)).status, 503)
    running.process.kill('SIGTERM')
    assert.equal((await running.ended).code, 0)
  })
})

/** Retries until `look` finds a value; the file may be missing or incomplete. */
async function eventually<T>(look: () => T | undefined): Promise<T> {
  for (let tries = 0; tries < 200; tries++) {
    try {
      const found = look()
      if (found !== undefined) return found
    } catch {
      // Not there yet.
    }
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error('it did not come within 10 s')
}
