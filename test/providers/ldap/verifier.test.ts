import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Secret } from '../../../src/model/index.ts';
import { fitsVerifier } from '../../../src/providers/ldap/verifier.ts';
import { hasServer } from '../../servers/missing.ts';

const secret = Secret.fromText('S3cret-ä€');
const other = Secret.fromText('S3cret-ä');

function slappasswd(scheme: string, module: readonly string[] = []): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'pam-slappasswd-'));
  try {
    writeFileSync(join(folder, 'secret'), secret.bytes(), { mode: 0o600 });
    return execFileSync('/usr/sbin/slappasswd', [...module, '-h', `{${scheme}}`, '-n', '-T', join(folder, 'secret')]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe.runIf(hasServer('slapd'))('hashes as OpenLDAP makes them', () => {
  test.each(['SSHA', 'SHA', 'SMD5', 'MD5'])('{%s} is compared', (scheme) => {
    const stored = slappasswd(scheme);
    expect(fitsVerifier(stored, secret)).toBe(true);
    expect(fitsVerifier(stored, other)).toBe(false);
  });

  test.each(['SSHA256', 'SSHA384', 'SSHA512', 'SHA256', 'SHA512'])('{%s} of pw-sha2 is compared', (scheme) => {
    const stored = slappasswd(scheme, ['-o', 'module-path=/usr/lib/ldap', '-o', 'module-load=pw-sha2']);
    expect(fitsVerifier(stored, secret)).toBe(true);
    expect(fitsVerifier(stored, other)).toBe(false);
  });

  test('{CRYPT} cannot be compared here', () => {
    expect(fitsVerifier(slappasswd('CRYPT'), secret)).toBeNull();
  });
});

test('a password that is stored as it is, is compared as it is', () => {
  expect(fitsVerifier(secret.bytes(), secret)).toBe(true);
  expect(fitsVerifier(secret.bytes(), other)).toBe(false);
});

test('what is cut short or of an unknown scheme cannot be compared', () => {
  for (const stored of ['{SSHA}', '{SSHA}YWJj', '{ARGON2}$argon2id$v=19$m=7', '{x}']) {
    expect(fitsVerifier(Buffer.from(stored), secret), stored).toBeNull();
  }
});
