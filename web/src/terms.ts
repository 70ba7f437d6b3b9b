/** Short explanations of this product's own words, shown beside them. */
export const terms = {
  attempt: 'One request to one target, made for a call. A call may have several.',
  breaker: 'Stops attempts at a target that fails too often, until a test attempt succeeds.',
  cancelled: 'Stopped before its answer, because another attempt had won or the call had ended.',
  'dead letter': 'A write that has used up its attempts at a target. Replay it once the target is well.',
  deadline: 'When the client has its answer at the latest, counted from the start of the call.',
  delivery: 'A write that was accepted and stored, and must reach every target.',
  ejected: 'Failed too often, so it is left out for a while.',
  ewma: 'Recent response time, newer answers counting more. The balancer prefers targets with a low one.',
  'extra load': 'Attempts beyond one per call, as a share of calls: the price of hedges and retries.',
  hedge: 'A further attempt, sent because the first was late. The first good answer wins; the others are cancelled.',
  'in flight': 'Begun and not yet ended.',
  kind: 'first: sent at once. hedge: sent because the first was late. retry: sent after a failure. duplicate: sent beside others.',
  lane: 'Writes with the same lane reach a target in the order in which they were accepted.',
  'loop delay': 'How late timers fire in this process. Above 50 ms the gateway itself slows calls down.',
  outcomes: 'How attempts ended. Each bar is 100 % of the attempts at that target.',
  p50: 'Half of the answers came faster than this.',
  p99: '99 of 100 answers came faster than this.',
  panic: 'Too few targets are healthy, so all of them get attempts, including ejected ones.',
  race: 'Each bar is one attempt, from when it was sent to when it ended. The dashed line is the deadline.',
  rescued: 'Calls answered by an attempt other than the first: what the extra load buys.',
  shed: 'Refused because of a limit, before any attempt was made.',
  'since start': 'Attempts at this target that have ended since the gateway started.',
  strategy: 'How the route handles a call: which attempts it makes, and which answer it gives.',
  success: 'Calls that ended without failure. A failure caused by the client does not count.',
  'target state':
    'Whether the balancer sends attempts here. An ejected target failed too often and is left out for a while.',
  ticket: 'An address where the client can fetch a result that was not ready by its deadline.',
  waiter: "A call that is held open until its backend's callback arrives.",
  worker: 'A thread that serves calls. One that dies is replaced.',
} as const

export type TermName = keyof typeof terms
