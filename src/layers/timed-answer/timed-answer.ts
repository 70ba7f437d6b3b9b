import { isHeld } from '../../core/body.ts'
import { type Outcome, succeeded } from '../../core/outcome.ts'
import type { Layer } from '../../core/service.ts'

export const answerForms = ['pass', 'timed'] as const

/**
 * `timed`: `{"time": <whole ms since the call began>, "api": <the answer's JSON>}`. The answer has been checked to be
 * JSON (`success.json`), so its bytes are inserted unchanged.
 */
export function timedAnswer(): Layer {
  return function timedAnswerLayer(next) {
    return async (request, call): Promise<Outcome> => {
      const outcome = await next(request, call)
      if (!outcome.ok) return outcome
      const { response } = outcome
      if (!isHeld(response.body)) throw new Error('an answer to be wrapped was not held')
      const head = Buffer.from(`{"time":${Math.round(call.elapsedMs())},"api":`)
      const body = Buffer.concat([head, response.body ?? Buffer.from('null'), Buffer.from('}')])
      return succeeded({ ...response, headers: ['content-type', 'application/json'], body })
    }
  }
}
