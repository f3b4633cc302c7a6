import { accountIdentity } from '../graph/index.ts';
import { type Address, kindOf, type Owned, type Owner, type Snapshot, sameOwner, type VaultRecord } from '../model/index.ts';
import type { Finding } from '../plan/index.ts';
import type { Discover, FoundAccount } from '../providers/provider.ts';
import type { Lookup } from './subject.ts';

type Declared = Owned & { readonly address: Address };

/**
 * Every account that somebody has declared, by what it is on its target: on record for any project and environment of the vault,
 * released ones too (those are told as such), or in a manifest that nobody applied yet.
 */
export function knownAccounts(snapshot: Snapshot, owner: Owner, declared: readonly Declared[]): ReadonlySet<string> {
  const owners = new Map(snapshot.records.map((r) => [JSON.stringify(r.owner), r.owner]));
  const worlds: (readonly Declared[])[] = [...owners.values()].map((o) => snapshot.records.filter((r) => sameOwner(r.owner, o)));
  // A manifest may name a resource that is on record only.
  const own = snapshot.records.filter((r) => sameOwner(r.owner, owner));
  worlds.push([...own, ...declared]);
  return new Set(worlds.flatMap(identitiesIn));
}

function identitiesIn(world: readonly Declared[]): readonly string[] {
  const byAddress = new Map(world.map((one) => [one.address, one]));
  return world
    .filter((one) => kindOf(one.address) === 'PamUser')
    .map((one) => accountIdentity(one, (address) => byAddress.get(address)))
    .filter((identity) => identity !== null);
}

/** Accounts that the target has, that can log in, and that nobody declares. Those that came with the system are left alone. */
export async function findUndeclared(
  discover: Discover,
  resource: VaultRecord,
  lookup: Lookup,
  known: ReadonlySet<string>,
): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for await (const found of discover.discover()) {
    const user: Owned = { fields: { ...found.fields, login: found.login }, links: [{ type: 'belongs-to', to: resource.address }] };
    if (found.isSystem || !found.canLogIn || known.has(accountIdentity(user, lookup) ?? '')) continue;
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
