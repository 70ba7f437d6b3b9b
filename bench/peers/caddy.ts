import { freePort } from '../kit/processes.ts'
import type { Peer } from './peer.ts'

export const caddy: Peer = {
  name: 'Caddy',
  needs: [{ name: 'caddy', debianPackage: 'caddy' }],
  async start(core, { stage, backendPort }) {
    const port = await freePort()
    const file = stage.file(
      'Caddyfile',
      `{
  admin off
  auto_https off
}
http://127.0.0.1:${port} {
  bind 127.0.0.1
  header X-Request-Id {http.request.uuid}
  reverse_proxy 127.0.0.1:${backendPort} {
    header_up X-Request-Id {http.request.uuid}
    transport http {
      keepalive 1h
      keepalive_idle_conns 2048
      keepalive_idle_conns_per_host 2048
    }
  }
}
`,
    )
    const pid = await stage.start({
      cores: core,
      port,
      command: 'caddy',
      args: ['run', '--adapter', 'caddyfile', '--config', file],
      // Its own folder instead of the user's; one thread for Go code, as it has one core.
      env: { XDG_DATA_HOME: stage.folder, XDG_CONFIG_HOME: stage.folder, GOMAXPROCS: '1' },
    })
    return { port, pid }
  },
}
