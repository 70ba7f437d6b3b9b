import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { it, type TestContext } from 'node:test'
import { readyProfiles } from '@hedgerow/backend/profiles'
import { loadConfig } from '../../src/config/load.ts'
import { startGateway } from '../../src/gateway/gateway.ts'
import { systemClock } from '../../src/kit/clock.ts'
import { systemRandom } from '../../src/kit/random.ts'
import { startBackend } from '../kit/backend.ts'
import { root } from '../kit/command.ts'
import { promtool, Scrape } from '../kit/prometheus.ts'
import { until } from '../kit/until.ts'

/** The balancer example with two of its backends, one of which skips every fifth POST; the third is down. */
async function openBalancer(t: TestContext) {
  const stores = mkdtempSync(join(tmpdir(), 'hedgerow-balancer-'))
  const skipping = readyProfiles.accounts({ skipsSome: true })
  const good = await startBackend({ profile: readyProfiles.accounts(), name: 'server1', port: 0 })
  const skips = await startBackend({ profile: skipping, name: 'server2', port: 0 })
  const down = await startBackend({ profile: readyProfiles.accounts(), name: 'server3', port: 0 })
  await down.close()
  const result = await loadConfig(join(root, 'examples/balancer.yaml'), {
    PORT: '0',
    ADMIN_PORT: '0',
    STORE: join(stores, 'balancer.db'),
    SERVER1_PORT: String(good.port),
    SERVER2_PORT: String(skips.port),
    SERVER3_PORT: String(down.port),
  })
  assert.ok(result.ok, JSON.stringify(result))
  const faults: unknown[] = []
  const reportBug = (error: unknown): void => void faults.push(error)
  const gateway = await startGateway(result.config, { clock: systemClock(), random: systemRandom, reportBug })
  t.after(async () => {
    await gateway.close()
    await Promise.all([good.close(), skips.close()])
    rmSync(stores, { recursive: true })
    assert.deepEqual(faults, [])
  })
  return { url: `http://127.0.0.1:${gateway.address.port}`, good, skips }
}

it('the balancer exports counts per backend and in total, under the names that its dashboards use', async (t) => {
  const { url, good, skips } = await openBalancer(t)
  const text = async (): Promise<string> => (await fetch(`${url}/metrics`)).text()

  // All series exist before the first request.
  const before = new Scrape(await text())
  for (const name of ['target_domain_success_counter_total', 'target_domain_failed_counter_total']) {
    assert.deepEqual(
      before.series(name).map(({ labels, value }) => [labels, value]),
      ['server1:8080', 'server2:8080', 'server3:8080'].map((domain) => [{ domain }, 0]),
    )
  }

  for (let i = 0; i < 6; i++) assert.equal((await fetch(`${url}/login`)).status, 200)
  for (let i = 0; i < 5; i++) {
    const body = new URLSearchParams({ username: `user-${i}` })
    assert.equal((await fetch(`${url}/register`, { method: 'POST', body })).status, 201)
  }

  const succeeded = (scrape: Scrape, server: string): number =>
    scrape.sum('target_domain_success_counter_total', { domain: `${server}:8080` })
  const failed = (scrape: Scrape, server: string): number =>
    scrape.sum('target_domain_failed_counter_total', { domain: `${server}:8080` })
  let scrape = before
  // The fifth write to the skipping backend is retried after a second.
  await until('both that are up have all writes', async () => {
    scrape = new Scrape(await text())
    // An attempt is counted before its leg is settled.
    const pending = scrape.sum('hedgerow_delivery_legs', { state: 'pending' })
    return scrape.sum('hedgerow_delivery_legs_acknowledged_total') === 10 && pending === 5
  })
  assert.equal(failed(scrape, 'server1'), 0)
  assert.equal(failed(scrape, 'server2'), 1, 'the one that was skipped')
  assert.equal(succeeded(scrape, 'server3'), 0)
  assert.ok(failed(scrape, 'server3') >= 5, 'refused connections are failures too, each attempt one')
  assert.equal(succeeded(scrape, 'server1') + succeeded(scrape, 'server2'), 6 + 10)
  assert.equal(good.stats().requests + skips.stats().requests, 6 + 10 + 1)

  const sum = (name: string): number => scrape.series(name).reduce((all, { value }) => all + value, 0)
  assert.deepEqual(
    scrape.series('Total_domains_success_counter_total').map(({ labels, value }) => [labels, value]),
    [[{}, sum('target_domain_success_counter_total')]],
  )
  assert.deepEqual(
    scrape.series('Total_domains_failed_counter_total').map(({ labels, value }) => [labels, value]),
    [[{}, sum('target_domain_failed_counter_total')]],
  )

  assert.equal(scrape.sum('hedgerow_deliveries_accepted_total', { route: 'POST /register' }), 5)
  assert.equal(scrape.sum('hedgerow_delivery_legs', { state: 'pending' }), 5, 'the backend that is down')
  assert.equal(scrape.sum('hedgerow_store_deliveries'), 5)
  assert.ok(scrape.sum('hedgerow_store_undelivered_bytes') > 0)
  assert.ok(scrape.sum('hedgerow_store_writes_total') >= scrape.sum('hedgerow_store_syncs_total'))

  // Prometheus parses the page. The checker only dislikes four names, as they contain `counter`.
  const found = promtool(t, ['check', 'metrics'], await text())
  if (found === undefined) return
  const complaints = found.told.split('\n').filter((line) => line !== '' && !/^(?:Total_|target_)domain/.test(line))
  assert.deepEqual(complaints, [])

  const status = await (await fetch(`${url}/nginx_status`)).text()
  assert.match(
    status,
    /^Active connections: \d+ \nserver accepts handled requests\n \d+ \d+ \d+ \nReading: 0 Writing: 1 Waiting: \d+ \n$/,
  )
})
