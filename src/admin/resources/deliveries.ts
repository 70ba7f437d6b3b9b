import type { Operation } from '../../broadcast/operations.ts'
import { type Answer, json, refusal } from '../answer.ts'
import type { AdminAnswer, DeliveriesAdmin } from '../deliveries.ts'
import type { Resource } from '../resource.ts'

/** `/api/deliveries`: list, inspect, replay, discard. */
export function deliveryResources(deliveries: DeliveriesAdmin | undefined): readonly Resource[] {
  const having = async (answer: (deliveries: DeliveriesAdmin) => Promise<AdminAnswer>): Promise<Answer> => {
    if (deliveries === undefined) return refusal(404, 'No route uses `broadcast`, so there are no deliveries')
    const { status, body } = await answer(deliveries)
    return json(body, status)
  }
  const operationOnAll = (what: Operation): Resource => ({
    path: `/api/deliveries/${what}`,
    methods: { POST: ({ query }) => having((all) => all.operateAll(what, query)) },
  })
  const operation = (what: Operation): Resource => ({
    path: `/api/deliveries/:id/${what}`,
    methods: { POST: ({ params: { id = '' }, query }) => having((all) => all.operate(id, what, query)) },
  })
  return [
    { path: '/api/deliveries', methods: { GET: ({ query }) => having((all) => all.list(query)) } },
    // Must precede the routes with an id; no id equals one of these words.
    operationOnAll('replay'),
    operationOnAll('discard'),
    { path: '/api/deliveries/:id', methods: { GET: ({ params: { id = '' } }) => having((all) => all.show(id)) } },
    operation('replay'),
    operation('discard'),
  ]
}
