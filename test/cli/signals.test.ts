import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { ask } from '../kit/ask.ts'
import { atEnd } from '../kit/cleanup.ts'
import { type Running, startCommand } from '../kit/command.ts'
import { deadPort } from '../kit/gateway.ts'
import { until, within } from '../kit/until.ts'

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'hedgerow-signals-'))
  atEnd(t, () => rmSync(folder, { recursive: true, force: true }))
  return folder
}

function configFile(folder: string, text = 'listen: { port: 0 }\n'): string {
  const file = join(folder, 'hedgerow.yaml')
  writeFileSync(file, text)
  return file
}

/** Waits until the program has its own signal handlers; before that, only Node decides whether a signal ends it. */
function takesSignals({ process: { pid } }: Running): Promise<void> {
  const lastBit = 1n << 11n
  return until(
    'it takes SIGUSR2',
    () => {
      const [, caught = '0'] = /SigCgt:\s+(\w+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
      return (BigInt(`0x${caught}`) & lastBit) !== 0n
    },
    10_000,
  )
}

const onLinux = { skip: !existsSync('/proc/self/status') }

describe('hedgerow serve', onLinux, () => {
  for (const workers of [1, 2]) {
    it(`with ${workers === 1 ? 'one thread' : 'workers'} reloads at a SIGHUP sent during its start`, async (t) => {
      const running = startCommand(t, ['serve', configFile(folderOf(t), `listen: { port: 0 }\nworkers: ${workers}\n`)])
      await takesSignals(running)
      running.process.kill('SIGHUP')
      await within(30_000, 'reloaded', running.printed(/is in force/))
    })

    it(`with ${workers === 1 ? 'one thread' : 'workers'} exits with 0 at a SIGTERM sent during its start`, async (t) => {
      const running = startCommand(t, ['serve', configFile(folderOf(t), `listen: { port: 0 }\nworkers: ${workers}\n`)])
      await takesSignals(running)
      running.process.kill('SIGTERM')
      assert.equal((await running.ended).code, 0)
    })
  }

  it('exits with 0 at a SIGTERM while workers start behind an open port', async (t) => {
    const port = await deadPort()
    const text = `listen: { port: ${port} }\nworkers: 6\nindex: true\nroutes: []\n`
    const running = startCommand(t, ['serve', configFile(folderOf(t), text)])
    const answers = () => ask(`http://127.0.0.1:${port}/`).then(Boolean, () => false)
    await until('the first worker serves', answers, 20_000)
    assert.equal(running.errors(), '')
    running.process.kill('SIGTERM')
    const { code, errors } = await running.ended
    assert.equal(code, 0)
    assert.doesNotMatch(errors, /on http:/)
    assert.match(errors, /"SIGTERM: draining[\s\S]*"ended"/)
  })

  it('reopens its log file at SIGUSR1, and opens no inspector', async (t) => {
    const folder = folderOf(t)
    const log = join(folder, 'log')
    const running = startCommand(t, ['serve', configFile(folder), '--log-file', log])
    await until('it runs', () => existsSync(log) && readFileSync(log, 'utf8').includes('on http:'), 10_000)
    renameSync(log, `${log}.1`)
    running.process.kill('SIGUSR1')
    await until('the new file is there', () => existsSync(log))
    running.process.kill('SIGTERM')
    const { code, errors } = await running.ended
    assert.deepEqual([code, errors], [0, ''])
    assert.match(readFileSync(log, 'utf8'), /"ended"/)
  })

  it('exits with 0 whatever signals arrive while it ends', async (t) => {
    for (const late of ['SIGHUP', 'SIGUSR2'] as const) {
      const running = startCommand(t, ['serve', configFile(folderOf(t))])
      await running.printed('on http:')
      running.process.kill('SIGTERM')
      const timer = setInterval(() => running.process.kill(late), 1)
      t.after(() => clearInterval(timer))
      assert.equal((await running.ended).code, 0)
      clearInterval(timer)
    }
  })

  it('survives SIGUSR2, and says what to send instead', async (t) => {
    const running = startCommand(t, ['serve', configFile(folderOf(t))])
    await running.printed('on http:')
    running.process.kill('SIGUSR2')
    await running.printed(/SIGUSR2 is ignored: SIGHUP reloads/)
    running.process.kill('SIGTERM')
    assert.equal((await running.ended).code, 0)
  })
})

describe('hedgerow demo and backend', onLinux, () => {
  it('exit with 0 at a SIGTERM sent during their start, and leave nothing behind', async (t) => {
    const folder = folderOf(t)
    for (const args of [['demo'], ['backend', 'work']]) {
      const running = startCommand(t, args, { TMPDIR: folder })
      await takesSignals(running)
      running.process.kill('SIGTERM')
      assert.equal((await within(20_000, 'ended', running.ended)).code, 0)
    }
    assert.deepEqual(readdirSync(folder), [])
  })

  it('survive a SIGHUP sent during their start', async (t) => {
    const running = startCommand(t, ['backend', 'work'])
    await takesSignals(running)
    running.process.kill('SIGHUP')
    await running.printed('backend work')
    running.process.kill('SIGTERM')
    assert.equal((await running.ended).code, 0)
  })
})
