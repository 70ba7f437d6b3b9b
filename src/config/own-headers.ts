/**
 * The transport writes these headers itself, or must not receive them: they frame the message, or concern one
 * connection.
 */
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
