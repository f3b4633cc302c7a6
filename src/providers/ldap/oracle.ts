import { nodeOf } from '../network.ts';
import type { Account, Candidate, LiveAnswer, Target } from '../provider.ts';
import { type Connection, valuesOf } from './connection.ts';
import { findEntry } from './names.ts';
import { fitsVerifier } from './verifier.ts';

/**
 * Compares candidates with the hashes in `userPassword`, here and without a login. Active Directory shows none to anybody, and its
 * change counter (`msDS-ReplAttributeMetaData`) tells that a change landed but not which: only a login does.
 */
export async function identifySecret(
  connection: Connection,
  target: Target,
  account: Account,
  candidates: readonly Candidate[],
  boundMs: number,
): Promise<LiveAnswer> {
  const unknown = (reason: string): LiveAnswer => ({ live: 'unknown', reason });
  if (target.type === 'active_directory') return unknown('Active Directory shows nothing that a secret could be compared with');
  const found = await findEntry(connection, target, account, ['userPassword'], boundMs);
  if (found === null) return unknown('the entry does not exist');
  const stored = valuesOf(found, 'userPassword').map((value) => Buffer.from(value));
  if (stored.length === 0) return unknown('the credential may not read userPassword, or there is none');
  const shown = { method: 'verifier', node: nodeOf(target) };
  let isComparable = true;
  for (const { id, secret } of candidates) {
    const fits = stored.map((value) => fitsVerifier(value, secret));
    if (fits.includes(true)) return { live: id, ...shown };
    if (fits.includes(null)) isComparable = false;
  }
  return isComparable ? { live: 'none', ...shown } : unknown('the server stores the password in a form that cannot be compared');
}
