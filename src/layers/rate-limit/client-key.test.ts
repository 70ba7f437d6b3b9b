import assert from 'node:assert/strict'
import { it } from 'node:test'
import { clientKey } from './client-key.ts'

const same: readonly (readonly [string, readonly string[]])[] = [
  ['192.0.2.7', ['192.0.2.7', '::ffff:192.0.2.7', '192.0.2.7:4711', '[::ffff:192.0.2.7]:4711']],
  [
    '2001:db8:1:2::/64',
    ['2001:db8:1:2::1', '2001:DB8:1:2:ffff:0:0:9', '2001:0db8:0001:0002::', '[2001:db8:1:2::5]:443'],
  ],
  ['2001:db8:0:0::/64', ['2001:db8::1', '2001:db8:0:0:1::']],
  ['fe80:0:0:0::/64', ['fe80::1%eth0', 'fe80::2']],
  ['0:0:0:0::/64', ['::1', '::']],
  ['64:ff9b:0:0::/64', ['64:ff9b::192.0.2.33']],
  ['unknown', ['unknown']],
]

for (const [key, addresses] of same) {
  for (const address of addresses) {
    it(`limits ${address} as ${key}`, () => assert.equal(clientKey(address), key))
  }
}
