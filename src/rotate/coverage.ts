import { accountIdentity } from '../graph/index.ts';
import { type Address, kindOf, type Owned, type Owner, type Snapshot, sameOwner, type VaultRecord } from '../model/index.ts';
import type { Finding } from '../plan/index.ts';
import type { Discover, FoundAccount } from '../providers/provider.ts';
import type { Lookup } from './subject.ts';

type Declared = Owned & { readonly address: Address; readonly status?: VaultRecord['status'] };

/** Who declares an account. */
export interface KnownAccount {
  readonly address: Address;
  /** Its record is released: no manifest declares it any more. */
  readonly isReleased: boolean;
}

/**
 * Every account that somebody has declared, by what it is on its target: on record for any project and environment of the vault,
 * released ones too (those are told as such), or in a manifest that nobody applied yet.
 */
export function knownAccounts(snapshot: Snapshot, owner: Owner, declared: readonly Declared[]): ReadonlyMap<string, KnownAccount> {
  const owners = new Map(snapshot.records.map((r) => [JSON.stringify(r.owner), r.owner]));
  const worlds: (readonly Declared[])[] = [...owners.values()].map((o) => snapshot.records.filter((r) => sameOwner(r.owner, o)));
  // A manifest may name a resource that is on record only.
  const own = snapshot.records.filter((r) => sameOwner(r.owner, owner));
  worlds.push([...own, ...declared]);
  // What is declared goes before a released record of the same account.
  const found = worlds.flatMap(accountsIn).sort(([, a], [, b]) => Number(b.isReleased) - Number(a.isReleased));
  return new Map(found);
}

function accountsIn(world: readonly Declared[]): readonly (readonly [string, KnownAccount])[] {
  const byAddress = new Map(world.map((one) => [one.address, one]));
  return world.flatMap((one) => {
    const identity = kindOf(one.address) === 'PamUser' ? accountIdentity(one, (address) => byAddress.get(address)) : null;
    return identity === null ? [] : [[identity, { address: one.address, isReleased: one.status === 'released' }]];
  });
}

/** A found account as the user that a manifest would declare. */
export function asUser(resource: Address, found: FoundAccount): Owned {
  return { fields: { ...found.fields, login: found.login }, links: [{ type: 'belongs-to', to: resource }] };
}

/** Accounts that the target has, that can log in, and that nobody declares. Those that came with the system are left alone. */
export async function findUndeclared(
  discover: Discover,
  resource: VaultRecord,
  lookup: Lookup,
  known: ReadonlyMap<string, KnownAccount>,
): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for await (const found of discover.discover()) {
    if (found.isSystem || !found.canLogIn || known.has(accountIdentity(asUser(resource.address, found), lookup) ?? '')) continue;
    findings.push(tellUndeclared(resource.address, found));
  }
  return findings;
}

function tellUndeclared(address: Address, found: FoundAccount): Finding {
  const login = printable(found.login);
  const notes = found.notes.length === 0 ? '' : ` (${found.notes.join(', ')})`;
  const who = found.isAdministrator === true ? 'the administrator ' : '';
  return {
    class: 'unmanaged',
    address,
    what: found.isAdministrator === true ? 'undeclared-admin' : 'undeclared',
    login: found.login,
    message: `nobody declares ${who}${login}${notes}`,
  };
}

/** Names of accounts are foreign text: what would move the cursor or turn the line around is shown by its number. */
function printable(text: string): string {
  return text.replace(/\p{C}/gu, (c) => `\\u{${(c.codePointAt(0) ?? 0).toString(16)}}`);
}
