import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { startNginx } from '../kit/nginx.ts'
import { freePort } from '../kit/processes.ts'
import type { Stage } from '../kit/stage.ts'
import { keptUpstream, passOn } from './nginx.ts'
import type { Running } from './peer.ts'

/** Module folders of nginx in Debian and others. */
const moduleFolders = ['/usr/lib/nginx/modules', '/usr/lib64/nginx/modules', '/etc/nginx/modules']
const moduleNames = ['ndk_http_module.so', 'ngx_http_lua_module.so']

export interface LuaPlan {
  readonly core: number
  readonly backendPort: number
  /** The result of `findLua`. */
  readonly modules: readonly string[]
  /** `GET /all/2` makes two calls. */
  readonly counts: readonly number[]
}

/** The module files, in the order in which nginx has to load them. */
export function findLua(): readonly string[] | undefined {
  const folder = moduleFolders.find((one) => moduleNames.every((name) => existsSync(join(one, name))))
  return folder === undefined ? undefined : moduleNames.map((name) => join(folder, name))
}

/**
 * nginx with hand-written concurrent calls, whose bodies it joins to a JSON array. Unlike Hedgerow it does not check
 * that they are JSON.
 */
export async function startLua(stage: Stage, { core, backendPort, modules, counts }: LuaPlan): Promise<Running> {
  const port = await freePort()
  const locations = counts.map((calls) => `location = /all/${calls} { content_by_lua_block { ${program(calls)} } }`)
  const pid = await startNginx(stage, {
    name: 'lua',
    cores: core,
    port,
    head: modules.map((module) => `load_module ${module};`).join('\n'),
    servers: `${keptUpstream(backendPort)}
server { listen 127.0.0.1:${port} backlog=4096; default_type application/json;
  location /inner/ { internal; rewrite ^/inner(.*)$ $1 break; ${passOn} }
  add_header X-Request-Id $request_id;
  ${locations.join('\n  ')} }`,
  })
  return { port, pid }
}

function program(calls: number): string {
  const each = Array.from({ length: calls }, () => '{ "/inner/api/work" }').join(', ')
  return `
    local answers = { ngx.location.capture_multi({ ${each} }) }
    local bodies = {}
    for place, answer in ipairs(answers) do
      if answer.status ~= 200 then return ngx.exit(502) end
      bodies[place] = answer.body
    end
    local merged = "[" .. table.concat(bodies, ",") .. "]"
    ngx.header["Content-Length"] = #merged
    ngx.print(merged)
  `
}
