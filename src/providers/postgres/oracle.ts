import { setTimeout as wait } from 'node:timers/promises';
import { nodeOf } from '../network.ts';
import { type Attempt, type Candidate, type LiveAnswer, ProviderError, type Target } from '../provider.ts';
import { attemptName } from './change.ts';
import { isRoleName } from './login.ts';
import type { Session } from './session.ts';
import { fitsVerifier } from './verifier.ts';

/** How often to look whether a terminated session has gone, milliseconds. */
const POLL_MS = 25;

/** Compares candidates with the verifier that the server stored (superuser only), here and without a login. */
export async function identifySecret(
  session: Session,
  target: Target,
  login: string,
  candidates: readonly Candidate[],
  boundMs: number,
): Promise<LiveAnswer> {
  const unknown = (reason: string): LiveAnswer => ({ live: 'unknown', reason });
  if (!isRoleName(login)) return unknown('the role does not exist');
  let rows: readonly { replica: boolean; stored: string | null }[];
  try {
    rows = await session.read(
      'SELECT pg_is_in_recovery() AS replica, rolpassword AS stored FROM pg_authid WHERE rolname = $1',
      [login],
      boundMs,
    );
  } catch (error) {
    if (error instanceof ProviderError && error.code === 'PAM6004')
      return unknown('the credential may not read pg_authid (superuser only)');
    throw error;
  }
  const [role] = rows;
  if (role === undefined) return unknown('the role does not exist');
  // A replica may lag behind and show the verifier of yesterday.
  if (role.replica) return unknown('the server is a replica');
  const found = { method: 'verifier', node: nodeOf(target) };
  if (role.stored === null) return { live: 'none', ...found };
  let live: string | undefined;
  for (const candidate of candidates) {
    const fits = await fitsVerifier(role.stored, login, candidate.secret);
    if (fits === null) return unknown('the server stores the password in a form that cannot be compared');
    if (fits) live ??= candidate.id;
  }
  return { live: live ?? 'none', ...found };
}

/**
 * Ends every other session that carries the name of the attempt and waits until they are gone. `application_name` of all
 * sessions is visible to everybody; ending one takes the same role, or `pg_signal_backend`.
 *
 * @returns false when they are still there after the attempt's time limit, or may not be ended by us
 */
export async function endAttempt(session: Session, attempt: Attempt, boundMs: number): Promise<boolean> {
  const giveUpAt = performance.now() + attempt.timeoutMs;
  try {
    for (;;) {
      const left = await session.read(
        'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1 AND pid <> pg_backend_pid()',
        [attemptName(attempt)],
        boundMs,
      );
      if (left.length === 0) return true;
      if (performance.now() >= giveUpAt) return false;
      await wait(POLL_MS);
    }
  } catch (error) {
    if (error instanceof ProviderError && error.code === 'PAM6004') return false;
    throw error;
  }
}
