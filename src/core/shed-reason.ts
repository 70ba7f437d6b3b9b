/**
 * Why a call was shed: `rate`, it came faster than is allowed; `full`, as many are in flight, and wait, as may; `waited`,
 * its turn did not come in time; `displaced`, it waited, and made room for one that goes before it; `memory`, its body could
 * not be held.
 */
export type ShedReason = 'rate' | 'full' | 'waited' | 'displaced' | 'memory'
