import { describe, expect, test } from 'vitest';
import { explainBind, explainChange } from '../../../src/providers/ldap/failure.ts';
import type { Target } from '../../../src/providers/provider.ts';

/** What no server here can be brought to say; the rest is asked of real ones. */
const target = (type: string): Target => ({
  address: 'PamDirectory/d',
  type,
  host: 'h',
  port: 636,
  tls: { mode: 'verify-full' },
  fields: {},
});
const answer = (code: number, text = '', policy = {}) => ({ code, text, policy });
const windows = (data: string) => answer(49, `80090308: LdapErr: DSID-0C09042A, comment: AcceptSecurityContext error, data ${data}, v3839`);

describe('binds', () => {
  test.each(['530', '531', '532', '533', '701', '773'])('data %s is told only to who has the secret', (data) => {
    expect(explainBind(windows(data), target('active_directory'))).toMatchObject({
      code: 'PAM6006',
      spent: false,
      restricted: expect.any(String),
    });
  });

  test('data 775 and 525 say nothing about the secret, 52e that it is wrong', () => {
    expect(explainBind(windows('775'), target('active_directory'))).toMatchObject({ code: 'PAM6006', spent: false });
    expect(explainBind(windows('775'), target('active_directory'))).not.toHaveProperty('restricted');
    expect(explainBind(windows('525'), target('active_directory'))).toMatchObject({ code: 'PAM6005', spent: false });
    expect(explainBind(windows('52e'), target('active_directory'))).toMatchObject({ code: 'PAM6003', spent: true });
  });

  test('the words of Active Directory mean nothing elsewhere', () => {
    expect(explainBind(windows('533'), target('openldap'))).toMatchObject({ code: 'PAM6003', spent: true });
  });

  test.each([
    [10, 'PAM6010', false],
    [19, 'PAM6006', false],
    [32, 'PAM6005', false],
    [48, 'PAM6006', false],
    [51, 'PAM6010', true],
    [52, 'PAM6010', true],
    [53, 'PAM6006', false],
    [80, 'PAM6011', false],
  ])('result %i is %s', (code, expected, retryable) => {
    expect(explainBind(answer(code), target('openldap'))).toMatchObject({ code: expected, retryable });
  });
});

describe('changes', () => {
  test.each([
    [answer(53, '0000052D: SvcErr: DSID-031A12D2, problem 5003 (WILL_NOT_PERFORM), data 0'), 'PAM6007'],
    [answer(53, '0000001F: SvcErr: DSID-031A126C, problem 5003 (WILL_NOT_PERFORM), data 0'), 'PAM6002'],
    [answer(53, 'shadow context; no update referral'), 'PAM6010'],
    [answer(10), 'PAM6010'],
    [answer(13), 'PAM6012'],
    [answer(16), 'PAM6011'],
  ])('%j is a refusal: %s', (given, code) => {
    expect(explainChange(given, false)).toMatchObject({ outcome: 'refused', code, retryable: false });
  });

  test('busy may be tried again', () => {
    expect(explainChange(answer(51), false)).toMatchObject({ outcome: 'refused', code: 'PAM6010', retryable: true });
  });

  test.each([3, 52, 80, 81, 85, 248])('after result %i the change may have been made', (code) => {
    expect(explainChange(answer(code), false)).toMatchObject({ outcome: 'unknown' });
  });

  test('the text of the server is not repeated', () => {
    const outcome = explainChange(answer(19, '0000052D: the password S3cret is too short'), false);
    expect(JSON.stringify(outcome)).not.toContain('S3cret');
  });
});
