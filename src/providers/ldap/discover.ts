import type { Entry } from 'ldapts';
import { type FoundAccount, ProviderError, type Target } from '../provider.ts';
import { type Connection, type ListRequest, valuesOf } from './connection.ts';
import { listDomainUsers } from './discover-active-directory.ts';
import { listPeople } from './discover-openldap.ts';
import { requireSuccess } from './failure.ts';

/** More than this is not a listing that a person could read; the filter of the directory is too wide then. */
const MAX_ENTRIES = 200_000;

export function listEntries(connection: Connection, target: Target, boundMs: number): AsyncIterable<FoundAccount> {
  return target.type === 'active_directory' ? listDomainUsers(connection, target, boundMs) : listPeople(connection, target, boundMs);
}

/**
 * Page by page; each page is bounded, and so is the whole.
 * @throws ProviderError where the server gives only a part: a limit of it (3, 4, 11), or too many entries
 */
export async function* readPages(
  connection: Connection,
  target: Target,
  base: string,
  request: ListRequest,
  boundMs: number,
): AsyncIterable<Entry> {
  let cookie = Buffer.alloc(0);
  let count = 0;
  do {
    const page = await connection.list(base, request, cookie, boundMs);
    if ([3, 4, 11].includes(page.code)) {
      throw new ProviderError('PAM6011', `${target.address}: the server lists only a part of its accounts (result ${page.code})`, {
        hint: 'raise the limit for the credential (OpenLDAP: limits dn.exact="…" size.prtotal=unlimited)',
      });
    }
    requireSuccess(page, target, 'listing accounts');
    count += page.entries.length;
    if (count > MAX_ENTRIES) throw new ProviderError('PAM6011', `${target.address} has more than ${MAX_ENTRIES} accounts`);
    yield* page.entries;
    cookie = Buffer.from(page.cookie);
  } while (cookie.length > 0);
}

/** All values as text. */
export function textsOf(entry: Entry, attribute: string): readonly string[] {
  return valuesOf(entry, attribute).map(String);
}
