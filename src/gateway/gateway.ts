import type { AddressInfo } from 'node:net'
import type { Admin } from '../admin/http-server.ts'
import type { Inspector } from '../admin/inspector.ts'
import type { Reloaded } from '../admin/resources/reload.ts'
import type { Config } from '../config/schema.ts'
import { canSharePort, withPossibleWorkers, workerRange } from '../config/workers.ts'
import type { EventBus } from '../kit/event-bus.ts'
import type { GatewayDeps } from './gateway-deps.ts'
import { RunningGateway } from './running-gateway.ts'

export interface Gateway {
  /** The front's address. */
  readonly address: AddressInfo
  readonly admin: Admin | undefined
  /** Events of this thread only. */
  readonly events: EventBus
  /** Covers all threads. */
  readonly view: Inspector
  /** Puts another configuration in force for new calls; calls in flight keep the old one. */
  reload(config: Config): Promise<Reloaded>
  /** Call this when a configuration was read that cannot be put in force. */
  reloadRefused(): void
  /** Graceful end: no new connections; calls in flight may finish within the configured time; then all is closed. */
  drain(): Promise<void>
  /** Closes immediately. */
  close(): Promise<void>
}

/** Rejects, with nothing left open, if a part cannot open. */
export async function startGateway(config: Config, deps: GatewayDeps): Promise<Gateway> {
  const { platform = process.platform, log } = deps
  if (workerRange(config.workers) !== undefined && !canSharePort(platform)) {
    log?.(`${platform} cannot share a port among threads: serving in one thread, not in workers`, 'warn')
  }
  const gateway = new RunningGateway(withPossibleWorkers(config, platform), deps)
  try {
    await gateway.start()
    return gateway
  } catch (error) {
    // If one part cannot open, none stays open.
    if (deps.stop?.aborted === true) await gateway.drain()
    else await gateway.close()
    throw error
  }
}
