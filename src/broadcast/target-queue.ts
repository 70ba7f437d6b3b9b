/** An item that waits for its turn at one target. `lane`: undefined = unordered. */
export interface Queued {
  readonly lane: string | undefined
}

/**
 * The order of sending at one target. Only the first item of each lane may be sent, and it keeps its position until it
 * is released; at most `concurrency` items are out at a time. Lanes share the target first come, first served.
 */
export class TargetQueue<T extends Queued> {
  readonly name: string
  #concurrency: number
  readonly #lanes = new Map<string, T[]>()
  #ready: T[] = []
  /** Index of the first ready item. Taken items are removed in bulk, because `shift` would move all items each time. */
  #readyFrom = 0
  #out = 0

  constructor(name: string, concurrency: number) {
    this.name = name
    this.#concurrency = concurrency
  }

  /** If more items are out already, none is taken until enough are back. */
  limit(concurrency: number): void {
    this.#concurrency = concurrency
  }

  get isEmpty(): boolean {
    return this.#out === 0 && this.#lanes.size === 0 && this.#readyFrom >= this.#ready.length
  }

  get out(): number {
    return this.#out
  }

  /** Joins the end of its lane; ready at once if it is alone there. */
  join(item: T, isDue: boolean): void {
    if (this.#isHeadAfterJoining(item) && isDue) this.#ready.push(item)
  }

  /** Its wait is over: it is ready if it is at the head of its lane. */
  due(item: T): void {
    if (this.#isHead(item)) this.#ready.push(item)
  }

  /** The next item to send, now out; undefined at the limit, or if none is ready. */
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

  /** Counts an item as out that was out when it joined. */
  isOut(): void {
    this.#out++
  }

  /** Its attempt has ended; the item keeps its position in its lane. */
  back(): void {
    this.#out--
  }

  /** Must not be sent; keeps its position in its lane until it is released. */
  hold(item: T): void {
    const index = this.#ready.indexOf(item, this.#readyFrom)
    if (index >= 0) this.#ready.splice(index, 1)
  }

  /** Holds all items that are not `wanted`, at the cost of one `hold`. */
  holdAllBut(wanted: (item: T) => boolean): void {
    this.#ready = this.#ready.slice(this.#readyFrom).filter(wanted)
    this.#readyFrom = 0
  }

  /** The item is done here. Returns the new head of its lane, for the caller to mark as `due` if it is. */
  release(item: T): T | undefined {
    if (item.lane === undefined) return undefined
    const lane = this.#lanes.get(item.lane)
    if (lane === undefined) throw new Error(`there is no lane ${item.lane} to release from`)
    const index = lane.indexOf(item)
    if (index < 0) throw new Error(`lane ${item.lane} was to release what is not in it`)
    lane.splice(index, 1)
    if (lane.length === 0) this.#lanes.delete(item.lane)
    return index === 0 ? lane[0] : undefined
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
