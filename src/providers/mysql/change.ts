import type { Secret } from '../../model/index.ts';
import type { Attempt, Credential, SetOutcome } from '../provider.ts';
import { findNoPassword, readAccount } from './account.ts';
import { errnoOf, explainChange } from './failure.ts';
import type { Flavor } from './flavor.ts';
import { type AccountName, isSameName, nameText, quoteText } from './name.ts';
import type { Session } from './session.ts';

/** How much longer than the server we wait for its answer, milliseconds: a round trip and a commit. */
const CLIENT_MARGIN_MS = 2_000;
/** caching_sha2_password takes no longer secret; nobody needs one. */
const MAX_SECRET_BYTES = 256;

/** What the session that changes a password holds a lock of, so that another one can find and end it. At most 64 characters. */
export function attemptLock(attempt: Attempt): string {
  return quoteText(`pam:${attempt.rotationId}`);
}

/**
 * `ALTER USER` or `SET PASSWORD` with a hash made here; of its own account MySQL takes the password only.
 *
 * The session takes a named lock (`GET_LOCK`) and waits for the answer; only then the change is sent. So a request that is still on
 * its way belongs to a session that `endAttempt` can find, by any account and without a look at the process list, and there are
 * never two of them at a time.
 */
export async function setPassword(
  session: Session,
  flavor: Flavor,
  own: Credential,
  name: AccountName,
  secret: Secret,
  attempt: Attempt,
  boundMs: number,
): Promise<SetOutcome> {
  const refused = (code: 'PAM6005' | 'PAM6006' | 'PAM6007' | 'PAM6009' | 'PAM6010', reason: string, retryable = false): SetOutcome => ({
    outcome: 'refused',
    code,
    reason,
    retryable,
  });
  if (!isPassword(secret))
    return refused('PAM6007', 'the server takes no such secret: it is empty, longer than 256 bytes, or holds a zero');
  const row = await readAccount(session, flavor, name, boundMs);
  if (row === null) return refused('PAM6005', `the server has no account ${nameText(name)}`);
  const noPassword = findNoPassword(row, flavor);
  if (noPassword !== null) return refused('PAM6009', noPassword);
  const hindrance = await flavor.findHindrance(session, boundMs);
  if (hindrance !== null) return refused(hindrance.code, hindrance.reason);

  const lock = attemptLock(attempt);
  const seconds = Math.max(1, Math.floor(attempt.timeoutMs / 1_000));
  await session.read(`SET SESSION ${flavor.bound(seconds)}`, boundMs);
  const [got] = await session.read<{ locked: number | null }>(`SELECT GET_LOCK(${lock}, 0) AS locked`, boundMs);
  if (got?.locked !== 1) return refused('PAM6010', 'an earlier request of this rotation is still under way', true);

  const change = async (sql: string): Promise<SetOutcome> => {
    try {
      await session.request(sql, seconds * 1_000 + CLIENT_MARGIN_MS);
      return { outcome: 'done' };
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === undefined) return { outcome: 'unknown', reason: 'the connection broke after the change was sent' };
      if (errno === MISSING_CURRENT) return change(flavor.changeOwn(row.plugin, secret, own.secret));
      return explainChange(errno === CANNOT_USER ? await reasonFor(session, errno, boundMs) : errno);
    }
  };
  const isOwn = isSameName(session.row, name);
  const outcome = await change(
    isOwn ? flavor.changeOwn(row.plugin, secret) : await flavor.changeOther(session, name, row.plugin, secret, boundMs),
  );
  // Where this fails the session has ended, and the lock with it.
  if (!session.isGone) await session.request(`DO RELEASE_LOCK(${lock})`, boundMs).catch(() => undefined);
  return outcome;
}

/** An account that must name its password to change it (`password_require_current`) did not; nothing was changed. */
const MISSING_CURRENT = 3892;
/** `Operation ALTER USER failed`, for whatever reason. */
const CANNOT_USER = 1396;

/** MariaDB hides the reason of a failed `ALTER USER` among the warnings; their texts are looked at no more than others. */
async function reasonFor(session: Session, errno: number, boundMs: number): Promise<number> {
  const warnings = await session.request<{ Code: number }>('SHOW WARNINGS', boundMs).catch(() => []);
  return warnings.find(({ Code }) => Code !== errno)?.Code ?? errno;
}

/** Would the servers store this very secret? Zeros end it on the wire, and an empty one means none. */
export function isPassword(secret: Secret): boolean {
  const bytes = secret.bytes();
  return bytes.length > 0 && bytes.length <= MAX_SECRET_BYTES && !bytes.includes(0);
}
