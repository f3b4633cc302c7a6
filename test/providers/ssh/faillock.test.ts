import { expect, test } from 'vitest';
import { readFaillock } from '../../../src/providers/ssh/inspect.ts';

test.for([
  ['', 'deny = 5', null],
  ['auth required pam_faillock.so preauth', '', { maxFailures: 3, windowMs: 900_000 }],
  ['auth required pam_faillock.so preauth', 'deny = 5 fail_interval=60 ', { maxFailures: 5, windowMs: 60_000 }],
  ['auth required pam_faillock.so authfail deny=4', 'deny = 5', { maxFailures: 4, windowMs: 900_000 }],
  ['auth required pam_faillock.so authfail', 'deny = 0', null],
] as const)('faillock of %j with %j locks as %j says', ([pam, configuration, lockout]) => {
  expect(readFaillock(pam, configuration)).toEqual(lockout);
});
