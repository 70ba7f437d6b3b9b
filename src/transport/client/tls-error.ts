/** Why a TLS connection to a target failed, in plain words for the failure and the log line. */
export interface TlsFault {
  readonly reason: string
  /** Advice for the operator. */
  readonly remedy: string | undefined
}

const vouch =
  "If the target's CA is private, start Hedgerow with NODE_EXTRA_CA_CERTS set to a file with its certificate (PEM)"
const sendChain = `The target may not send its intermediate certificates. ${vouch}`
const renew = 'Renew the certificate of the target, and check the clocks of both machines'
const askAsNamed =
  'In the URL of the target, or in the Host field that it receives, use a name that the certificate has'
const checkPort = 'Check that the port of the target speaks TLS'

/** Keyed by OpenSSL's certificate codes (X509_V_ERR_*, as Node names them) and Node's own codes. */
const byCode: Readonly<Record<string, TlsFault>> = {
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: { reason: "the certificate's issuer is not trusted", remedy: sendChain },
  UNABLE_TO_GET_ISSUER_CERT: { reason: "the certificate's issuer is not trusted", remedy: sendChain },
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: { reason: "the certificate's issuer is not trusted", remedy: vouch },
  CERT_UNTRUSTED: { reason: "the certificate's issuer is not trusted", remedy: vouch },
  DEPTH_ZERO_SELF_SIGNED_CERT: { reason: 'the certificate is self-signed and not trusted', remedy: vouch },
  SELF_SIGNED_CERT_IN_CHAIN: { reason: 'the certificate chain ends in a CA that is not trusted', remedy: vouch },
  CERT_HAS_EXPIRED: { reason: 'the certificate has expired', remedy: renew },
  CERT_NOT_YET_VALID: { reason: 'the certificate is not valid yet', remedy: renew },
  ERR_TLS_CERT_ALTNAME_INVALID: { reason: 'the certificate does not name the host', remedy: askAsNamed },
  HOSTNAME_MISMATCH: { reason: 'the certificate does not name the host', remedy: askAsNamed },
  CERT_REVOKED: { reason: 'the certificate has been revoked', remedy: undefined },
  CERT_REJECTED: { reason: 'the certificate was rejected', remedy: undefined },
  CERT_SIGNATURE_FAILURE: { reason: "the certificate's signature is wrong", remedy: undefined },
  CERT_CHAIN_TOO_LONG: { reason: 'the certificate chain is too long', remedy: undefined },
  INVALID_CA: { reason: 'a certificate in the chain is not a CA certificate', remedy: undefined },
  INVALID_PURPOSE: { reason: 'a certificate in the chain is not valid for this purpose', remedy: undefined },
  PATH_LENGTH_EXCEEDED: { reason: 'the certificate chain is longer than its CA allows', remedy: undefined },
  ERR_SSL_WRONG_VERSION_NUMBER: { reason: 'the target does not speak TLS on this port', remedy: checkPort },
  ERR_SSL_PACKET_LENGTH_TOO_LONG: { reason: 'the target does not speak TLS on this port', remedy: checkPort },
  ERR_SSL_UNSUPPORTED_PROTOCOL: { reason: 'the target offers no TLS version in common', remedy: undefined },
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: { reason: 'the target offers no TLS version in common', remedy: undefined },
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: {
    reason: 'the target asks for a client certificate',
    remedy: 'Hedgerow has no client certificates yet',
  },
}

/** Other codes of the same two families, including unlisted ones: new versions of OpenSSL add codes. */
const families: readonly (readonly [RegExp, string])[] = [
  [/^(?:CERT|CRL|UNABLE_TO|ERROR_IN|INVALID|SUITE_B)_|_CERT(?:_|$)|SELF_SIGNED/, 'the certificate is not accepted'],
  [/^ERR_(?:SSL|TLS)_|^EPROTO$/, 'the handshake failed'],
]

/** Undefined if the code is not a TLS error. */
export function tlsErrorOf(code: string): TlsFault | undefined {
  const known = byCode[code]
  if (known !== undefined) return known
  const reason = families.find(([codes]) => codes.test(code))?.[1]
  return reason === undefined ? undefined : { reason, remedy: undefined }
}

/**
 * Alerts by which a target ends a handshake that was complete on our side (TLS 1.3): it has not read the request,
 * although bytes of the request may have been sent.
 */
export function isHandshakeAlert(code: string): boolean {
  return code === 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED'
}
