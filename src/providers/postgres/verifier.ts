import { createHash, createHmac, pbkdf2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import type { Secret } from '../../model/index.ts';
import { asServerSeesIt } from './saslprep.ts';

/** PostgreSQL's default (`SCRAM_SHA_256_DEFAULT_ITERATIONS`), and all there is before 16. */
export const DEFAULT_ITERATIONS = 4096;
/** Half a second of work at a login. Above it we neither log in nor compute, so that a server cannot keep us busy. */
export const MAX_ITERATIONS = 1_000_000;
const SALT_BYTES = 16;
const KEY_BYTES = 32;

const derive = promisify(pbkdf2);

/**
 * What `pg_authid.rolpassword` holds for a password, so that only this reaches the server and its logs:
 * `SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>` (RFC 5803 as PostgreSQL writes it; keys of RFC 5802 §3).
 */
export async function scramVerifier(secret: Secret, iterations: number, salt: Buffer = randomBytes(SALT_BYTES)): Promise<string> {
  const salted = await derive(asServerSeesIt(secret.reveal()), salt, iterations, KEY_BYTES, 'sha256');
  const storedKey = createHash('sha256').update(hmac(salted, 'Client Key')).digest('base64');
  const serverKey = hmac(salted, 'Server Key').toString('base64');
  return `SCRAM-SHA-256$${iterations}:${salt.toString('base64')}$${storedKey}:${serverKey}`;
}

/**
 * Does the secret fit what the server stored? Both kinds that PostgreSQL has: SCRAM, and the older `md5` over password and role name.
 * Constant-time in the secret. Null: a kind that cannot be compared.
 */
export async function fitsVerifier(stored: string, login: string, secret: Secret): Promise<boolean | null> {
  const scram = /^SCRAM-SHA-256\$(\d{1,10}):([A-Za-z0-9+/=]+)\$[A-Za-z0-9+/=]+:[A-Za-z0-9+/=]+$/.exec(stored);
  if (scram !== null) {
    const iterations = Number(scram[1]);
    if (iterations < 1 || iterations > MAX_ITERATIONS) return null;
    return sameText(stored, await scramVerifier(secret, iterations, Buffer.from(scram[2] ?? '', 'base64')));
  }
  if (/^md5[0-9a-f]{32}$/.test(stored)) {
    return sameText(stored, `md5${createHash('md5').update(secret.bytes()).update(login).digest('hex')}`);
  }
  return null;
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

function sameText(a: string, b: string): boolean {
  const left = Buffer.from(a);
  const right = Buffer.from(b);
  return left.length === right.length && timingSafeEqual(left, right);
}
