import { describe, expect, test } from 'vitest';
import { passwordModifyValue, policyAnswer, startTlsAnswer, startTlsRequest } from '../../../src/providers/ldap/ber.ts';

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');

describe('Modify Password (RFC 3062)', () => {
  test('an administrator sends the name and the new password', () => {
    expect(passwordModifyValue('cn=a', Buffer.from('new')).toString('hex')).toBe(hex('30 0b 80 04 636e3d61 82 03 6e6577').toString('hex'));
  });

  test('an account sends its old one in between', () => {
    const value = passwordModifyValue('cn=a', Buffer.from('new'), Buffer.from('old'));
    expect(value.toString('hex')).toBe(hex('30 10 80 04 636e3d61 81 03 6f6c64 82 03 6e6577').toString('hex'));
  });

  test('lengths from 128 on take the long form', () => {
    const value = passwordModifyValue('', Buffer.alloc(200, 0x61));
    expect(value.subarray(0, 10).toString('hex')).toBe(hex('30 82 00ce 80 00 82 82 00c8').toString('hex'));
    expect(value).toHaveLength(4 + 2 + 4 + 200);
    expect(() => passwordModifyValue('', Buffer.alloc(70_000))).toThrow('too long');
  });
});

describe('StartTLS (RFC 4511 §4.14)', () => {
  test('is asked for in one message', () => {
    const oid = Buffer.from('1.3.6.1.4.1.1466.20037').toString('hex');
    expect(startTlsRequest().toString('hex')).toBe(hex(`30 1d 020101 77 18 80 16 ${oid}`).toString('hex'));
  });

  const YES = hex('30 0c 020101 78 07 0a0100 0400 0400');

  test('its answer is read, with or without its name, in long form too', () => {
    expect(startTlsAnswer(YES)).toBe(0);
    expect(startTlsAnswer(hex('30 84 0000000c 020101 78 07 0a0102 0400 0400'))).toBe(2);
    expect(startTlsAnswer(hex('30 0f 020101 78 0a 0a0100 0400 0400 8a 01 31'))).toBe(0);
  });

  test('an answer that is not all there is waited for', () => {
    for (let length = 0; length < YES.length; length++) expect(startTlsAnswer(YES.subarray(0, length))).toBeNull();
  });

  test('anything else is no answer, and bytes behind one are an attack', () => {
    const others = [
      '30 0c 020102 78 07 0a0100 0400 0400',
      '30 0c 020101 61 07 0a0100 0400 0400',
      '30 80',
      '30 00',
      '16 03 0101',
      '48 54 545020',
    ];
    for (const other of others) expect(() => startTlsAnswer(hex(`${other} ${'00'.repeat(90)}`)), other).toThrow();
    expect(() => startTlsAnswer(Buffer.concat([YES, hex('30')]))).toThrow();
  });
});

describe('the control of password policies', () => {
  test('says what is wrong', () => {
    expect(policyAnswer(hex('30 03 81 01 08'))).toEqual({ error: 8 });
    expect(policyAnswer(hex('30 03 81 01 00'))).toEqual({ error: 0 });
  });

  test('warns', () => {
    expect(policyAnswer(hex('30 06 a0 04 80 02 0e10'))).toEqual({ secondsBeforeExpiration: 3600 });
    expect(policyAnswer(hex('30 08 a0 03 81 01 02 81 01 02'))).toEqual({ graceLoginsLeft: 2, error: 2 });
  });

  test('says nothing when it is empty or no such thing', () => {
    for (const bytes of ['', '30 00', '04 00', '30 02 81 00 00', '30 03 82 01 01']) expect(policyAnswer(hex(bytes)).error ?? -1).toBe(-1);
  });
});
