import { expect, test } from 'vitest';
import { Secret } from '../../../src/model/index.ts';
import { cachingSha2Hash, fitsHash, nativeHash, sha256Crypt } from '../../../src/providers/mysql/hash.ts';

// Made with `openssl passwd -5 -salt SALT SECRET`.
test.each([
  ['Hello world!', 'saltstring', '5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5'],
  [
    'Größe äöü, a secret of more than sixty-four bytes, which takes a second block of SHA-256',
    'aB3./xyz',
    'nIGuRbEtI2nptM/S1LpKRCsMQ/vOdeddYE2.0KHFya3',
  ],
])('SHA-crypt of %j is that of OpenSSL', (secret, salt, hash) => {
  expect(sha256Crypt(Buffer.from(secret), Buffer.from(salt), 5_000)).toBe(hash);
});

test('the native hash is that of PASSWORD()', () => {
  // https://mariadb.com/kb/en/password/
  expect(nativeHash(Secret.fromText('notagoodpwd'))).toBe('*3A70EE9FC6594F88CE9E959CD51C5A1C002DC937');
});

test('a hash fits its own secret and no other, whatever the rounds', () => {
  const secret = Secret.fromText('ünlikely-Secret-1');
  for (const rounds of [5_000, 10_000, 12_999]) {
    const stored = cachingSha2Hash(secret, rounds);
    expect(stored).toHaveLength(70);
    expect(fitsHash('caching_sha2_password', Buffer.from(stored), secret)).toBe(true);
    expect(fitsHash('caching_sha2_password', Buffer.from(stored), Secret.fromText('other'))).toBe(false);
  }
});

test('what has another form is not compared', () => {
  const secret = Secret.fromText('x');
  for (const [plugin, stored] of [
    ['caching_sha2_password', ''],
    ['caching_sha2_password', nativeHash(secret)],
    ['mysql_native_password', '3A70EE9FC6594F88CE9E959CD51C5A1C002DC937'],
    ['ed25519', nativeHash(secret)],
  ] as const) {
    expect(fitsHash(plugin, Buffer.from(stored), secret), `${plugin} ${stored}`).toBeNull();
  }
});
