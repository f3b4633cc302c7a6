import { createHash, timingSafeEqual } from 'node:crypto';
import type { Secret } from '../../model/index.ts';

/** Schemes of `userPassword` (RFC 2307 §5.3 and OpenLDAP's): the digest, and how long it is; what follows it is the salt. */
const DIGESTS: Readonly<Record<string, readonly [algorithm: string, bytes: number]>> = {
  MD5: ['md5', 16],
  SMD5: ['md5', 16],
  SHA: ['sha1', 20],
  SSHA: ['sha1', 20],
  SHA256: ['sha256', 32],
  SSHA256: ['sha256', 32],
  SHA384: ['sha384', 48],
  SSHA384: ['sha384', 48],
  SHA512: ['sha512', 64],
  SSHA512: ['sha512', 64],
};

/** Does the secret fit one value of `userPassword`? Constant-time in the secret. Null: a scheme that cannot be compared here (CRYPT, ARGON2, …). */
export function fitsVerifier(stored: Buffer, secret: Secret): boolean | null {
  const scheme = /^\{([A-Za-z0-9-]+)\}(.*)$/s.exec(stored.toString('latin1'));
  if (scheme === null) return sameBytes(sha256(stored), sha256(secret.bytes()));
  const digest = DIGESTS[scheme[1]?.toUpperCase() ?? ''];
  if (digest === undefined) return null;
  const [algorithm, length] = digest;
  const bytes = Buffer.from(scheme[2] ?? '', 'base64');
  if (bytes.length < length) return null;
  const fresh = createHash(algorithm).update(secret.bytes()).update(bytes.subarray(length)).digest();
  return sameBytes(bytes.subarray(0, length), fresh);
}

function sha256(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest();
}

function sameBytes(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}
