import { describe, expect, test } from 'vitest';
import { applyRecordRows, isRowDone } from '../../src/apply/rows.ts';
import { settle } from '../../src/apply/settle.ts';
import { type DesiredResource, hashOwned, type Plan, type VaultRecord } from '../../src/model/index.ts';
import { isRecordRow } from '../../src/plan/index.ts';
import { desired, estate, NOW, OWNER, plan, recordOf, replace, snapshotOf } from '../plan/fixtures.ts';

let count = 0;
const given = { owner: OWNER, asOf: NOW, newId: () => `new-${count++}` };

/** Carries the record rows of a plan out in memory. */
function carryOut(p: Plan, records: readonly VaultRecord[]): VaultRecord[] {
  const byAddress = new Map(records.map((r) => [r.address, r]));
  for (const address of new Set(p.changes.map((c) => c.address))) {
    const rows = p.changes.filter((c) => c.address === address && isRecordRow(c));
    if (rows.length === 0) continue;
    const move = rows.find((c) => c.kind === 'move');
    const before = byAddress.get(address) ?? (move === undefined ? undefined : byAddress.get(move.from));
    const draft = applyRecordRows(before, rows, given);
    if (move !== undefined) byAddress.delete(move.from);
    if (draft === null) byAddress.delete(address);
    else byAddress.set(address, { ...draft, revision: (before?.revision ?? 0) + 1, mac: '', updatedAt: NOW });
  }
  return [...byAddress.values()];
}

const e = estate();
const cases: readonly [string, readonly DesiredResource[], readonly VaultRecord[]][] = [
  ['from nothing', e.all, []],
  [
    'an update that sets, changes and unsets',
    e.all.map((r) => (r === e.database ? { ...r, fields: { databaseType: 'postgresql', host: 'x', tls: { mode: 'verify-ca' } } } : r)),
    e.records,
  ],
  ['a field whose object becomes empty', e.all.map((r) => (r === e.app ? { ...r, fields: { login: 'app' } } : r)), e.records],
  ['a release', e.all.filter((r) => r !== e.app), e.records],
  ['an adoption', e.all, replace(e.records, 'PamUser/app', { status: 'released', releasedAt: NOW })],
  [
    'a move',
    e.all.map((r) => (r === e.app ? { ...r, address: 'PamUser/orders' as const, movedFrom: 'PamUser/app' as const } : r)),
    e.records,
  ],
  ['a retirement', e.all.map((r) => (r === e.app ? { ...r, fields: { ...r.fields, lifecycle: { retire: true } } } : r)), e.records],
  [
    'a deletion',
    e.all.filter((r) => r !== e.app),
    replace(e.records, 'PamUser/app', { fields: { ...e.app.fields, lifecycle: { retire: true } } }),
  ],
  ['links taken away and set', e.all.map((r) => (r === e.database ? { ...r, links: [] } : r)), e.records],
  [
    'a relink',
    [
      ...e.all.map((r) => (r === e.app ? { ...r, links: [{ type: 'belongs-to' as const, to: 'PamDatabase/db2' as const }] } : r)),
      desired('PamDatabase/db2', { host: 'y' }),
    ],
    e.records,
  ],
];

describe('applying twice equals applying once', () => {
  test.each(cases)('%s', (_, resources, records) => {
    const first = plan(resources, records);
    expect(first.changes.length).toBeGreaterThan(0);
    const after = carryOut(first, records);
    expect(plan(resources, after).changes).toEqual([]);
  });

  test.each(cases)('%s: every row knows that it is done', (_, resources, records) => {
    const p = plan(resources, records);
    const find = (list: readonly VaultRecord[]) => (address: string) => list.find((r) => r.address === address);
    expect(p.changes.filter((c) => isRowDone(c, find(records)))).toEqual([]);
    const after = carryOut(p, records);
    expect(p.changes.filter((c) => !isRowDone(c, find(after)))).toEqual([]);
    expect(settle(p, snapshotOf(after))).toMatchObject({ ready: [], stale: [] });
  });
});

test('a new record knows its first trigger, and from when intervals count', () => {
  const { app } = estate({ type: 'general', trigger: 'a' });
  const [record] = carryOut(plan([app]), []);
  expect(record?.rotation).toEqual({ triggersSeen: ['a'], anchorAt: NOW });
});

test('a rename keeps the id that secrets are bound to', () => {
  const moved = { ...e.app, address: 'PamUser/orders' as const, movedFrom: 'PamUser/app' as const };
  const records = carryOut(
    plan(
      e.all.map((r) => (r === e.app ? moved : r)),
      e.records,
    ),
    e.records,
  );
  expect(records.find((r) => r.address === 'PamUser/orders')?.id).toBe('id-PamUser/app');
});

describe('stale plans', () => {
  const changed = e.all.map((r) => (r === e.database ? { ...r, fields: { ...r.fields, host: 'db2' } } : r));
  const p = plan(changed, e.records);

  test('an object that somebody else changed is named, with what was expected and found', () => {
    const other = replace(e.records, 'PamDatabase/db', { fields: { ...e.database.fields, host: 'db3' } });
    const found = other.find((r) => r.address === 'PamDatabase/db');
    expect(settle(p, snapshotOf(other)).stale).toEqual([
      { address: 'PamDatabase/db', expected: hashOwned(e.database), found: found === undefined ? '' : hashOwned(found) },
    ]);
  });

  test('what somebody else changed elsewhere is no reason', () => {
    const other = replace(e.records, 'PamUser/app', { fields: { login: 'else' } });
    expect(settle(p, snapshotOf(other)).stale).toEqual([]);
  });

  test('an object that came into being meanwhile is stale for its create', () => {
    const user = desired('PamUser/new', { login: 'new' });
    const create = plan([...e.all, user], e.records);
    expect(
      settle(create, snapshotOf([...e.records, recordOf({ ...user, fields: { login: 'other' } })])).stale.map((s) => s.address),
    ).toEqual(['PamUser/new']);
  });

  test('rotations that are merely due never make a plan stale', () => {
    const due = plan(e.all, e.records, { asOf: '2028-01-01T00:00:00.000Z' });
    expect(due.changes.map((c) => c.kind)).toEqual(['rotate']);
    const other = replace(e.records, 'PamUser/app', { fields: { ...e.app.fields, notes: 'x' } });
    expect(settle(due, snapshotOf(other)).stale).toEqual([]);
  });
});
