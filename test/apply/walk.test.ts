import { describe, expect, test } from 'vitest';
import { createLedger, exitOfLedger, type RowResult } from '../../src/apply/ledger.ts';
import { walk } from '../../src/apply/walk.ts';
import type { Change, LedgerEntry, Outcome } from '../../src/model/index.ts';

const row = (id: string, dependsOn: string[] = []): Change => ({
  id,
  address: `PamUser/${id}`,
  kind: 'adopt',
  dependsOn,
  precondition: '',
});

async function run(
  rows: readonly Change[],
  results: Readonly<Record<string, RowResult>> = {},
  options: Partial<Parameters<typeof walk>[2]> = {},
) {
  const saved: LedgerEntry[] = [];
  const ledger = createLedger({ now: () => '2027-01-01T00:00:00.000Z', save: async (e) => void saved.push(...e), emit: () => {} });
  const order: string[] = [];
  let busy = 0;
  let most = 0;
  await walk(rows, ledger, {
    parallelism: 4,
    failFast: false,
    stop: new AbortController().signal,
    keyOf: () => undefined,
    perKey: 2,
    onStart: (c) => order.push(c.id),
    run: async (c) => {
      most = Math.max(most, ++busy);
      await new Promise((resolve) => setImmediate(resolve));
      busy--;
      return results[c.id] ?? { outcome: 'succeeded' };
    },
    ...options,
  });
  expect(saved).toEqual(ledger.entries);
  return { order, most, outcome: Object.fromEntries(ledger.entries.map((e) => [e.id, e.outcome])), entries: ledger.entries };
}

describe('walk', () => {
  test('starts a row after everything that it depends on', async () => {
    const { order } = await run([row('c', ['b']), row('b', ['a']), row('a')]);
    expect(order).toEqual(['a', 'b', 'c']);
  });

  test('skips what depends on a failure, says because of which, and goes on with the rest', async () => {
    const { outcome, entries } = await run([row('a'), row('b', ['a']), row('c', ['b']), row('d')], {
      a: { outcome: 'failed', code: 'PAM6001' },
    });
    expect(outcome).toEqual({ a: 'failed', b: 'skipped', c: 'skipped', d: 'succeeded' });
    expect(entries.find((e) => e.id === 'c')?.because).toBe('b');
  });

  test('never runs more than it may, in all and on one target', async () => {
    const rows = Array.from({ length: 20 }, (_, i) => row(`r${i}`));
    expect((await run(rows)).most).toBe(4);
    expect((await run(rows, {}, { keyOf: () => 'db' })).most).toBe(2);
  });

  test('fail-fast starts nothing more', async () => {
    const { outcome } = await run(
      [row('a'), row('b'), row('c')],
      { a: { outcome: 'failed', code: 'PAM6001' } },
      { parallelism: 1, failFast: true },
    );
    expect(outcome).toEqual({ a: 'failed', b: 'not attempted', c: 'not attempted' });
  });

  test('after a stop what was started is finished, and nothing else begins', async () => {
    const controller = new AbortController();
    const { outcome } = await run([row('a'), row('b')], {}, { parallelism: 1, stop: controller.signal, onStart: () => controller.abort() });
    expect(outcome).toEqual({ a: 'succeeded', b: 'not attempted' });
  });
});

describe('exit code of a ledger', () => {
  const entry = (outcome: Outcome, more: Partial<LedgerEntry> = {}): LedgerEntry => ({
    id: 'x',
    address: 'PamUser/x',
    kind: 'rotate',
    outcome,
    at: '',
    ...more,
  });

  test.each<[string, LedgerEntry[], boolean, number]>([
    ['nothing to do', [], false, 0],
    ['all well', [entry('succeeded')], false, 0],
    ['interrupted wins over everything', [entry('failed', { exit: 6 }), entry('succeeded')], true, 130],
    ['failed beside a success is in part', [entry('failed', { exit: 1 }), entry('succeeded')], false, 7],
    ['already done is no success of this run', [entry('failed', { exit: 1 }), entry('succeeded', { already: true })], false, 1],
    ['quarantined', [entry('failed', { exit: 7 })], false, 7],
    ['unknown', [entry('unknown')], false, 7],
    ['permission before plain failure', [entry('failed', { exit: 1 }), entry('failed', { exit: 6 }), entry('skipped')], false, 6],
    ['plain failure', [entry('failed', { exit: 1 }), entry('blocked')], false, 1],
    ['only blocked rows are left', [entry('blocked'), entry('succeeded'), entry('skipped')], false, 3],
  ])('%s', (_, entries, interrupted, exit) => {
    expect(exitOfLedger(entries, interrupted)).toBe(exit);
  });
});
