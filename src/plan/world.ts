import { type Address, type DesiredResource, type JsonObject, linkOf, type Owned, type PublicRecord, sameOwner } from '../model/index.ts';
import type { PlanInput } from './input.ts';

/** One object of the plan: what is declared, what is on record, and what it will be once its record rows are done. */
export interface Pair<R extends PublicRecord = PublicRecord> {
  readonly address: Address;
  readonly desired?: DesiredResource;
  readonly record?: R;
  /** The address of `record` before a move. */
  readonly from?: Address;
}

/** Desired and current side by side, moves resolved. */
export interface World<R extends PublicRecord = PublicRecord> {
  readonly pairs: readonly Pair<R>[];
  /** The state after the record rows, for what comes after them: declared resources, else records. */
  after(address: Address): (Owned & { readonly address: Address }) | undefined;
  pair(address: Address): Pair<R> | undefined;
  /** Resources that the user administers. */
  administeredBy(user: Address): readonly Address[];
  /** Users that live on the resource. */
  usersOn(resource: Address): readonly Address[];
}

export function buildWorld<R extends PublicRecord>(input: PlanInput<R>): World<R> {
  const records = recordsOf(input);
  const pairs = new Map<Address, Pair<R>>();
  const taken = new Set<Address>();
  for (const desired of input.desired) {
    const moved = desired.movedFrom !== undefined && !records.has(desired.address) ? records.get(desired.movedFrom) : undefined;
    const record = records.get(desired.address) ?? moved;
    if (record !== undefined) taken.add(record.address);
    pairs.set(desired.address, {
      address: desired.address,
      desired,
      ...(record === undefined ? {} : { record }),
      ...(moved === undefined ? {} : { from: moved.address }),
    });
  }
  for (const record of records.values()) {
    if (!taken.has(record.address)) pairs.set(record.address, { address: record.address, record });
  }
  const after = (address: Address) => {
    const pair = pairs.get(address);
    return pair?.desired ?? pair?.record;
  };
  const administered = new Map<Address, Address[]>();
  const users = new Map<Address, Address[]>();
  for (const { address } of pairs.values()) {
    const owned = after(address);
    if (owned === undefined) continue;
    const admin = linkOf(owned, 'admin-of');
    if (admin !== undefined) push(administered, admin, address);
    const resource = linkOf(owned, 'belongs-to');
    if (resource !== undefined) push(users, resource, address);
  }
  return {
    pairs: [...pairs.values()].sort((a, b) => (a.address < b.address ? -1 : 1)),
    after,
    pair: (address) => pairs.get(address),
    administeredBy: (user) => administered.get(user) ?? [],
    usersOn: (resource) => users.get(resource) ?? [],
  };
}

/** Addresses that a resource refers to in its fields rather than by a link. */
export function fieldReferences(fields: JsonObject): readonly Address[] {
  const rotation = fields['rotation'] as JsonObject | undefined;
  return [rotation?.['policy'], fields['defaultPolicy'], fields['reconcileCredential'], fields['via']].filter(
    (v): v is Address => typeof v === 'string' && v.includes('/'),
  );
}

function recordsOf<R extends PublicRecord>({ snapshot, owner }: PlanInput<R>): Map<Address, R> {
  return new Map(snapshot.records.filter((r) => sameOwner(r.owner, owner)).map((r) => [r.address, r]));
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}
