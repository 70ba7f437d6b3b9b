/** What waits for its turn at one target. `lane`: undefined = in no order. */
export interface Queued {
  readonly lane: string | undefined
}

/**
 * Whose turn it is at one target. Of each lane only the earliest may be sent, and it keeps its place until it is
 * released; at most `concurrency` are out at a time. In between: first come, first served.
 */
export class TargetQueue<T extends Queued> {
  readonly name: string
  #concurrency: number
  readonly #lanes = new Map<string, T[]>()
  #ready: T[] = []
  /** Where the ready ones begin: taken ones are cut off in bulk, as `shift` would move all of them each time. */
  #readyFrom = 0
  #out = 0

  constructor(name: string, concurrency: number) {
    this.name = name
    this.#concurrency = concurrency
  }

  /** If more are out already, none is taken until fewer are. */
  limit(concurrency: number): void {
    this.#concurrency = concurrency
  }

  get isEmpty(): boolean {
    return this.#out === 0 && this.#lanes.size === 0 && this.#readyFrom >= this.#ready.length
  }

  get out(): number {
    return this.#out
  }

  /** Joins the end of its lane; ready at once if it is the only one there. */
  join(item: T, isDue: boolean): void {
    if (this.#isHeadAfterJoining(item) && isDue) this.#ready.push(item)
  }

  /** It waits no longer for its time: it is ready if it is at the head of its lane. */
  due(item: T): void {
    if (this.#isHead(item)) this.#ready.push(item)
  }

  /** The next to be sent, now out; undefined while all places are taken or nobody is ready. */
  take(): T | undefined {
    if (this.#out >= this.#concurrency || this.#readyFrom >= this.#ready.length) return undefined
    const item = this.#ready[this.#readyFrom++] as T
    if (this.#readyFrom > 1024 && this.#readyFrom * 2 > this.#ready.length) {
      this.#ready = this.#ready.slice(this.#readyFrom)
      this.#readyFrom = 0
    }
    this.#out++
    return item
  }

  /** One that has joined is out already. */
  isOut(): void {
    this.#out++
  }

  /** Its attempt has ended; it keeps its place in its lane. */
  back(): void {
    this.#out--
  }

  /** It is not to be sent; it keeps its place in its lane until it is released. */
  hold(item: T): void {
    const place = this.#ready.indexOf(item, this.#readyFrom)
    if (place >= 0) this.#ready.splice(place, 1)
  }

  /** The same for all that are not `wanted`, at the price of one. */
  holdAllBut(wanted: (item: T) => boolean): void {
    this.#ready = this.#ready.slice(this.#readyFrom).filter(wanted)
    this.#readyFrom = 0
  }

  /** It has nothing more to do here. Answers who heads its lane now, for the caller to ready it if it is due. */
  release(item: T): T | undefined {
    if (item.lane === undefined) return undefined
    const lane = this.#lanes.get(item.lane)
    if (lane === undefined) throw new Error(`there is no lane ${item.lane} to release from`)
    const position = lane.indexOf(item)
    if (position < 0) throw new Error(`lane ${item.lane} was to release what is not in it`)
    lane.splice(position, 1)
    if (lane.length === 0) this.#lanes.delete(item.lane)
    return position === 0 ? lane[0] : undefined
  }

  #isHeadAfterJoining(item: T): boolean {
    if (item.lane === undefined) return true
    const lane = this.#lanes.get(item.lane)
    if (lane === undefined) this.#lanes.set(item.lane, [item])
    else lane.push(item)
    return lane === undefined
  }

  #isHead(item: T): boolean {
    return item.lane === undefined || this.#lanes.get(item.lane)?.[0] === item
  }
}
