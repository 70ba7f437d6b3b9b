/** Resources whose lack in the gateway's own process or machine prevents a socket; not the target's failure. */
export const shortages = {
  EMFILE: {
    reason: 'no free file descriptor',
    remedy: 'raise its limit (ulimit -n, or LimitNOFILE= of systemd), or lower listen.maxConnections',
  },
  ENFILE: {
    reason: 'no free file descriptor on the whole machine',
    remedy: 'raise fs.file-max',
  },
  EADDRNOTAVAIL: {
    reason: 'no local address or port left to connect from',
    remedy: 'widen net.ipv4.ip_local_port_range, or have the targets keep their connections open',
  },
  ENOBUFS: { reason: 'no room for socket buffers', remedy: 'give the machine more memory or fewer connections' },
  ENOMEM: { reason: 'no memory for a socket', remedy: 'give the machine more memory or fewer connections' },
} as const satisfies Readonly<Record<string, { readonly reason: string; readonly remedy: string }>>

export type Shortage = keyof typeof shortages

export function isShortage(code: string): code is Shortage {
  return Object.hasOwn(shortages, code)
}
