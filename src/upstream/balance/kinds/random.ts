import { z } from 'zod'
import type { BalancerKind } from '../balancer-kind.ts'
import { randomPick } from '../random.ts'

const options = z.strictObject({})

export const randomKind: BalancerKind<typeof options, 'name'> = {
  options,
  form: 'name',
  summary: 'at random, by weight',
  synonyms: {},
  make: (_, rotation, { random }) => randomPick(rotation, random),
}
