import { expect, test } from 'vitest';
import { errnoOf, explainChange, explainLogin } from '../../../src/providers/mysql/failure.ts';

test.each([
  [1227, 'PAM6004', false],
  [1142, 'PAM6004', false],
  [1396, 'PAM6005', false],
  [1133, 'PAM6005', false],
  [1290, 'PAM6010', false],
  [1836, 'PAM6010', false],
  [1205, 'PAM6010', true],
  [1213, 'PAM6010', true],
  [1047, 'PAM6010', true],
  [1819, 'PAM6007', false],
  [3638, 'PAM6007', false],
  [1820, 'PAM6006', false],
  [1064, 'PAM6011', false],
])('error %i refuses a change with %s', (errno, code, retryable) => {
  expect(explainChange(errno)).toMatchObject({ outcome: 'refused', code, retryable, reason: expect.stringContaining(String(errno)) });
});

test.each([1317, 1969, 3024, 1927, 1053, 4031, 1180, 1105, 3891])('after error %i the change may have been made', (errno) => {
  expect(explainChange(errno)).toMatchObject({ outcome: 'unknown' });
});

test.each([
  [1045, 'PAM6003', true, false],
  [1040, 'PAM6010', false, false],
  [1129, 'PAM6012', false, false],
  [1130, 'PAM6012', false, false],
  [3159, 'PAM6012', false, false],
  [3118, 'PAM6006', false, false],
  [4151, 'PAM6006', false, false],
  [3955, 'PAM6006', false, false],
  [1820, 'PAM6006', false, true],
  [1862, 'PAM6006', false, true],
  [1698, 'PAM6009', false, false],
  [1226, 'PAM6010', false, true],
  [9999, 'PAM6011', false, false],
])('error %i ends a login with %s', (errno, code, spent, isProof) => {
  const failure = explainLogin(errno);
  expect(failure).toMatchObject({ code, spent });
  expect('restricted' in failure).toBe(isProof);
});

test('numbers of Node are not taken for those of the server', () => {
  expect(errnoOf(Object.assign(new Error('broken'), { errno: -104, code: 'ECONNRESET' }))).toBeUndefined();
  expect(errnoOf(Object.assign(new Error('denied'), { errno: 1045, sqlState: '28000' }))).toBe(1045);
});
