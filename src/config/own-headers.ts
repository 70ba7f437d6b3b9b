/** The transport writes these itself, or must not get them: they frame the message, or speak of one connection. */
export const ownHeaders = [
  'connection',
  'content-length',
  'expect',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
  'x-request-timeout-ms',
]
