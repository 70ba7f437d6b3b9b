/** 0: success, 1: runtime error, 2: invalid command line or configuration. */
export const exitCodes = { runtimeError: 1, badUsage: 2 } as const
