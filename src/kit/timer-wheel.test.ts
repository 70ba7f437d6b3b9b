import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { TimerWheel } from './timer-wheel.ts'

/** Longest delay of Node's timers: longer ones fire after 1 ms instead. */
const maxSystemDelayMs = 2 ** 31 - 1

/** A machine with one timer, whose time only moves when the test moves it. */
class Machine {
  nowMs: number
  wakeCount = 0
  lastWakeMs = 0
  /** Data in the sockets, which the next poll reads. */
  inSockets: () => void = () => {}
  #wake: { readonly dueMs: number; readonly action: () => void } | undefined
  #afterPoll: (() => void) | undefined
  readonly wheel: TimerWheel

  constructor(startMs = 0, beatMs?: number) {
    this.nowMs = startMs
    this.wheel = new TimerWheel({
      now: () => this.nowMs,
      wake: (delayMs, action) => this.#arm(delayMs, action),
      afterPoll: (next) => {
        assert.equal(this.#wake ?? this.#afterPoll, undefined, 'it waits for one thing at a time')
        this.#afterPoll = next
        return () => {
          this.#afterPoll = undefined
        }
      },
      ...(beatMs !== undefined && { beatMs }),
    })
  }

  get wakeDueMs(): number | undefined {
    return this.#wake?.dueMs
  }

  after(delayMs: number, action: () => void): { cancel(): void } {
    return this.wheel.add(this.nowMs + delayMs, action)
  }

  /** Jumps ahead in one step: if the machine's timer fell due on the way, it fires late. */
  jump(byMs: number): void {
    this.nowMs += byMs
    if (this.#wake !== undefined && this.#wake.dueMs <= this.nowMs) this.fire()
  }

  /** Fires the machine's timer now, due or not. */
  fire(): void {
    const action = this.#wake?.action
    this.#wake = undefined
    this.wakeCount++
    this.lastWakeMs = this.nowMs
    action?.()
    const read = this.inSockets
    this.inSockets = () => {}
    read()
    const next = this.#afterPoll
    this.#afterPoll = undefined
    next?.()
  }

  /** Moves time and fires the machine's timer on time. */
  advance(byMs: number): void {
    const untilMs = this.nowMs + byMs
    while (this.#wake !== undefined && this.#wake.dueMs <= untilMs) {
      this.nowMs = Math.max(this.nowMs, this.#wake.dueMs)
      this.fire()
    }
    this.nowMs = untilMs
  }

  #arm(delayMs: number, action: () => void): () => void {
    assert.equal(this.#wake ?? this.#afterPoll, undefined, 'it waits for one thing at a time')
    assert.ok(delayMs >= 0 && delayMs <= maxSystemDelayMs, `a delay that the system takes: ${delayMs}`)
    const wake = { dueMs: this.nowMs + delayMs, action }
    this.#wake = wake
    return () => {
      if (this.#wake === wake) this.#wake = undefined
    }
  }
}

describe('TimerWheel', () => {
  for (const delayMs of [
    0, 0.5, 1, 255, 255.5, 256, 257, 511, 512, 65_535, 65_536, 65_537, 131_072, 16_777_214, 16_777_215, 16_777_216,
    16_777_217, 40_000_000, 3_000_000_000,
  ]) {
    it(`runs a timer of ${delayMs} ms once, not early, and less than 2 ms late`, () => {
      for (const startMs of [0, 0.25, 255, 256, 65_535.75, 16_777_215, 1_234_567.5]) {
        const machine = new Machine(startMs)
        const ranAt: number[] = []
        machine.after(delayMs, () => ranAt.push(machine.nowMs))
        machine.advance(delayMs + 70_000)
        assert.equal(ranAt.length, 1)
        const lateMs = (ranAt[0] as number) - startMs - delayMs
        assert.ok(lateMs >= 0 && lateMs < 2, `${lateMs} ms late, from ${startMs}`)
        assert.equal(machine.wheel.size, 0)
        assert.equal(machine.wakeDueMs, undefined)
      }
    })
  }

  it('runs nothing inside add, not even a timer that is already due', () => {
    const machine = new Machine(100)
    let ran = false
    machine.wheel.add(50, () => {
      ran = true
    })
    assert.equal(ran, false)
    machine.advance(1)
    assert.equal(ran, true)
  })

  it('runs a timer added by an action, not early and not inside that action', () => {
    const machine = new Machine()
    const ran: string[] = []
    machine.after(10, () => {
      machine.after(0, () => ran.push(`added ${machine.nowMs}`))
      machine.after(300, () => ran.push(`later ${machine.nowMs}`))
      ran.push(`first ${machine.nowMs}`)
    })
    machine.advance(1000)
    assert.deepEqual(ran, ['first 10', 'added 11', 'later 310'])
  })

  it('does not run a timer that an action cancels, in the same millisecond or later', () => {
    const machine = new Machine()
    const ran: string[] = []
    machine.after(10, () => {
      ran.push('first')
      same.cancel()
      later.cancel()
    })
    const same = machine.after(10, () => ran.push('same'))
    const later = machine.after(600, () => ran.push('later'))
    machine.after(700, () => ran.push('last'))
    machine.advance(1000)
    assert.deepEqual(ran, ['first', 'last'])
  })

  it('allows cancelling a timer twice, after it has run, and from its own action', () => {
    const machine = new Machine()
    let runs = 0
    const itself = machine.after(5, () => {
      runs++
      itself.cancel()
    })
    const other = machine.after(7, () => runs++)
    machine.advance(6)
    other.cancel()
    other.cancel()
    itself.cancel()
    assert.equal(machine.wheel.size, 0)
    machine.advance(100)
    assert.equal(runs, 1)
  })

  it('keeps the machine asleep when the last timer has been cancelled', () => {
    const machine = new Machine()
    machine.after(1000, () => {}).cancel()
    assert.equal(machine.wakeDueMs, undefined)
    machine.advance(10_000)
    assert.equal(machine.wakeCount, 0)
  })

  it('wakes the machine sooner for a timer that is due sooner', () => {
    const machine = new Machine()
    machine.after(1000, () => {})
    machine.after(20, () => {})
    assert.equal(machine.wakeDueMs, 20)
  })

  it('runs other timers on time when an action throws', () => {
    const machine = new Machine()
    const ran: string[] = []
    machine.after(10, () => {
      throw new Error('a fault')
    })
    machine.after(10, () => ran.push(`same ${machine.nowMs}`))
    machine.after(12, () => ran.push(`next ${machine.nowMs}`))
    assert.throws(() => machine.advance(10), /a fault/)
    machine.advance(20)
    assert.deepEqual(ran, ['same 10', 'next 12'])
    assert.equal(machine.wheel.size, 0)
  })
})

describe('TimerWheel after a stall of its thread', () => {
  it('runs no timer before the sockets are read if it wakes late', () => {
    const machine = new Machine()
    const ran: string[] = []
    const deadline = machine.after(1000, () => ran.push('deadline'))
    machine.after(1000, () => ran.push('other deadline'))
    machine.inSockets = () => {
      ran.push('answer')
      deadline.cancel()
    }
    machine.jump(3000)
    assert.deepEqual(ran, ['answer', 'other deadline'])
  })

  it('runs due timers immediately if it wakes on time', () => {
    const machine = new Machine()
    const ran: string[] = []
    machine.after(1000, () => ran.push('deadline'))
    machine.inSockets = () => ran.push('answer')
    machine.advance(1000)
    assert.deepEqual(ran, ['deadline', 'answer'])
  })

  it('waits for another socket read for timers that fell due during the first', () => {
    const machine = new Machine()
    const ran: string[] = []
    machine.after(10, () => ran.push('due'))
    machine.inSockets = () => {
      const connecting = machine.after(2000, () => assert.fail('it was connected long ago'))
      machine.nowMs += 5000
      machine.inSockets = () => {
        ran.push('connected')
        connecting.cancel()
      }
    }
    machine.jump(3000)
    assert.deepEqual(ran, ['due'])
    machine.advance(1)
    assert.deepEqual(ran, ['due', 'connected'])
  })

  it('stays asleep when the responses have cancelled all due timers', () => {
    const machine = new Machine()
    const deadline = machine.after(1000, () => assert.fail('the answer was there'))
    machine.inSockets = () => deadline.cancel()
    machine.jump(3000)
    assert.equal(machine.wakeDueMs, undefined)
    machine.after(10, () => {})
    assert.equal(machine.wakeDueMs, 3010)
  })

  it('accepts timers while it waits for the sockets', () => {
    const machine = new Machine()
    const ran: string[] = []
    machine.after(1000, () => ran.push('due'))
    machine.inSockets = () => void machine.after(5, () => ran.push('added'))
    machine.jump(3000)
    assert.deepEqual(ran, ['due'])
    machine.advance(10)
    assert.deepEqual(ran, ['due', 'added'])
  })

  it('reports a stall that delayed no timer, before its own wake-up', () => {
    const machine = new Machine(0, 50)
    machine.after(10_000, () => {})
    machine.advance(1000)
    assert.equal(machine.wheel.stalledMs, 0)
    machine.nowMs += 3000
    assert.equal(machine.wheel.stalledMs, 2950)
    machine.fire()
    machine.advance(1000)
    assert.equal(machine.wheel.stalledMs, 2950)
  })

  it('beats only while timers are pending', () => {
    const machine = new Machine(0, 50)
    const timer = machine.after(10_000, () => {})
    machine.advance(500)
    assert.equal(machine.wakeCount, 10)
    timer.cancel()
    assert.equal(machine.wakeDueMs, undefined)
  })
})

/** A timer in the naive model. */
interface Known {
  readonly dueMs: number
  readonly addedMs: number
  readonly timer: { cancel(): void }
  cancelled: boolean
  ranMs: number | undefined
}

type InAction =
  | { readonly do: 'nothing' }
  | { readonly do: 'add'; readonly delayMs: number }
  | { readonly do: 'cancel'; readonly index: number }

type Command =
  | { readonly do: 'add'; readonly delayMs: number; readonly inAction: InAction }
  | { readonly do: 'cancel'; readonly index: number }
  | { readonly do: 'advance' | 'jump'; readonly byMs: number }
  | { readonly do: 'fire' }

const spanMs = fc
  .tuple(
    fc.oneof(
      fc.nat(4),
      fc.nat(300),
      fc.constantFrom(255, 256, 257, 65_535, 65_536, 65_537, 16_777_215, 16_777_216),
      fc.nat(70_000),
      fc.nat(17_000_000),
      fc.nat(60_000_000),
    ),
    fc.constantFrom(0, 0, 0.25, 0.5, 0.875),
  )
  .map(([whole, fraction]) => whole + fraction)

const index = fc.nat(1000)

const inAction: fc.Arbitrary<InAction> = fc.oneof(
  { weight: 3, arbitrary: fc.constant<InAction>({ do: 'nothing' }) },
  fc.record({ do: fc.constant('add' as const), delayMs: spanMs }),
  fc.record({ do: fc.constant('cancel' as const), index }),
)

const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('add' as const), delayMs: spanMs, inAction }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('cancel' as const), index }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('advance' as const, 'jump' as const), byMs: spanMs }) },
  fc.constant<Command>({ do: 'fire' }),
)

