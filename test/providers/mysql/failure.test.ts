import { expect, test } from 'vitest';
import { errnoOf, explainChange, explainLogin } from '../../../src/providers/mysql/failure.ts';

/** What no row of the tables of errors says (`src/providers/mysql/README.md`). */

test.each([1105, 1180, 1598])('after error %i (internal, a commit, the binary log) the change may have been made', (errno) => {
  expect(explainChange(errno)).toMatchObject({ outcome: 'unknown' });
});

test('an error that nobody knows ends a login, and was no failed one', () => {
  expect(explainLogin(9999)).toMatchObject({ code: 'PAM6011', spent: false });
});

test('numbers of Node are not taken for those of the server', () => {
  expect(errnoOf(Object.assign(new Error('broken'), { errno: -104, code: 'ECONNRESET' }))).toBeUndefined();
  expect(errnoOf(Object.assign(new Error('denied'), { errno: 1045, sqlState: '28000' }))).toBe(1045);
});
