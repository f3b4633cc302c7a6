import type { Secret } from '../../model/index.ts';
import type { AccountName } from './name.ts';
import type { Session } from './session.ts';

/** What a server keeps of an account. Null and false are what is not known as well, as of the own account without a right to look. */
export interface AccountRow {
  /** Authentication plugin. */
  readonly plugin: string;
  /** `authentication_string`; null where it may not be seen. */
  readonly stored: Buffer | null;
  /** A second password that works besides (MySQL: RETAIN CURRENT PASSWORD). */
  readonly secondary: Buffer | null;
  /** Other ways in: what a change of the password would drop, and a login need not have used. */
  readonly alternatives: boolean;
  readonly locked: boolean;
  /** It logs in, but has to set a new password first. */
  readonly mustChange: boolean;
  /** What its logins need besides the secret: TLS, or a certificate of the client. */
  readonly needs: 'nothing' | 'tls' | 'certificate';
  /** So many failed logins in a row lock the account; null where none do, or where it is not known. */
  readonly maxFailures: number | null;
  /** Seconds since 1970; null or 0 where the server does not know. */
  readonly changedAt: number | null;
}

/** One thing to be known before a change: in words, why the server would not take one now. */
export interface Hindrance {
  readonly code: 'PAM6006' | 'PAM6007' | 'PAM6010';
  readonly reason: string;
}

/** What differs between MySQL and MariaDB. */
export interface Flavor {
  readonly server: 'MySQL' | 'MariaDB';
  /** Plugins whose passwords can be set and whose logins can be proved. */
  readonly plugins: readonly string[];
  /** The right and the table that an administrator needs to look at accounts. */
  readonly table: string;
  /** Reads all accounts but no hash: columns as in `discover.ts`. */
  readonly listing: string;
  /** @throws ProviderError PAM6004 where the credential may not look; null where there is no such account. */
  readRow(session: Session, name: AccountName, boundMs: number): Promise<AccountRow | null>;
  /** What stands in the way of every change on this server; null where nothing does. */
  findHindrance(session: Session, boundMs: number): Promise<Hindrance | null>;
  /** Session settings that bound a change on the server, whole seconds of at least 1. */
  bound(seconds: number): string;
  /** The statement that sets the password of another account, without the password itself in it. `plugin` is one of `plugins`. */
  changeOther(session: Session, name: AccountName, plugin: string, secret: Secret, boundMs: number): Promise<string>;
  /** The statement by which an account sets its own password; `current` where the server asked for the one it has now. */
  changeOwn(plugin: string, secret: Secret, current?: Secret): string;
}

export const READ_ONLY: Hindrance = { code: 'PAM6010', reason: 'the server is read-only, as replicas are: name the primary as `host`' };

export function lockBounds(seconds: number): string {
  return `lock_wait_timeout = ${seconds}, innodb_lock_wait_timeout = ${seconds}`;
}