/** A plain list of timers that the wheel must agree with after each command. */
class Model {
  readonly machine: Machine
  readonly timers: Known[] = []
  #ran: Known[] = []

  constructor(startMs: number) {
    this.machine = new Machine(startMs)
  }

  apply(command: Command): void {
    this.#ran = []
    if (command.do === 'add') this.#add(command.delayMs, command.inAction)
    else if (command.do === 'cancel') this.#cancel(command.index)
    else if (command.do === 'fire') this.machine.fire()
    else this.machine[command.do](command.byMs)
    this.#check()
  }

  runOut(): void {
    while (this.machine.wakeDueMs !== undefined) {
      this.apply({ do: 'advance', byMs: this.machine.wakeDueMs - this.machine.nowMs })
    }
    for (const known of this.timers) assert.equal(known.ranMs === undefined, known.cancelled, 'once, unless cancelled')
    assert.equal(this.machine.wheel.size, 0)
  }

  #add(delayMs: number, inAction: InAction): void {
    const { machine } = this
    const known: Known = {
      dueMs: machine.nowMs + delayMs,
      addedMs: machine.nowMs,
      cancelled: false,
      ranMs: undefined,
      timer: machine.after(delayMs, () => {
        this.#run(known)
        if (inAction.do === 'add') this.#add(inAction.delayMs, { do: 'nothing' })
        if (inAction.do === 'cancel') this.#cancel(inAction.index)
      }),
    }
    this.timers.push(known)
  }

  #cancel(index: number): void {
    const known = this.timers[index % Math.max(1, this.timers.length)]
    if (known === undefined) return
    known.timer.cancel()
    if (known.ranMs === undefined) known.cancelled = true
  }

  #run(known: Known): void {
    assert.equal(known.ranMs, undefined, 'not twice')
    assert.equal(known.cancelled, false, 'not when cancelled')
    assert.ok(this.machine.nowMs >= known.dueMs, `not early: ${this.machine.nowMs} for ${known.dueMs}`)
    known.ranMs = this.machine.nowMs
    this.#ran.push(known)
  }

  #check(): void {
    const { machine } = this
    const waiting = this.timers.filter(({ ranMs, cancelled }) => ranMs === undefined && !cancelled)
    assert.equal(machine.wheel.size, waiting.length)
    assert.equal(machine.wakeDueMs === undefined, waiting.length === 0, 'awake only if anything waits')
    // A timer already due when added runs at the next tick.
    const tick = Math.floor(machine.lastWakeMs)
    const overdue = waiting.filter(({ dueMs, addedMs }) => Math.ceil(dueMs) <= tick && Math.floor(addedMs) < tick)
    assert.deepEqual(overdue, [], 'not later than the wake after it is due')
    const earliestMs = Math.max(machine.nowMs, Math.min(...waiting.map(({ dueMs }) => dueMs)))
    assert.ok((machine.wakeDueMs ?? 0) < earliestMs + 2, `awake in time for ${earliestMs}: ${machine.wakeDueMs}`)
    const ticks = this.#ran.filter(({ dueMs, addedMs }) => dueMs > addedMs).map(({ dueMs }) => Math.ceil(dueMs))
    assert.deepEqual(
      ticks,
      ticks.toSorted((a, b) => a - b),
      'in order of due tick',
    )
  }
}

describe('TimerWheel compared with a naive model', () => {
  it('runs every timer that is not cancelled exactly once, in order and never early, and forgets it', () => {
    const start = fc.tuple(fc.nat(40_000_000), fc.constantFrom(0, 0.5)).map(([whole, fraction]) => whole + fraction)
    fc.assert(
      fc.property(start, fc.array(command, { maxLength: 60 }), (startMs, commands) => {
        const model = new Model(startMs)
        for (const command of commands) model.apply(command)
        model.runOut()
      }),
      { numRuns: 1500 },
    )
  })

  it('runs none of many timers late within the first two wheels', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(1000), { minLength: 50, maxLength: 200 }), fc.nat(1000), (delays, startMs) => {
        const machine = new Machine(startMs)
        const ran: number[] = []
        for (const delayMs of delays) machine.after(delayMs, () => ran.push(machine.nowMs - startMs))
        machine.advance(1002)
        const due = delays.map((delayMs) => Math.max(1, delayMs)).toSorted((a, b) => a - b)
        assert.deepEqual(ran, due)
      }),
      { numRuns: 200 },
    )
  })
})
