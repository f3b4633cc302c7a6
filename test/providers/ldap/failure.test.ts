import { expect, test } from 'vitest';
import { explainBind, explainChange } from '../../../src/providers/ldap/failure.ts';
import { targetOf } from './openldap.ts';

/** What no row of the tables of errors says (`src/providers/ldap/README.md`). */
const answer = (code: number, text = '') => ({ code, text, policy: {} });

test('the words of Active Directory mean nothing elsewhere', () => {
  const disabled = answer(49, '80090308: LdapErr: DSID-0C09042A, comment: AcceptSecurityContext error, data 533, v3839');
  expect(explainBind(disabled, targetOf(636, { mode: 'verify-full' }))).toMatchObject({ code: 'PAM6003', spent: true });
});

test.each([81, 85, 248])('after result %i, as after all from 80 on, the change may have been made', (code) => {
  expect(explainChange(answer(code), false)).toMatchObject({ outcome: 'unknown' });
});

test('the text of the server is not repeated', () => {
  const outcome = explainChange(answer(19, '0000052D: the password S3cret is too short'), false);
  expect(JSON.stringify(outcome)).not.toContain('S3cret');
});
