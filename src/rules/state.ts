import {
  type Address,
  type Change,
  type JsonObject,
  type Link,
  type Owned,
  type Plan,
  type PublicRecord,
  type PublicSnapshot,
  sameOwner,
} from '../model/index.ts';
import { applyFields, sameLink } from '../plan/index.ts';

/** A resource as a rule sees it, with its record where it has one. */
export interface StateResource extends Owned {
  readonly address: Address;
  readonly record?: PublicRecord;
}

export type State = ReadonlyMap<Address, StateResource>;

/**
 * What is managed once the plan is applied: from records and rows alone, so that a plan that was saved is judged by the same rules
 * as a fresh one. Rows that were done already change nothing.
 */
export function stateAfter(plan: Plan, snapshot: PublicSnapshot): State {
  const state = new Map<Address, StateResource>();
  const released = new Map<Address, StateResource>();
  for (const record of snapshot.records) {
    if (!sameOwner(record.owner, plan.owner)) continue;
    const { address, fields, links } = record;
    (record.status === 'managed' ? state : released).set(address, { address, fields, links, record });
  }
  for (const change of plan.changes) if (change.kind === 'move') move(state, released, change.from, change.address);
  for (const change of plan.changes) carryOut(state, released, change);
  return state;
}

function move(state: Map<Address, StateResource>, released: Map<Address, StateResource>, from: Address, to: Address): void {
  for (const map of [state, released]) {
    const found = map.get(from);
    if (found === undefined) continue;
    map.delete(from);
    map.set(to, { ...found, address: to });
  }
}

function carryOut(state: Map<Address, StateResource>, released: Map<Address, StateResource>, change: Change): void {
  const { address } = change;
  const now = state.get(address) ?? released.get(address);
  const set = (owned: Partial<Owned>) => state.set(address, { links: [], fields: {}, ...now, ...owned, address });
  switch (change.kind) {
    case 'create':
      set({ fields: change.after });
      return;
    case 'adopt':
      set({});
      return;
    case 'update':
      set({ fields: applyFields(now?.fields ?? {}, change.fields) });
      return;
    case 'retire': {
      const lifecycle = (now?.fields['lifecycle'] ?? {}) as JsonObject;
      set({ fields: { ...now?.fields, lifecycle: { ...lifecycle, retire: true } } });
      return;
    }
    case 'link':
    case 'unlink':
    case 'relink':
      set({ links: linksAfter(now?.links ?? [], change) });
      return;
    case 'release':
    case 'delete':
      state.delete(address);
      return;
    case 'move':
    case 'rotate':
    case 'verify':
    case 'ingest':
    case 'recover':
      return;
    default:
      change satisfies never;
  }
}

function linksAfter(links: readonly Link[], change: Change & { kind: 'link' | 'unlink' | 'relink' }): readonly Link[] {
  const gone = change.kind === 'relink' ? { type: change.link.type, to: change.from } : change.link;
  const kept = links.filter((link) => !sameLink(link, change.link) && !sameLink(link, gone));
  return change.kind === 'unlink' ? kept : [...kept, change.link];
}
