/** 0 fine, 1 something failed at run time, 2 the command or the configuration is wrong. */
export const exitCodes = { runtimeFault: 1, badUsage: 2 } as const
