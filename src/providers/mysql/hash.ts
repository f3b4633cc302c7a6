import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Secret } from '../../model/index.ts';

/** `*` and the hex of SHA1(SHA1(secret)): mysql_native_password of both servers. */
export function nativeHash(secret: Secret): string {
  return `*${sha1(sha1(secret.bytes())).toString('hex').toUpperCase()}`;
}

/** What mysql_native_password answers to a challenge: SHA1(secret) XOR SHA1(challenge + SHA1(SHA1(secret))). */
export function nativeAnswer(secret: Secret, challenge: Buffer): Buffer {
  const once = sha1(secret.bytes());
  return xor(once, sha1(Buffer.concat([challenge, sha1(once)])));
}

/** What caching_sha2_password answers to a challenge: SHA256(secret) XOR SHA256(SHA256(SHA256(secret)) + challenge). */
export function cachingSha2Answer(secret: Secret, challenge: Buffer): Buffer {
  const once = sha256(secret.bytes());
  return xor(once, sha256(Buffer.concat([sha256(sha256(secret.bytes())), challenge])));
}

const CRYPT_ALPHABET = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const CACHING_SALT_LENGTH = 20;
const ROUNDS_UNIT = 1_000;
const DEFAULT_ROUNDS = 5_000;
/** More rounds than this are left to servers that ask for them; each thousand costs about two milliseconds. */
export const MAX_ROUNDS = 100_000;

/** What caching_sha2_password stores: `$A$`, the rounds in thousands as three hex digits, `$`, 20 bytes of salt, SHA-crypt of the secret. */
export function cachingSha2Hash(secret: Secret, rounds: number): string {
  const salt = Array.from(randomBytes(CACHING_SALT_LENGTH), (byte) => CRYPT_ALPHABET[byte % CRYPT_ALPHABET.length]).join('');
  const thousands = Math.floor(rounds / ROUNDS_UNIT);
  const digits = thousands.toString(16).toUpperCase().padStart(3, '0');
  return `$A$${digits}$${salt}${sha256Crypt(secret.bytes(), Buffer.from(salt), thousands * ROUNDS_UNIT)}`;
}

/** What sha256_password stores: `$5$`, a salt of 20 bytes, `$`, SHA-crypt of the secret. */
export function sha256PasswordHash(secret: Secret): string {
  const salt = Array.from(randomBytes(CACHING_SALT_LENGTH), (byte) => CRYPT_ALPHABET[byte % CRYPT_ALPHABET.length]).join('');
  return `$5$${salt}$${sha256Crypt(secret.bytes(), Buffer.from(salt), DEFAULT_ROUNDS)}`;
}

/**
 * Does the server hold this very secret? Compared in constant time.
 *
 * @param stored the bytes of `authentication_string`; salts hold any character below 128
 * @returns null where the form cannot be compared
 */
export function fitsHash(plugin: string, stored: Buffer, secret: Secret): boolean | null {
  const text = stored.toString('latin1');
  switch (plugin) {
    case 'mysql_native_password':
      return /^\*[0-9A-F]{40}$/i.test(text) ? equal(text.toUpperCase(), nativeHash(secret)) : null;
    case 'caching_sha2_password': {
      const [, digits = '', salt = '', hash = ''] = /^\$A\$([0-9A-F]{3})\$(.{20})([./0-9A-Za-z]{43})$/s.exec(text) ?? [];
      const rounds = Number.parseInt(digits, 16) * ROUNDS_UNIT;
      if (!(rounds >= DEFAULT_ROUNDS)) return null;
      return equal(hash, sha256Crypt(secret.bytes(), Buffer.from(salt, 'latin1'), rounds));
    }
    case 'sha256_password': {
      const [, salt = '', hash] = /^\$5\$(.{20})\$([./0-9A-Za-z]{43})$/s.exec(text) ?? [];
      return hash === undefined ? null : equal(hash, sha256Crypt(secret.bytes(), Buffer.from(salt, 'latin1'), DEFAULT_ROUNDS));
    }
    default:
      return null;
  }
}

/**
 * SHA-crypt with SHA-256 (https://www.akkadia.org/drepper/SHA-crypt.txt), but for a salt of up to 20 bytes where crypt(3) cuts at 16.
 * The numbers name the steps of the specification.
 */
export function sha256Crypt(secret: Buffer, salt: Buffer, rounds: number): string {
  // 4-8
  const alternate = sha256(Buffer.concat([secret, salt, secret]));
  // 1-3, 9-12
  const first = [secret, salt, repeated(alternate, secret.length)];
  for (let bits = secret.length; bits > 0; bits >>= 1) first.push((bits & 1) === 1 ? alternate : secret);
  let digest = sha256(Buffer.concat(first));
  // 13-16, 17-20
  const p = repeated(sha256(Buffer.concat(Array.from(secret, () => secret))), secret.length);
  const s = repeated(sha256(Buffer.concat(Array.from({ length: 16 + byteAt(digest, 0) }, () => salt))), salt.length);
  // 21
  for (let round = 0; round < rounds; round += 1) {
    const hash = createHash('sha256').update(round % 2 === 1 ? p : digest);
    if (round % 3 !== 0) hash.update(s);
    if (round % 7 !== 0) hash.update(p);
    digest = hash.update(round % 2 === 1 ? digest : p).digest();
  }
  // 22: groups of three bytes, of which the two others stand ten and twenty places further.
  let text = '';
  for (let i = 0, a = 0; i < 10; i += 1, a = (a + 21) % 30) text += encoded(digest, [a, (a + 10) % 30, (a + 20) % 30], 4);
  return text + encoded(digest, [null, 31, 30], 3);
}

function encoded(digest: Buffer, places: readonly [number | null, number, number], length: number): string {
  let value = 0;
  for (const place of places) value = (value << 8) | (place === null ? 0 : byteAt(digest, place));
  let text = '';
  for (let i = 0; i < length; i += 1, value >>= 6) text += CRYPT_ALPHABET[value & 63];
  return text;
}

function byteAt(bytes: Buffer, place: number): number {
  return bytes[place] ?? 0;
}

function repeated(bytes: Buffer, length: number): Buffer {
  return Buffer.alloc(length, bytes);
}

function sha1(bytes: Buffer): Buffer {
  return createHash('sha1').update(bytes).digest();
}

function sha256(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest();
}

function xor(a: Buffer, b: Buffer): Buffer {
  return Buffer.from(a.map((byte, i) => byte ^ byteAt(b, i)));
}

function equal(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a, 'latin1'), Buffer.from(b, 'latin1'));
}
