/** 0: success, 1: runtime error, 2: invalid command line or configuration. */
export const exitCodes = { runtimeFault: 1, badUsage: 2 } as const
