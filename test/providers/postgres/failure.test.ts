import { expect, test } from 'vitest';
import { explainChange, explainLogin, sqlStateOf } from '../../../src/providers/postgres/failure.ts';

/** What no row of the table of errors says (`src/providers/postgres/README.md`). */

test.each(['57P02', 'XX001', '25P04'])('after SQLSTATE %s the change may have been made', (state) => {
  expect(explainChange(state, 'internal error')).toMatchObject({ outcome: 'unknown' });
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
