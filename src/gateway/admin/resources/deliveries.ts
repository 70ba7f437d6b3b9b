import { type Answer, json, refusal } from '../answer.ts'
import type { AdminAnswer, DeliveriesAdmin } from '../deliveries.ts'
import type { Resource } from '../resource.ts'

/** `/api/deliveries`: list, inspect, replay, discard. */
export function deliveryResources(deliveries: DeliveriesAdmin | undefined): readonly Resource[] {
  const having = async (answer: (deliveries: DeliveriesAdmin) => Promise<AdminAnswer>): Promise<Answer> => {
    if (deliveries === undefined) return refusal(404, 'No route of this gateway broadcasts: there are no deliveries')
    const { status, body } = await answer(deliveries)
    return json(body, status)
  }
  const operation = (what: 'replay' | 'discard'): Resource => ({
    path: `/api/deliveries/:id/${what}`,
    methods: { POST: ({ params: { id = '' }, query }) => having((all) => all.operate(id, what, query)) },
  })
  return [
    { path: '/api/deliveries', methods: { GET: ({ query }) => having((all) => all.list(query)) } },
    { path: '/api/deliveries/:id', methods: { GET: ({ params: { id = '' } }) => having((all) => all.show(id)) } },
    operation('replay'),
    operation('discard'),
  ]
}
