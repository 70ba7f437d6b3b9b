import { join } from 'node:path'
import type { Stage } from './stage.ts'

export interface NginxPlan {
  readonly name: string
  readonly cores: number | string
  readonly port: number
  /** Contents of the `http` block. */
  readonly servers: string
  /** Directives at the top of the file, such as `load_module`. */
  readonly head?: string
  readonly workers?: number
}

/** Starts nginx in its own folder, without an access log. */
export function startNginx(stage: Stage, { name, cores, port, servers, head = '', workers = 1 }: NginxPlan) {
  const place = (what: string): string => join(stage.folder, `${name}-${what}`)
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path ${place(kind)};`,
  )
  // Started by root, its workers would run as nobody, who may not read the folder.
  const user = process.getuid?.() === 0 ? 'user root;' : ''
  const file = stage.file(
    `${name}.conf`,
    `${head}
${user} daemon off; worker_processes ${workers}; pid ${place('pid')}; error_log ${place('errors')};
events { worker_connections 16384; }
http { access_log off; keepalive_requests 1000000000; keepalive_timeout 1h; ${temporary.join(' ')}
${servers} }`,
  )
  return stage.start({ cores, port, command: 'nginx', args: ['-c', file, '-e', place('errors')] })
}
