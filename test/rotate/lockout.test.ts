import fc from 'fast-check';
import { expect, test } from 'vitest';
import { budgetOf, type LoginKind } from '../../src/rotate/lockout.ts';

const BASE = { max: 2, windowMs: 1_800_000 };
const KINDS: readonly LoginKind[] = ['taken', 'expected', 'given', 'fallback', 'guess'];

test.for([
  [3, 'guess', 1],
  [3, 'fallback', 1],
  [3, 'given', 2],
  [3, 'taken', 2],
  [4, 'guess', 2],
  [10, 'guess', 2],
  [2, 'expected', 1],
] as const)('with a threshold of %d a login that is %s may fail %d times', ([maxFailures, kind, max]) => {
  expect(budgetOf(BASE, kind, { locksOut: true, lockout: { maxFailures, windowMs: 600_000 } })).toMatchObject({
    max,
    lockAt: maxFailures,
    ...(kind === 'taken' ? { firstIsFree: true } : {}),
  });
});

test.for([
  [1, 'taken', 0],
  [2, 'guess', 0],
  [3, 'expected', 2],
  [5, 'guess', 4],
] as const)('with a threshold of %d no login that is %s is risked after %d failures of others', ([maxFailures, kind, failures]) => {
  expect(budgetOf(BASE, kind, { locksOut: true, lockout: { maxFailures }, failures })).toBeNull();
});

test('what the target took a moment ago is proved, whatever others fail', () => {
  expect(budgetOf(BASE, 'taken', { locksOut: true, lockout: { maxFailures: 3 }, failures: 2 })).toMatchObject({ max: 2 });
});

test('where nobody could read when accounts are locked the third failure might; where none are, none does', () => {
  expect(budgetOf(BASE, 'given', { locksOut: true })).toEqual({ ...BASE, expected: false, lockAt: 3 });
  expect(budgetOf(BASE, 'expected', { locksOut: false })).toEqual({ ...BASE, expected: true });
});

test('failures that only a good login ends are counted for a day, and no window is shorter than ours', () => {
  const windowOf = (windowMs?: number) =>
    budgetOf(BASE, 'given', { locksOut: true, lockout: { maxFailures: 5, ...(windowMs === undefined ? {} : { windowMs }) } })?.windowMs;
  expect([windowOf(), windowOf(60_000), windowOf(7_200_000)]).toEqual([86_400_000, BASE.windowMs, 7_200_000]);
});

test('no budget ever reaches the threshold', () => {
  fc.assert(
    fc.property(fc.constantFrom(...KINDS), fc.integer({ min: 1, max: 50 }), fc.nat(50), (kind, maxFailures, failures) => {
      const budget = budgetOf(BASE, kind, { locksOut: true, lockout: { maxFailures }, failures });
      return budget === null || (budget.max < maxFailures && budget.lockAt === maxFailures);
    }),
  );
});
