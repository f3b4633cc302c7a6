import { type Address, type Change, isDeclared, type Plan, type Snapshot, sameOwner, type VaultRecord } from '../model/index.ts';
import { isRecordRow } from '../plan/index.ts';
import { isRowDone, preconditionOf } from './rows.ts';

/** An object that is neither as the plan found it nor as the plan wants it. */
export interface StaleObject {
  readonly address: Address;
  readonly expected: string;
  readonly found: string;
}

/** What is left of an approved plan at this moment. */
export interface Settled {
  readonly ready: readonly Change[];
  readonly done: readonly Change[];
  readonly stale: readonly StaleObject[];
}

/**
 * Holds an approved plan against the vault as it is now, object by object: rows that are done already (an earlier run, a
 * recovery), rows that can start, objects that somebody else changed meanwhile. What merely falls due is never stale.
 */
export function settle(plan: Plan, snapshot: Snapshot): Settled {
  const records = new Map(snapshot.records.filter((r) => sameOwner(r.owner, plan.owner)).map((r) => [r.address, r]));
  const find = (address: Address): VaultRecord | undefined => records.get(address);
  const done = plan.changes.filter((c) => isRowDone(c, find));
  const isDone = new Set(done.map((c) => c.id));

  const stale = new Map<Address, StaleObject>();
  for (const [address, rows] of groupByAddress(plan.changes)) {
    const open = rows.filter((c) => !isDone.has(c.id) && c.blocked === undefined && isDeclared(c));
    if (open.length === 0) continue;
    const recordRows = rows.filter(isRecordRow);
    const recordRowsDone = recordRows.length > 0 && recordRows.every((c) => isDone.has(c.id));
    if (recordRowsDone) continue;
    const move = rows.find((c) => c.kind === 'move');
    const found = preconditionOf(find(address) ?? (move === undefined ? undefined : find(move.from)));
    const expected = open[0]?.precondition ?? '';
    if (found !== expected) stale.set(address, { address, expected, found });
  }
  return { ready: plan.changes.filter((c) => !isDone.has(c.id)), done, stale: [...stale.values()] };
}

export function groupByAddress(changes: readonly Change[]): ReadonlyMap<Address, readonly Change[]> {
  const groups = new Map<Address, Change[]>();
  for (const change of changes) {
    const group = groups.get(change.address);
    if (group === undefined) groups.set(change.address, [change]);
    else group.push(change);
  }
  return groups;
}
