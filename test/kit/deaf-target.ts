import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import type { TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'

const program = `
  const server = require('node:net').createServer()
  server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => console.log(server.address().port))
`

/**
 * A port that never answers a SYN, as behind a firewall that drops packets: a stopped process listens with a full
 * accept queue. Linux drops the SYNs that do not fit.
 */
export async function deafTarget(t: TestContext): Promise<number> {
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = await once(child.stdout, 'data')
  const port = Number(String(line))
  child.kill('SIGSTOP')
  const fillers = Array.from({ length: 4 }, () => connect(port, '127.0.0.1').on('error', () => {}))
  await sleep(100)
  t.after(async () => {
    for (const socket of fillers) socket.destroy()
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    await gone
  })
  return port
}
