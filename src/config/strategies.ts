import { broadcastStrategy } from '../broadcast/broadcast.ts'
import { callbackStrategy } from '../callback/callback.ts'
import { allStrategy } from '../strategies/all/all.ts'
import { firstStrategy } from '../strategies/first/first.ts'
import { forwardStrategy } from '../strategies/forward/forward.ts'
import { hedgeStrategy } from '../strategies/hedge/hedge.ts'
import { quorumStrategy } from '../strategies/quorum/quorum.ts'

/** The strategies that a route can name, by their keys in the configuration. */
export const strategies = {
  forward: forwardStrategy,
  first: firstStrategy,
  all: allStrategy,
  quorum: quorumStrategy,
  hedge: hedgeStrategy,
  broadcast: broadcastStrategy,
  callback: callbackStrategy,
} as const

export type StrategyName = keyof typeof strategies
export const strategyNames = Object.keys(strategies) as readonly StrategyName[]
