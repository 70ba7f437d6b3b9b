import { freePort } from '../kit/processes.ts'
import type { Peer } from './peer.ts'

export const haproxy: Peer = {
  name: 'HAProxy',
  needs: [{ name: 'haproxy', debianPackage: 'haproxy' }],
  async start(core, { stage, backendPort }) {
    const port = await freePort()
    const file = stage.file(
      'haproxy.cfg',
      `global
  nbthread 1
  maxconn 8000
defaults
  mode http
  timeout connect 5s
  timeout client 1h
  timeout server 1h
  option forwardfor
  http-reuse always
frontend front
  bind 127.0.0.1:${port} backlog 4096
  unique-id-format %[uuid()]
  unique-id-header X-Request-Id
  http-response set-header X-Request-Id %[unique-id]
  default_backend work
backend work
  server one 127.0.0.1:${backendPort} pool-purge-delay 1h
`,
    )
    const pid = await stage.start({ cores: core, port, command: 'haproxy', args: ['-db', '-f', file] })
    return { port, pid }
  },
}
