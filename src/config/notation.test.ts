import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { parse, stringify } from 'yaml'
import { notationOf } from './notation.ts'
import { type Config, configSchema } from './schema.ts'
import { readYaml } from './yaml.ts'

const folder = join(import.meta.dirname, '../../examples')

/** One form may leave a key out where another sets it to undefined. */
function withoutAbsent(config: Config): unknown {
  return JSON.parse(JSON.stringify(config))
}

describe('notationOf', () => {
  for (const name of readdirSync(folder).filter((file) => file.endsWith('.yaml'))) {
    it(`writes examples/${name} so that it reads back as the same configuration`, () => {
      const read = readYaml(readFileSync(join(folder, name), 'utf8'), { file: name, format: 'yaml', env: {} })
      assert.ok(read.ok)
      const config = configSchema.parse(read.source.value)
      const text = stringify(notationOf(config), { aliasDuplicateObjects: false })
      const again = configSchema.parse(parse(text))
      assert.deepEqual(withoutAbsent(again), withoutAbsent(config))
      assert.deepEqual(notationOf(again), parse(text))
    })
  }

  it('writes units, names of balancers, and the short form where it says the same', () => {
    const config = configSchema.parse({
      listen: { headerSize: '64KiB' },
      metrics: { buckets: ['0.5ms', '1s'] },
      upstreams: {
        named: { targets: { a: 'http://127.0.0.1:1' }, balance: 'least-requests', budget: { share: '33.3%' } },
        usual: { targets: ['http://127.0.0.1:1'], balance: 'peak-ewma', budget: 'unlimited' },
        tuned: { targets: ['http://127.0.0.1:1'], balance: { 'peak-ewma': { decay: '3s' } } },
      },
      routes: [
        {
          match: 'GET /a',
          hedge: {
            upstream: 'named',
            after: 'p99.9',
            success: { status: [200, '2xx', '301-303'] },
            budget: '5%',
          },
        },
      ],
    })
    const yaml = stringify(notationOf(config))
    for (const line of [
      /headerSize: 64KiB/,
      /drain: 30s/,
      /- 0.5ms\n/,
      /share: 33.3%/,
      /balance: least-requests/,
      /balance: peak-ewma/,
      /decay: 3s/,
      /budget: unlimited/,
      /quantile: p99.9/,
      /- 200\n +- 2xx\n +- 301-303\n/,
      /budget: 5%/,
    ]) {
      assert.match(yaml, line)
    }
    assert.deepEqual(configSchema.parse(parse(yaml)), config)
  })
})
