import { startNginx } from '../kit/nginx.ts'
import { freePort } from '../kit/processes.ts'
import type { Peer } from './peer.ts'

export const nginx: Peer = {
  name: 'nginx',
  needs: [{ name: 'nginx', debianPackage: 'nginx-light' }],
  async start(core, { stage, backendPort }) {
    const port = await freePort()
    const servers = `${keptUpstream(backendPort)}
server { listen 127.0.0.1:${port} backlog=4096;
  add_header X-Request-Id $request_id;
  location / { ${passOn} }
  location /bodies/ { ${passOn} ${forLargeBodies} } }`
    return { port, pid: await startNginx(stage, { name: 'nginx', cores: core, port, servers }) }
  },
}

/** Tuned for it: half the CPU at 1 MiB. And no temporary file, as no other peer writes one. */
const forLargeBodies = `proxy_buffer_size 32k; proxy_buffers 8 32k; proxy_busy_buffers_size 64k; proxy_max_temp_file_size 0;`

export function keptUpstream(port: number): string {
  return `upstream work { server 127.0.0.1:${port}; keepalive 2048; keepalive_requests 1000000000; }`
}

export const passOn = `proxy_pass http://work; proxy_http_version 1.1; proxy_set_header Connection "";
    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; proxy_set_header X-Request-Id $request_id;`
