import type { Peer } from '../peers/peer.ts'
import { clockTime, share } from './format.ts'
import { type Contender, type Load, sideBySide } from './measure.ts'
import type { Case, MemoryRow } from './results.ts'
import { caseTable, othersShare, quietShare } from './tables.ts'

export interface Settings {
  readonly seconds: number
  readonly warmUpSeconds: number
  readonly rounds: number
  readonly peers: readonly Peer[]
  /** Numbers of connections for `forward`. */
  readonly connections: readonly number[]
  /** Number of comparisons of one contender, for the time estimate. */
  readonly expected: number
}

/** The core of the proxies, each alone there, and the core of everything else. */
export const proxyCore = 0
export const loadCore = 1

/** A run: collects results and prints them as they arrive. */
export class Session {
  readonly settings: Settings
  readonly cases: Case[] = []
  readonly memory: MemoryRow[] = []
  readonly leftOut: string[] = []
  readonly #beganMs = performance.now()

  constructor(settings: Settings) {
    this.settings = settings
  }

  /** The first contender is the reference for the others. */
  async compare(suite: string, name: string, connections: number, contenders: readonly Contender[]): Promise<void> {
    const { seconds, warmUpSeconds, rounds } = this.settings
    const load: Load = { connections, seconds, warmUpSeconds, rounds, cores: loadCore, watchedCore: proxyCore }
    const figures = await sideBySide(contenders, load, (contender, round) => {
      const which = round === 0 ? 'warming up' : `round ${round} of ${rounds}`
      this.tell(`${suite}, ${name}: ${contender}, ${which}`)
    })
    const found: Case = { suite, name, connections, figures }
    this.cases.push(found)
    this.print(`${suite}, ${name}\n${caseTable(found)}`)
    const others = othersShare([found])
    if (others > quietShare) this.print(`  BUSY: others took up to ${share(others)} of the proxies' core: repeat this`)
    this.print('')
  }

  remember(row: MemoryRow): void {
    this.memory.push(row)
  }

  leaveOut(what: string): void {
    this.leftOut.push(what)
    this.print(`LEFT OUT: ${what}\n`)
  }

  print(text: string): void {
    this.tell('')
    console.log(text)
  }

  /** Updates one line, on a terminal only. */
  tell(what: string): void {
    if (!process.stderr.isTTY) return
    const gone = clockTime((performance.now() - this.#beganMs) / 1000)
    process.stderr.write(`\r\x1b[K${what === '' ? '' : `${gone} of about ${this.expectedTime()}  ${what}`}`)
  }

  expectedTime(): string {
    const { seconds, warmUpSeconds, rounds, expected } = this.settings
    // Starting and ending programs takes half a second per measurement besides the load itself.
    return clockTime(expected * (warmUpSeconds + rounds * seconds) * 1.05)
  }
}
