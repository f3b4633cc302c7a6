import { expect, test } from 'vitest';
import { parseCreateUser } from '../../../src/providers/mysql/account.ts';
import { type AccountName, parseName, quoteName, shadowOf } from '../../../src/providers/mysql/name.ts';

test.each([
  ['app', { user: 'app', host: '%' }],
  ['app@10.%', { user: 'app', host: '10.%' }],
  ['me@corp@LocalHost', { user: 'me@corp', host: 'localhost' }],
  ['Größe@%', { user: 'Größe', host: '%' }],
  ['', null],
  ['@localhost', null],
  ['app@', null],
  ['a\0b', null],
  ['x'.repeat(129), null],
])('the login %j is the account %j', (login, name) => {
  expect(parseName(login)).toEqual(name);
});

test('quotes are doubled and backslashes stay', () => {
  expect(quoteName({ user: "o'br\\ien", host: '%' })).toBe("'o''br\\ien'@'%'");
});

test.each<[string, readonly string[], string | null]>([
  ['app@%', ['app@localhost'], null],
  ['app@%', ['app@127.0.0.1'], 'app@127.0.0.1'],
  ['app@%', ['app@127.%'], 'app@127.%'],
  ['app@127.0.0.%', ['app@127.%', 'app@%'], null],
  ['app@127.0.0.1', ['app@127.0.0._', 'app@%'], null],
  ['app@%', ['other@127.0.0.%'], 'other@127.0.0.%'],
])('a login of %s beside %j from 127.0.0.1 reaches %s instead', (login, others, expected) => {
  const mine = parseName(login) as AccountName;
  const rows = [...others.map((other) => parseName(other) as AccountName), mine];
  expect(shadowOf(mine, rows, '127.0.0.1')).toEqual(expected === null ? null : parseName(expected));
});

test('the anonymous user comes after a named one of the same host, and before one of a wider host', () => {
  const anonymous = { user: '', host: '127.0.0.1' };
  expect(shadowOf({ user: 'app', host: '127.0.0.1' }, [anonymous], '127.0.0.1')).toBeNull();
  expect(shadowOf({ user: 'app', host: '%' }, [anonymous], '127.0.0.1')).toEqual(anonymous);
});

test.each([
  ["CREATE USER `a`@`%` IDENTIFIED BY PASSWORD '*5B39198CE69D0F4B82DFB974421ECD702D321000'", 'mysql_native_password', true, false],
  ["CREATE USER `a`@`%` IDENTIFIED WITH 'caching_sha2_password' AS <secret> REQUIRE NONE", 'caching_sha2_password', false, false],
  ["CREATE USER `a`@`%` IDENTIFIED VIA ed25519 USING '0GAA1BoYECTDinewa2yzhng66mPlGpmsaX+1Io9s5UI' OR unix_socket", 'ed25519', false, true],
  [
    "CREATE USER `a`@`%` IDENTIFIED VIA unix_socket OR mysql_native_password USING '*5B39198CE69D0F4B82DFB974421ECD702D321000'",
    'unix_socket',
    false,
    true,
  ],
  ["CREATE USER `a`` IDENTIFIED VIA x`@`%` IDENTIFIED VIA pam USING 'mariadb'", 'pam', false, false],
  ['CREATE USER `a`@`%`', 'mysql_native_password', false, false],
  ['something else', 'unknown', false, true],
])('%s', (text, plugin, hasHash, alternatives) => {
  const parsed = parseCreateUser(text);
  expect(parsed).toMatchObject({ plugin, alternatives });
  expect(parsed.stored !== null).toBe(hasHash);
});
