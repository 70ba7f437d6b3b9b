/**
 * Why a call was shed: `rate`, it exceeded the rate limit; `full`, calls in flight and queue are both at their limits;
 * `waited`, its turn did not come in time; `displaced`, it gave up its position in the queue to a call that takes
 * precedence; `memory`, there was no room for its body.
 */
export type ShedReason = 'rate' | 'full' | 'waited' | 'displaced' | 'memory'
