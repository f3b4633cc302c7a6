import { createHash, hkdfSync, randomBytes } from 'node:crypto';

const KEY_BYTES = 32;

/**
 * What the age file of a vault holds: `seed` (32 random bytes, kept for the life of the vault) and `key` (32 random bytes,
 * changed when a recipient is removed).
 *
 * The lineage, which stands in pam.yaml, is a hash of the seed. So somebody who can write the vault file, but never had its
 * key, cannot put another key in its place: age files are anonymous, anybody can make one for our recipients.
 */
export interface MasterKey {
  readonly seed: Buffer;
  readonly key: Buffer;
}

/** One key for each purpose (HKDF-SHA-256, RFC 5869; salt = lineage). */
export interface VaultKeys {
  readonly lineage: string;
  /** Names the key and tells nothing about it (hex): stands in the vault, so that who has an older key notices. */
  readonly id: string;
  /** Wraps the random key of each secret. */
  readonly wrapping: Buffer;
  /** Authenticates records and the list of recipients. */
  readonly mac: Buffer;
  /** Authenticates the audit trail. */
  readonly audit: Buffer;
  /** Authenticates what pam keeps outside the vault. */
  readonly outside: Buffer;
}

export function generateMasterKey(): MasterKey {
  return { seed: randomBytes(KEY_BYTES), key: randomBytes(KEY_BYTES) };
}

/** A new key for the same vault. */
export function renewMasterKey({ seed }: MasterKey): MasterKey {
  return { seed: Buffer.from(seed), key: randomBytes(KEY_BYTES) };
}

export function encodeMasterKey(master: MasterKey): Buffer {
  return Buffer.concat([master.seed, master.key]);
}

/** Null when the bytes are no master key. */
export function decodeMasterKey(bytes: Uint8Array): MasterKey | null {
  if (bytes.length !== 2 * KEY_BYTES) return null;
  return { seed: Buffer.from(bytes.subarray(0, KEY_BYTES)), key: Buffer.from(bytes.subarray(KEY_BYTES)) };
}

/** A UUID of version 8 (RFC 9562 §5.8): 122 bits of SHA-256 over the seed. */
export function lineageOf(master: MasterKey): string {
  const hash = createHash('sha256').update('pam/v1 lineage\n').update(master.seed).digest().subarray(0, 16);
  hash.writeUInt8((hash.readUInt8(6) & 0x0f) | 0x80, 6);
  hash.writeUInt8((hash.readUInt8(8) & 0x3f) | 0x80, 8);
  return hash.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

export function deriveKeys(master: MasterKey): VaultKeys {
  const lineage = lineageOf(master);
  const derive = (purpose: string) => Buffer.from(hkdfSync('sha256', master.key, lineage, `pam/v1 ${purpose}`, KEY_BYTES));
  const id = derive('id').toString('hex', 0, 16);
  return { lineage, id, wrapping: derive('secrets'), mac: derive('records'), audit: derive('audit'), outside: derive('outside') };
}

export function forgetMasterKey({ seed, key }: MasterKey): void {
  for (const part of [seed, key]) part.fill(0);
}

/** Overwrites every key; what is derived from them cannot be used any more. */
export function forgetKeys(keys: VaultKeys): void {
  for (const key of [keys.wrapping, keys.mac, keys.audit, keys.outside]) key.fill(0);
}
