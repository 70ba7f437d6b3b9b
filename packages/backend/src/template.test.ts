import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { jsonTemplate, textTemplate, unknownPlaceholders } from './template.ts'

test('a JSON string that is a single number placeholder becomes a number', () => {
  const template = jsonTemplate({ time: '{{latencyMs}}', said: 'after {{latencyMs}} ms' }, {})
  assert.equal(
    template.render(() => '250'),
    '{"time":250,"said":"after 250 ms"}',
  )
})

test('a key that is a number placeholder stays a string', () => {
  const template = jsonTemplate({ '{{latencyMs}}': '{{requestNumber}}' }, {})
  assert.equal(
    template.render(() => '7'),
    '{"7":7}',
  )
})

test('a template whose values are all known is constant', () => {
  assert.equal(textTemplate('logged in on {{name}}', { name: 'server1' }).constant, 'logged in on server1')
  assert.equal(textTemplate('{{name}} {{uuid}}', { name: 'server1' }).constant, undefined)
})

test('reports the remaining placeholders', () => {
  const template = textTemplate('{{name}} {{uuid}}', { name: 'server1' })
  assert.deepEqual([template.uses('name'), template.uses('uuid')], [false, true])
})

test('names placeholders that do not exist', () => {
  assert.deepEqual(unknownPlaceholders('{{name}} {{nmae}}'), ['nmae'])
})

test('JSON without placeholders equals the output of JSON.stringify', () => {
  fc.assert(fc.property(fc.json(), (json) => assert.equal(jsonTemplate(JSON.parse(json), {}).constant, canon(json))))
})

test('the JSON stays valid whatever the values', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (value) => {
      const rendered = jsonTemplate({ path: 'at {{path}}', name: '{{name}}' }, { name: value }).render(() => value)
      assert.deepEqual(JSON.parse(rendered), { path: `at ${value}`, name: value })
    }),
  )
})

function canon(json: string): string {
  return JSON.stringify(JSON.parse(json))
}
