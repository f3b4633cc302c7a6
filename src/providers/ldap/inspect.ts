import type { Account, AccountState, Target } from '../provider.ts';
import type { Connection } from './connection.ts';
import { ACTIVE_DIRECTORY_ATTRIBUTES, activeDirectoryState } from './inspect-active-directory.ts';
import { OPENLDAP_ATTRIBUTES, openLdapState } from './inspect-openldap.ts';
import { findEntry } from './names.ts';

/** What the server says about an account; no login of it takes place. Times are compared on the clock of this machine. */
export async function inspectEntry(connection: Connection, target: Target, account: Account, boundMs: number): Promise<AccountState> {
  const isActiveDirectory = target.type === 'active_directory';
  const attributes = isActiveDirectory ? ACTIVE_DIRECTORY_ATTRIBUTES : OPENLDAP_ATTRIBUTES;
  const found = await findEntry(connection, target, account, attributes, boundMs);
  if (found === null) return { exists: false, obstacles: ['the entry does not exist, or the credential may not see it'] };
  const now = Date.now();
  return isActiveDirectory ? activeDirectoryState(connection, target, found, now, boundMs) : openLdapState(connection, found, now, boundMs);
}
