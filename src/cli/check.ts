import type { Config } from '../config/schema.ts'
import { countOf } from '../kit/count-of.ts'
import { exitCodes } from './exit-codes.ts'
import { readConfig } from './read-config.ts'

export interface CheckOptions {
  /** `GET /path`. */
  readonly explain?: string | undefined
}

export async function check(file: string, { explain }: CheckOptions): Promise<void> {
  const config = await readConfig(file)
  if (config === undefined) return
  if (explain !== undefined) return explainRequest(config, explain)
  const routes = config.routes.length
  const upstreams = Object.keys(config.upstreams).length
  console.log(`${file} is valid (${countOf(routes, 'route')}, ${countOf(upstreams, 'upstream')})`)
}

async function explainRequest(config: Config, text: string): Promise<void> {
  // The query and the fragment have no say in which route serves a request.
  const [, method, path] = /^([A-Z-]+) (\/[^\s?#]*)(?:[?#]\S*)?$/.exec(text.trim()) ?? []
  if (method === undefined || path === undefined) {
    console.error(`--explain: expected a method and a path, such as 'GET /api/users/7'; found ${JSON.stringify(text)}`)
    process.exitCode = exitCodes.badUsage
    return
  }
  // Loaded here only: a plain check needs nothing of the gateway.
  const [{ explainRoute }, { systemClock }] = await Promise.all([
    import('../gateway/explain-route.ts'),
    import('../kit/clock.ts'),
  ])
  const explanation = explainRoute(config, method, path, systemClock())
  if (explanation.ok) console.log(explanation.value)
  else {
    console.error(`${method} ${path}: ${explanation.failure.detail}`)
    process.exitCode = exitCodes.runtimeError
  }
}
