import assert from 'node:assert/strict'
import { test } from 'node:test'
import { normalQuantile } from './normal-quantile.ts'

test('gives the quantiles in tables of the normal distribution', () => {
  const table: readonly (readonly [number, number])[] = [
    [0.5, 0],
    [0.6, 0.2533471031],
    [0.75, 0.6744897502],
    [0.9, 1.2815515655],
    [0.975, 1.9599639845],
    [0.999, 3.0902323062],
    [1 - 1e-9, 5.997807015],
    [1e-20, -9.2623400897],
  ]
  for (const [probability, quantile] of table) {
    assert.ok(Math.abs(normalQuantile(probability) - quantile) < 2e-6, `${probability}: ${normalQuantile(probability)}`)
  }
})

test('is symmetric about the middle', () => {
  for (const probability of [0.001, 0.02, 0.07, 0.08, 0.3, 0.49]) {
    assert.ok(Math.abs(normalQuantile(probability) + normalQuantile(1 - probability)) < 1e-9)
  }
})
