import type { Code } from '../../errors/index.ts';
import type { SetOutcome } from '../provider.ts';

/** How a login went wrong. `restricted`: the secret is right all the same, with what stands in the way. */
export interface LoginFailure {
  readonly code: Code;
  readonly reason: string;
  readonly hint?: string;
  readonly retryable: boolean;
  readonly spent: boolean;
  readonly restricted?: string;
  /** No login of this account can be a proof, now or later. */
  readonly never?: boolean;
  readonly cause?: unknown;
}

/** The SQLSTATE of an error that the server sent; undefined for everything else (Node's own codes look alike: `EPIPE`). */
export function sqlStateOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('severity' in error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' && /^[0-9A-Z]{5}$/.test(error.code) ? error.code : undefined;
}

/** SQLSTATEs of a login (https://www.postgresql.org/docs/current/errcodes-appendix.html), before and after the secret was accepted. */
export function explainLogin(state: string, proved: boolean): LoginFailure {
  const common = { spent: false, retryable: false };
  if (proved) {
    // The server checks these only once it has verified the secret, so each of them is a proof.
    const restricted = RESTRICTIONS[state];
    const words = restricted?.words ?? `the server ends the login afterwards (SQLSTATE ${state})`;
    return {
      ...common,
      code: restricted?.code ?? 'PAM6011',
      reason: words,
      restricted: words,
      retryable: restricted?.retryable ?? false,
      ...(restricted?.hint === undefined ? {} : { hint: restricted.hint }),
    };
  }
  switch (state) {
    case '28P01':
      // Wrong password, no such role, no password, `VALID UNTIL` passed or an md5 password asked for by SCRAM: all look the same.
      return { ...common, code: 'PAM6003', reason: 'the server refused the login (SQLSTATE 28P01)', spent: true };
    case '28000':
      return {
        ...common,
        code: 'PAM6012',
        reason: 'the server lets this login in from here by no rule (SQLSTATE 28000)',
        hint: 'look at pg_hba.conf of the server: user, database, address of this runner, host or hostssl',
      };
    case '53300':
    case '57P03':
      return { ...common, code: 'PAM6010', reason: `${BUSY[state]} (SQLSTATE ${state})`, retryable: true };
    default:
      return { ...common, code: 'PAM6011', reason: `the server ended the login with SQLSTATE ${state}` };
  }
}

interface Restriction {
  readonly code: Code;
  readonly words: string;
  readonly hint?: string;
  readonly retryable?: true;
}

const BUSY: Readonly<Record<string, string>> = {
  '53300': 'too many connections',
  '57P03': 'the server is starting up, shutting down or recovering',
};

const RESTRICTIONS: Readonly<Record<string, Restriction>> = {
  '28000': { code: 'PAM6006', words: 'the role may not log in (NOLOGIN)' },
  '42501': { code: 'PAM6004', words: 'the role has no CONNECT right on the database' },
  '3D000': { code: 'PAM6011', words: 'the database does not exist', hint: 'set `connectDatabase`' },
  '55000': { code: 'PAM6011', words: 'the database takes no connections', hint: 'set `connectDatabase`' },
  '53300': { code: 'PAM6010', words: 'too many connections', retryable: true },
  '57P03': { code: 'PAM6010', words: 'the server is starting up, shutting down or recovering', retryable: true },
};

/**
 * What became of `ALTER ROLE` when the server answered with an error. An error that ends the statement undoes it, so it is a refusal;
 * `unknown` are those that may come after the commit, or with which the session goes down.
 *
 * @param text the server's message: looked at, never repeated
 */
export function explainChange(state: string, text: string): SetOutcome {
  const refused = (code: Code, reason: string, retryable = false): SetOutcome => ({
    outcome: 'refused',
    code,
    reason: `${reason} (SQLSTATE ${state})`,
    retryable,
  });
  switch (state) {
    case '42501':
      return refused('PAM6004', 'the credential may not set the password of this role: superuser, or CREATEROLE and since 16 ADMIN OPTION');
    case '42704':
      return refused('PAM6005', 'the role does not exist');
    case '25006':
      return refused(
        'PAM6010',
        'the server or the session is read-only: name the primary as `host`, and look for default_transaction_read_only',
      );
    case '55P03':
    case '40001':
    case '40P01':
    case '57P03':
    case '53300':
      return refused('PAM6010', 'the server is busy with this role or overloaded', true);
    case '22023':
    case '22000':
    case 'P0001':
    case '0A000':
      return refused('PAM6007', 'a password rule of the server refused it; such a rule may want to see passwords and not a SCRAM verifier');
    case '57014':
      return { outcome: 'unknown', reason: 'the server cancelled the statement (SQLSTATE 57014)' };
    case 'XX000':
      // Raised before anything is written: somebody else changed the same role meanwhile.
      if (/tuple concurrently (?:updated|deleted)/.test(text)) return refused('PAM6010', 'the role was changed by another session', true);
      break;
  }
  // Connection (08), operator (57), system (58), internal (XX), idle and transaction time limits (25P03, 25P04) end the session.
  if (/^(?:08|57|58|XX|F0|25P0[34])/.test(state)) {
    return { outcome: 'unknown', reason: `the session broke while the change was under way (SQLSTATE ${state})` };
  }
  return refused('PAM6011', 'the server refused the change');
}
