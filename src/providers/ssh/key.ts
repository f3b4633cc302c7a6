import type { ParsedKey } from 'ssh2';
import type { Secret } from '../../model/index.ts';
import { ProviderError } from '../provider.ts';

/** A public key as a line of authorized_keys holds it: what identifies a key there is its blob. */
export interface PublicKey {
  readonly type: string;
  /** Base64 without line breaks. */
  readonly blob: string;
  readonly comment: string;
}

/**
 * Reads a private key (OpenSSH format, or PEM of RSA and EC).
 * @throws ProviderError PAM6013; the parser's own words are not repeated.
 */
export async function readPrivateKey(secret: Secret): Promise<ParsedKey> {
  // Loaded only now, since it costs a tenth of a second. CommonJS, so what is not a plain assignment is on `default` only.
  const { default: ssh2 } = await import('ssh2');
  const key = ssh2.utils.parseKey(secret.bytes());
  if (key instanceof Error) {
    const encrypted = /passphrase|encrypted/i.test(key.message);
    throw new ProviderError('PAM6013', encrypted ? 'the private key is encrypted' : 'the private key is in no format that can be read', {
      hint: 'give a key without a passphrase in OpenSSH format (ssh-keygen -p -f FILE removes a passphrase)',
    });
  }
  if (!key.isPrivateKey()) throw new ProviderError('PAM6013', 'a public key stands where the private key should');
  return key;
}

export async function publicKeyOf(secret: Secret): Promise<PublicKey> {
  const key = await readPrivateKey(secret);
  const blob = key.getPublicSSH();
  // The blob names the type of the key; `key.type` may name one of the signature algorithms.
  const type = blob.subarray(4, 4 + blob.readUInt32BE(0)).toString('latin1');
  return { type, blob: blob.toString('base64'), comment: key.comment };
}
