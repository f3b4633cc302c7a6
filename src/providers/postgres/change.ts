import type { Secret } from '../../model/index.ts';
import type { Attempt, SetOutcome } from '../provider.ts';
import { explainChange, sqlStateOf } from './failure.ts';
import { quoteName, quoteText } from './quote.ts';
import { saslprep } from './saslprep.ts';
import type { Session } from './session.ts';
import { DEFAULT_ITERATIONS, MAX_ITERATIONS, scramVerifier } from './verifier.ts';

/** How much longer than the server we wait for its answer, milliseconds: a round trip and a commit. */
const CLIENT_MARGIN_MS = 2_000;
/** A lock is given up before the statement is, since a lock timeout says for certain that nothing was changed. */
const LOCK_SHARE = 0.8;

/** Shown as `application_name` by the session that changes a password, so that another one can find and end it. */
export function attemptName(attempt: Attempt): string {
  return `pam:${attempt.rotationId}`;
}

/**
 * `ALTER ROLE … PASSWORD` with a verifier made here (as psql's `\password` does): the password itself never reaches the server.
 *
 * The session names itself first and waits for the answer; only then the change is sent, in one message with its own time limits.
 * So a request that is still on its way belongs to a session that `endAttempt` can see.
 */
export async function setPassword(session: Session, login: string, secret: Secret, attempt: Attempt, boundMs: number): Promise<SetOutcome> {
  const text = secret.reveal();
  if (text === '' || text.includes('\0') || saslprep(text) === null) {
    return {
      outcome: 'refused',
      code: 'PAM6007',
      reason: 'PostgreSQL cannot take this secret: it is empty or has characters that SASLprep (RFC 4013) prohibits',
      retryable: false,
    };
  }
  const [server] = await session.read<{ version: number; replica: boolean; iterations: string | null }>(
    `SELECT current_setting('server_version_num')::int AS version, pg_is_in_recovery() AS replica,
            current_setting('scram_iterations', true) AS iterations, set_config('application_name', $1, false)`,
    [attemptName(attempt)],
    boundMs,
  );
  if (server === undefined || server.version < 100_000) {
    return { outcome: 'refused', code: 'PAM6011', reason: 'the server is older than PostgreSQL 10 and knows no SCRAM', retryable: false };
  }
  if (server.replica) {
    return { outcome: 'refused', code: 'PAM6010', reason: 'this server is a replica; name the primary as `host`', retryable: false };
  }
  const iterations = Math.min(Number(server.iterations ?? DEFAULT_ITERATIONS), MAX_ITERATIONS);
  // Whole numbers of at least 1: 0 would mean no limit at all.
  const timeoutMs = Math.max(1, Math.ceil(attempt.timeoutMs));
  const request = [
    `SET LOCAL statement_timeout = ${timeoutMs}`,
    `SET LOCAL lock_timeout = ${Math.ceil(timeoutMs * LOCK_SHARE)}`,
    // Not for this change to be lost in a crash of the server after it said yes.
    'SET LOCAL synchronous_commit = on',
    `ALTER ROLE ${quoteName(login)} PASSWORD ${quoteText(await scramVerifier(secret, iterations))}`,
  ].join('; ');
  try {
    await session.request(request, null, timeoutMs + CLIENT_MARGIN_MS);
    return { outcome: 'done' };
  } catch (error) {
    const state = sqlStateOf(error);
    if (state === undefined) return { outcome: 'unknown', reason: 'the connection broke after the change was sent' };
    return explainChange(state, (error as Error).message);
  }
}
