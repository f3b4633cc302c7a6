import { Secret } from '../model/index.ts';
import { entropyBits, generatePassword } from '../policy/index.ts';
import { RotationError } from './context.ts';
import type { Subject } from './subject.ts';

export interface Generated {
  readonly secret: Secret;
  /** Entropy in bits, rounded down; of passwords only. */
  readonly bits?: number;
}

/** NIST SP 800-57: as strong as 128 bits, like ed25519. */
const RSA_BITS = 3072;

/** A new secret of the kind that the account rotates: a password by its complexity, or a private key in OpenSSH format. */
export async function generateSecret(subject: Subject, rotationId: string, randomInt: (max: number) => number): Promise<Generated> {
  if (subject.field === 'privateKey') return { secret: await generateKey(subject, rotationId) };
  const complexity = subject.complexity ?? {};
  return {
    secret: generatePassword(complexity, { login: subject.account.login, randomInt }),
    bits: Math.floor(entropyBits(complexity)),
  };
}

/** How often a key is made anew: ssh2 1.17 cannot read about one in three hundred of the ed25519 keys that it makes. */
const MAX_KEYS = 10;

/**
 * Read back and used once before it is trusted with an account. The comment tells whoever finds the public key on a host which
 * account and which rotation it is of.
 */
async function generateKey({ record, keyType }: Subject, rotationId: string): Promise<Secret> {
  // Loaded only now, since it costs a tenth of a second. CommonJS, so its helpers are on `default` only.
  const { default: ssh2 } = await import('ssh2');
  const comment = `pam:${record.address}:${rotationId}`;
  const probe = Buffer.from(rotationId);
  for (let made = 0; made < MAX_KEYS; made++) {
    const text =
      keyType === 'rsa'
        ? ssh2.utils.generateKeyPairSync('rsa', { bits: RSA_BITS, comment }).private
        : ssh2.utils.generateKeyPairSync('ed25519', { comment }).private;
    const key = ssh2.utils.parseKey(text);
    if (!(key instanceof Error) && key.comment === comment && key.verify(probe, key.sign(probe))) return Secret.fromText(text);
  }
  throw new RotationError('PAM4013', `no key could be made for ${record.address} that can be read back and used`);
}
