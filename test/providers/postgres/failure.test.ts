import { expect, test } from 'vitest';
import { explainChange, explainLogin, sqlStateOf } from '../../../src/providers/postgres/failure.ts';

test.each([
  ['42501', 'PAM6004', false],
  ['42704', 'PAM6005', false],
  ['25006', 'PAM6010', false],
  ['55P03', 'PAM6010', true],
  ['40001', 'PAM6010', true],
  ['53300', 'PAM6010', true],
  ['22023', 'PAM6007', false],
  ['P0001', 'PAM6007', false],
  ['42939', 'PAM6011', false],
])('SQLSTATE %s refuses a change with %s', (state, code, retryable) => {
  expect(explainChange(state, '')).toMatchObject({ outcome: 'refused', code, retryable, reason: expect.stringContaining(state) });
});

test.each(['57014', '57P01', '57P02', '08006', '58030', 'XX000', 'XX001', '25P04'])(
  'after SQLSTATE %s the change may have been made',
  (state) => {
    expect(explainChange(state, 'internal error')).toMatchObject({ outcome: 'unknown' });
  },
);

test('an internal error that says the row moved is a refusal', () => {
  expect(explainChange('XX000', 'tuple concurrently updated')).toMatchObject({ outcome: 'refused', code: 'PAM6010', retryable: true });
});

test('the message of the server is never repeated', () => {
  const text = 'ALTER ROLE x PASSWORD hunter2';
  for (const state of ['42501', '22023', 'XX000', '57014', '99999'])
    expect(JSON.stringify(explainChange(state, text))).not.toContain('hunter2');
});

test('what the server checks after the secret is a proof, and the same before it is none', () => {
  for (const state of ['28000', '53300', '3D000', '42501', '57P03', '57P01']) {
    expect(explainLogin(state, true)).toHaveProperty('restricted');
    expect(explainLogin(state, false)).not.toHaveProperty('restricted');
  }
});

test('codes of Node are no SQLSTATEs, though some look alike', () => {
  expect(sqlStateOf(Object.assign(new Error('broken'), { code: 'EPIPE' }))).toBeUndefined();
  expect(sqlStateOf(Object.assign(new Error('broken'), { code: '28P01', severity: 'FATAL' }))).toBe('28P01');
});
