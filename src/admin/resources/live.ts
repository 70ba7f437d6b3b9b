import type { LiveStreams } from '../live-streams.ts'
import type { Resource } from '../resource.ts'

/** `/api/live`: the figures of each second as server-sent events. */
export function liveResource(streams: LiveStreams): Resource {
  return { path: '/api/live', methods: { GET: () => streams.answer() } }
}
