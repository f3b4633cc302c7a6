import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { canonicalJson, Secret } from '../model/index.ts';
import type { VaultKeys } from './keys.ts';
import type { SecretRef } from './vault.ts';
import { VaultError } from './vault-error.ts';

const FORMAT = 1;
const KEY_BYTES = 32;
/** GCM: 96-bit nonce, 128-bit tag (NIST SP 800-38D §5.2.1). The nonce is random: a data key encrypts once only. */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const BOX_OVERHEAD = NONCE_BYTES + TAG_BYTES;

/**
 * Encrypts one secret under a random key of its own, and that key under the wrapping key of the vault, both with AES-256-GCM
 * and bound to vault, record, field and version, so that ciphertexts cannot be exchanged.
 * Layout: format (1 byte) ‖ box of the data key ‖ box of the secret; a box is nonce ‖ ciphertext ‖ tag.
 */
export function sealSecret(keys: VaultKeys, ref: SecretRef, secret: Secret): Buffer {
  const bound = associatedData(keys, ref);
  const dataKey = randomBytes(KEY_BYTES);
  const plain = secret.bytes();
  try {
    return Buffer.concat([Buffer.of(FORMAT), encrypt(keys.wrapping, bound, dataKey), encrypt(dataKey, bound, plain)]);
  } finally {
    dataKey.fill(0);
    plain.fill(0);
  }
}

/** Throws VaultError PAM5011 when the bytes are damaged or belong to another secret. */
export function openSecret(keys: VaultKeys, ref: SecretRef, sealed: Buffer): Secret {
  const bound = associatedData(keys, ref);
  const keyEnd = 1 + KEY_BYTES + BOX_OVERHEAD;
  if (sealed[0] !== FORMAT || sealed.length < keyEnd + BOX_OVERHEAD) throw doesNotDecrypt(ref);
  let dataKey: Buffer | undefined;
  let plain: Buffer | undefined;
  try {
    dataKey = decrypt(keys.wrapping, bound, sealed.subarray(1, keyEnd));
    plain = decrypt(dataKey, bound, sealed.subarray(keyEnd));
    return Secret.fromBytes(plain);
  } catch (cause) {
    throw doesNotDecrypt(ref, cause);
  } finally {
    dataKey?.fill(0);
    plain?.fill(0);
  }
}

/** The same secret under the keys of `next`, encrypted afresh; null when it does not decrypt under those of `old`. */
export function resealSecret(old: VaultKeys, next: VaultKeys, ref: SecretRef, sealed: Buffer): Buffer | null {
  let secret: Secret;
  try {
    secret = openSecret(old, ref, sealed);
  } catch {
    return null;
  }
  return sealSecret(next, ref, secret);
}

function associatedData(keys: VaultKeys, { record, field, version }: SecretRef): Buffer {
  return Buffer.from(canonicalJson({ lineage: keys.lineage, record, field, version }));
}

function encrypt(key: Buffer, bound: Buffer, plain: Buffer): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES }).setAAD(bound);
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

function decrypt(key: Buffer, bound: Buffer, box: Buffer): Buffer {
  const nonce = box.subarray(0, NONCE_BYTES);
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES }).setAAD(bound);
  decipher.setAuthTag(box.subarray(-TAG_BYTES));
  return Buffer.concat([decipher.update(box.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
}

function doesNotDecrypt(ref: SecretRef, cause?: unknown): VaultError {
  return new VaultError('PAM5011', `${ref.field} of record ${ref.record}, version ${ref.version}, does not decrypt`, { cause });
}
