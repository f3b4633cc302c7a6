import { expect, test } from 'vitest';
import { Secret } from '../../src/model/index.ts';
import { leaks } from './canary.ts';

const TEXT = 'p"ss/w+rd=ünd\\€';
const secret = Secret.fromText(TEXT);
const bytes = Buffer.from(TEXT);

test.each([
  ['as it is', TEXT],
  ['as bytes', bytes.toString('latin1')],
  ['base64', bytes.toString('base64')],
  ['base64url', bytes.toString('base64url')],
  ['base64 that goes on', Buffer.concat([bytes, Buffer.from(' and more')]).toString('base64')],
  ['base64 of a header', Buffer.concat([Buffer.from('user:'), bytes]).toString('base64')],
  ['base64 of a longer header', Buffer.concat([Buffer.from('users:'), bytes, Buffer.from('.')]).toString('base64url')],
  ['hex', bytes.toString('hex')],
  ['upper-case hex', bytes.toString('hex').toUpperCase()],
  ['URL', encodeURIComponent(TEXT)],
  ['JSON', JSON.stringify({ a: TEXT })],
  ['UTF-16', Buffer.from(TEXT, 'utf16le').toString('latin1')],
])('a secret is found %s', (_, spelled) => {
  const other = Secret.fromText('another-secret');
  for (const text of [spelled, `x${spelled}y`, `${spelled}${spelled}`]) expect(leaks(text, other, secret)).not.toEqual([]);
  expect(leaks(spelled, other)).toEqual([]);
  expect(leaks(spelled.slice(0, 5), secret)).toEqual([]);
});

test('a secret that is too short to be told from other text is refused', () => {
  expect(() => leaks('anything', Secret.fromText('short'))).toThrow('too short');
});
