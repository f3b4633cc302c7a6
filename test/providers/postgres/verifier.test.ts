import { describe, expect, test } from 'vitest';
import { Secret } from '../../../src/model/index.ts';
import { asServerSeesIt, driversDisagree, saslprep } from '../../../src/providers/postgres/saslprep.ts';
import { fitsVerifier, MAX_ITERATIONS, scramVerifier } from '../../../src/providers/postgres/verifier.ts';

const PENCIL =
  'SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=';

describe('SCRAM verifier', () => {
  test('is byte for byte what PostgreSQL stores for the password of RFC 7677', async () => {
    const salt = Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64');
    expect(await scramVerifier(Secret.fromText('pencil'), 4096, salt)).toBe(PENCIL);
  });

  test('has a new salt each time', async () => {
    const secret = Secret.fromText('pencil');
    expect(await scramVerifier(secret, 4096)).not.toBe(await scramVerifier(secret, 4096));
  });

  test('fits the secret that it was made from and no other', async () => {
    expect(await fitsVerifier(PENCIL, 'app', Secret.fromText('pencil'))).toBe(true);
    expect(await fitsVerifier(PENCIL, 'app', Secret.fromText('pencil '))).toBe(false);
  });

  test('of the old md5 kind fits password and role name together', async () => {
    // echo -n secretapp | md5sum
    const stored = 'md56a422f785c9e20873908ce25d1736ae2';
    expect(await fitsVerifier(stored, 'app', Secret.fromText('secret'))).toBe(true);
    expect(await fitsVerifier(stored, 'other', Secret.fromText('secret'))).toBe(false);
  });

  test.each([
    'plain',
    'SCRAM-SHA-512$1:AA==$AA==:AA==',
    `SCRAM-SHA-256$${MAX_ITERATIONS + 1}:AA==$AA==:AA==`,
    'SCRAM-SHA-256$0:AA==$AA==:AA==',
  ])('cannot be compared as %s', async (stored) => {
    expect(await fitsVerifier(stored, 'app', Secret.fromText('secret'))).toBeNull();
  });
});

describe('SASLprep', () => {
  // The examples of RFC 4013 §3, and one of each way a text changes or is refused.
  test.each([
    ['I\u00ADX', 'IX'],
    ['user', 'user'],
    ['USER', 'USER'],
    ['\u00AA', 'a'],
    ['\u2168', 'IX'],
    ['\u0627\u0031\u0628', '\u0627\u0031\u0628'],
    ['a\u00A0b', 'a b'],
    ['a\u0308', 'ä'],
    ['tab\tstays', 'tab\tstays'],
  ])('prepares %j', (text, prepared) => {
    expect(saslprep(text)).toBe(prepared);
  });

  test.each(['ä\u0007', 'ä\u0000', '\u0627\u0031', '\u0627a\u0628', '\uE000', '\uFFFD', 'ä\u2028', '\u{E0041}', '\u0378', '\u00AD'])(
    'prohibits %j',
    (text) => {
      expect(saslprep(text)).toBeNull();
    },
  );

  test('takes what it prohibits raw, as libpq does', () => {
    expect(asServerSeesIt('\u2168\u0007')).toBe('\u2168\u0007');
  });

  test('knows where the driver would compute with another text', () => {
    expect(driversDisagree('\u2168\u0007')).toBe(true);
    expect(driversDisagree('ä\u0007')).toBe(false);
    expect(driversDisagree('\u2168')).toBe(false);
    expect(driversDisagree('\u0007')).toBe(false);
  });

  test('refuses bytes that are no text', () => {
    expect(saslprep(Secret.fromBytes(Buffer.from([0xff, 0xfe, 0x41])).reveal())).toBeNull();
  });
});
