import type { Code } from '../../errors/index.ts';
import { closedError } from '../network.ts';
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

/** The number of an error that the server sent; undefined for everything else (Node's errors have an `errno` as well). */
export function errnoOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('sqlState' in error) || !('errno' in error)) return undefined;
  return typeof error.errno === 'number' && error.errno > 0 ? error.errno : undefined;
}

/** The driver's own words for a connection that just ended carry no code of Node's. */
export function lostError(error: unknown): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === undefined || code === 'PROTOCOL_CONNECTION_LOST' ? closedError() : error;
}

/** Errors after which the session is gone, or soon will be: shutdown, a kill, a time limit of an idle session. */
const SESSION_ENDS = new Set([1053, 1152, 1158, 1159, 1160, 1161, 1184, 1927, 4031]);

export function endsSession(errno: number): boolean {
  return SESSION_ENDS.has(errno);
}

interface Words {
  readonly code: Code;
  readonly words: string;
  readonly hint?: string;
  readonly retryable?: true;
  readonly spent?: true;
  readonly restricted?: true;
  readonly never?: true;
}

const LOCKED = 'the account is locked';
const BUSY = { code: 'PAM6010', retryable: true } as const;
const MUST_CHANGE = { code: 'PAM6006', words: 'the password has expired and must be changed first', restricted: true } as const;

/**
 * Errors of a login (https://dev.mysql.com/doc/mysql-errors/8.4/en/server-error-reference.html, https://mariadb.com/kb/en/mariadb-error-code-reference/).
 * That an account is locked is said after the secret was checked by some versions and before it by others, so it proves nothing.
 */
const LOGIN_WORDS: Readonly<Record<number, Words>> = {
  1040: { ...BUSY, words: 'too many connections' },
  1042: { ...BUSY, words: 'the server cannot resolve the name of this runner' },
  1045: { code: 'PAM6003', words: 'the server refused the login', spent: true },
  1047: { ...BUSY, words: 'the node is not ready (Galera)' },
  1053: { ...BUSY, words: 'the server is shutting down' },
  1129: {
    code: 'PAM6012',
    words: 'the server has blocked this runner after too many broken connections',
    hint: 'mariadb-admin or mysqladmin flush-hosts',
  },
  1130: { code: 'PAM6012', words: 'the server lets nobody in from here', hint: 'the host part of the account has to fit this runner' },
  1203: { ...BUSY, words: 'the account has too many connections', restricted: true },
  1226: { ...BUSY, words: 'the account has used up a limit of connections', restricted: true },
  1251: { code: 'PAM6009', words: 'the account logs in by an outdated protocol', never: true },
  1524: { code: 'PAM6009', words: 'the server has not loaded the authentication plugin of the account' },
  1698: { code: 'PAM6009', words: 'the account does not log in by a password', never: true },
  1820: MUST_CHANGE,
  1862: MUST_CHANGE,
  3118: { code: 'PAM6006', words: LOCKED },
  3159: { code: 'PAM6012', words: 'the server takes logins over TLS only', hint: 'set `tls: { mode: verify-full }`' },
  3955: { code: 'PAM6006', words: 'the account is locked for a while after too many failed logins' },
  4150: { code: 'PAM6006', words: 'the account is blocked after too many failed logins (max_password_errors)' },
  4151: { code: 'PAM6006', words: LOCKED },
};

export function explainLogin(errno: number): LoginFailure {
  const known: Words = LOGIN_WORDS[errno] ?? { code: 'PAM6011', words: 'the server ended the login' };
  const reason = `${known.words} (error ${errno})`;
  return {
    code: known.code,
    reason,
    retryable: known.retryable ?? false,
    spent: known.spent ?? false,
    ...(known.hint === undefined ? {} : { hint: known.hint }),
    ...(known.restricted ? { restricted: reason } : {}),
    ...(known.never ? { never: true } : {}),
  };
}

/**
 * What became of a change when the server answered with an error. An error undoes the statement, so it is a refusal; `unknown` are
 * those with which the statement was stopped half-way or the session went down.
 */
export function explainChange(errno: number): SetOutcome {
  const refused = (code: Code, reason: string, retryable = false): SetOutcome => ({
    outcome: 'refused',
    code,
    reason: `${reason} (error ${errno})`,
    retryable,
  });
  switch (errno) {
    case 1044:
    case 1142:
    case 1143:
    case 1227:
      return refused('PAM6004', 'the credential may not set this password: CREATE USER, and over administrators of MySQL SYSTEM_USER');
    case 1133:
    case 1396:
    // MariaDB takes the ALTER of what is not there for an account that would have to be made.
    case 1410:
      return refused('PAM6005', 'the account does not exist');
    case 1290:
    case 1836:
      return refused('PAM6010', 'the server is read-only, or another option of it forbids the change: name the primary as `host`');
    case 1040:
    case 1047:
    case 1203:
    case 1205:
    case 1213:
      return refused('PAM6010', 'the server is busy or not ready', true);
    case 1819:
      return refused('PAM6007', 'the password policy of the server (validate_password) refused it');
    case 3638:
      return refused('PAM6007', 'the password was used before, and the server remembers (password_history)');
    case 1820:
      return refused('PAM6006', 'the session has to change its own password first');
    case 1524:
      return refused('PAM6006', 'the server has not loaded the authentication plugin of the account');
    case 3891:
      // Our session has logged in with the secret that was given as the current one, so it has been changed since.
      return {
        outcome: 'unknown',
        reason: 'the current password is another one by now: an earlier request may have taken effect (error 3891)',
      };
    // Internal, broken commit, binary log, interrupted, time limits of statements.
    case 1105:
    case 1180:
    case 1317:
    case 1598:
    case 1969:
    case 3024:
      return { outcome: 'unknown', reason: `the statement was stopped on the server (error ${errno})` };
    default:
      if (endsSession(errno)) return { outcome: 'unknown', reason: `the session ended while the change was under way (error ${errno})` };
      return refused('PAM6011', 'the server refused the change');
  }
}
