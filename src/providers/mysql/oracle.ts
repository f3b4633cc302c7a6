import { setTimeout as wait } from 'node:timers/promises';
import { nodeOf } from '../network.ts';
import { type Attempt, type Candidate, type LiveAnswer, ProviderError, type Target } from '../provider.ts';
import { readAccount } from './account.ts';
import { attemptLock } from './change.ts';
import { errnoOf } from './failure.ts';
import { type Flavor, READ_ONLY } from './flavor.ts';
import { fitsHash } from './hash.ts';
import type { AccountName } from './name.ts';
import type { Session } from './session.ts';

/** How often to look whether a killed session has gone, milliseconds. */
const POLL_MS = 25;
/** A session that was to be killed: it has just gone by itself. */
const NO_SUCH_THREAD = 1094;

/** Compares candidates with the hash that the server stored, here and without a login. */
export async function identifySecret(
  session: Session,
  flavor: Flavor,
  target: Target,
  name: AccountName,
  candidates: readonly Candidate[],
  boundMs: number,
): Promise<LiveAnswer> {
  const unknown = (reason: string): LiveAnswer => ({ live: 'unknown', reason });
  let row: Awaited<ReturnType<typeof readAccount>>;
  try {
    row = await readAccount(session, flavor, name, boundMs);
  } catch (error) {
    if (error instanceof ProviderError && error.code === 'PAM6004') return unknown(`the credential may not read ${flavor.table}`);
    throw error;
  }
  if (row === null) return unknown('the account does not exist');
  // Which may lag behind and show the hash of yesterday.
  if ((await flavor.findHindrance(session, boundMs)) === READ_ONLY) return unknown(READ_ONLY.reason);
  if (row.stored === null) return unknown('the server does not show the hash of the password to this credential');
  const found = { method: 'verifier', node: nodeOf(target) };
  // The primary password first: it is the one that a change replaces.
  for (const stored of [row.stored, row.secondary]) {
    if (stored === null) continue;
    for (const candidate of candidates) {
      const fits = fitsHash(row.plugin, stored, candidate.secret);
      if (fits === null) return unknown('the server stores the password in a form that cannot be compared');
      if (fits) return { live: candidate.id, ...found };
    }
  }
  return { live: 'none', ...found };
}

/**
 * Kills the session that holds the lock of the attempt and waits until the lock is free, which it is once that session has gone.
 * The same account may kill its sessions; those of others take CONNECTION_ADMIN (MySQL) or CONNECTION ADMIN (MariaDB).
 *
 * @returns false when it is still there after the attempt's time limit, or may not be killed by us
 */
export async function endAttempt(session: Session, attempt: Attempt, boundMs: number): Promise<boolean> {
  const giveUpAt = performance.now() + attempt.timeoutMs;
  const lock = attemptLock(attempt);
  for (;;) {
    const [holder] = await session.read<{ id: number | null; own: number }>(
      `SELECT IS_USED_LOCK(${lock}) AS id, CONNECTION_ID() AS own`,
      boundMs,
    );
    // Our own has no request under way: this one came after it.
    if (holder === undefined || holder.id === null || holder.id === holder.own) return true;
    if (performance.now() >= giveUpAt) return false;
    try {
      await session.request(`KILL CONNECTION ${holder.id}`, boundMs);
    } catch (error) {
      if (errnoOf(error) !== NO_SUCH_THREAD) return false;
    }
    await wait(POLL_MS);
  }
}
