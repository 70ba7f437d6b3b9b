import { z } from 'zod'
import { host, port } from '../../kit/address-schema.ts'
import { duration, size, wholeNumber } from '../../kit/schema.ts'

export const listenerOptions = z
  .strictObject({
    host: host
      .prefault('127.0.0.1')
      .describe('The address to listen on. `0.0.0.0` or `::` opens the gateway to other machines.'),
    port: port.prefault(8080).describe('0 takes any free port.'),
    maxConnections: wholeNumber({ min: 1, max: 1_000_000 })
      .prefault(20_000)
      .describe(
        'The most client connections; further ones are closed at once. Each takes a file descriptor, and each call one more for its target: the gateway warns at startup if the process may not open that many.',
      ),
    headerSize: size().prefault('16KiB').describe("The largest request header; more gets 431. Node's default."),
    headerCount: wholeNumber({ min: 1, max: 2000 })
      .prefault(100)
      .describe("The most fields in a request header; more gets 431. Apache's default."),
    headerTimeout: duration({ min: 1 })
      .prefault('10s')
      .describe('How long a client may take to send its request header; longer gets 408.'),
    requestTimeout: duration({ min: 1 })
      .prefault('5m')
      .describe("How long a client may take to send its whole request; longer gets 408. Node's default."),
    keepAlive: duration({ min: 1 }).prefault('60s').describe('How long an unused client connection is kept open.'),
  })
  .describe('Where clients connect, and what they may send.')

export type ListenSection = z.output<typeof listenerOptions>
