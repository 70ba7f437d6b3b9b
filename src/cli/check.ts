import { countOf } from '../kit/count-of.ts'
import { readConfig } from './read-config.ts'

export async function check(file: string): Promise<void> {
  const config = await readConfig(file)
  if (config === undefined) return
  const routes = config.routes.length
  const upstreams = Object.keys(config.upstreams).length
  console.log(`${file} is valid (${countOf(routes, 'route')}, ${countOf(upstreams, 'upstream')})`)
}
