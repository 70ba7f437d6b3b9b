export interface ServerEvent {
  readonly event: string
  readonly data: string
}

/** Parses server-sent events from a stream cut at any byte; an `EventSource` could not send the token. */
export class EventParser {
  #rest = ''
  #event = ''
  #data: string[] = []

  push(text: string): readonly ServerEvent[] {
    const lines = (this.#rest + text).split(/\r\n|\n|\r(?!$)/)
    this.#rest = lines.pop() ?? ''
    const events: ServerEvent[] = []
    for (const line of lines) {
      if (line === '') this.#finish(events)
      else this.#field(line)
    }
    return events
  }

  #field(line: string): void {
    const colon = line.indexOf(':')
    const name = colon === -1 ? line : line.slice(0, colon)
    const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '')
    if (name === 'event') this.#event = value
    else if (name === 'data') this.#data.push(value)
  }

  #finish(events: ServerEvent[]): void {
    if (this.#data.length > 0) events.push({ event: this.#event || 'message', data: this.#data.join('\n') })
    this.#event = ''
    this.#data = []
  }
}
