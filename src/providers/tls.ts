import { isIP } from 'node:net';
import { type ConnectionOptions, checkServerIdentity } from 'node:tls';
import { ProviderError, type Target } from './provider.ts';

/** Node's `code` of the error that a pin mismatch ends the handshake with. */
export const PIN_MISMATCH = 'ERR_PAM_TLS_PIN';

/**
 * What every provider hands to `tls.connect` (or to its driver) for a target whose `tls.mode` is not `disable`.
 *
 * All of it is stated, nothing left to defaults: `rejectUnauthorized` so that NODE_TLS_REJECT_UNAUTHORIZED cannot turn the check
 * off, and the name check as a closure over the target so that a driver which passes another host name cannot weaken it.
 * `verify-ca` trusts any name under the CA. A pin comes on top of the chain; for a self-signed certificate give it as `ca` too.
 *
 * @throws ProviderError PAM6002 when the mode is `disable`: whoever asks for options then has forgotten to look.
 */
export function tlsOptions(target: Target): ConnectionOptions {
  const { mode, ca, pin, serverName } = target.tls;
  if (mode === 'disable') throw new ProviderError('PAM6002', `${target.address}: TLS is disabled for this target`);
  const name = serverName ?? target.host;
  return {
    rejectUnauthorized: true,
    minVersion: 'TLSv1.2',
    ...(ca === undefined ? {} : { ca }),
    // An address may not stand in SNI (RFC 6066 §3); the name check below still covers it.
    ...(isIP(name) !== 0 ? {} : { servername: name }),
    checkServerIdentity: (_host, certificate) => {
      if (pin !== undefined && plainHex(certificate.fingerprint256) !== plainHex(pin)) {
        return Object.assign(new Error(`the certificate has the SHA-256 ${certificate.fingerprint256}`), { code: PIN_MISMATCH });
      }
      return mode === 'verify-full' ? checkServerIdentity(name, certificate) : undefined;
    },
  };
}

function plainHex(fingerprint: string): string {
  return fingerprint.replaceAll(/[:\s]/g, '').toLowerCase();
}
