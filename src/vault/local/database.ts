import { statSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import Libsql from 'libsql';
import { VaultError } from '../vault-error.ts';

/** What can be stored; blobs are given as Buffer and read as ArrayBuffer. */
export type Value = string | number | null | Buffer;

/** How long a statement waits for another process that writes: far above a transaction of ours, far below the expiry of a lease. */
const BUSY_TIMEOUT_MS = 5000;

/**
 * One connection to the SQLite file. Every call is synchronous and may throw VaultError PAM5003 (damaged) or PAM5010 (the file
 * system refused; nothing was changed).
 */
export class Database {
  readonly #name: string;
  readonly #connection: InstanceType<typeof Libsql>;
  readonly #statements = new Map<string, ReturnType<InstanceType<typeof Libsql>['prepare']>>();
  #open = true;

  /**
   * `path` must exist: SQLite would create an empty file. `immutable` reads a file that nobody writes, where not even locks can be
   * had. `name` is what errors call it.
   */
  constructor(path: string, { immutable = false, name = path } = {}) {
    this.#name = name;
    this.#connection = this.#guard(() => new Libsql(immutable ? `${pathToFileURL(path).href}?immutable=1` : path));
    // FULL: a commit is on the disk when it returns. secure_delete: what is deleted is overwritten with zeros.
    // temp_store: VACUUM and large sorts leave nothing in a file elsewhere.
    this.exec(
      `PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; PRAGMA trusted_schema = OFF;
       PRAGMA temp_store = MEMORY`,
    );
  }

  /** Several statements without parameters. */
  exec(sql: string): void {
    this.#guard(() => this.#connection.exec(sql));
  }

  /** All rows, blobs as ArrayBuffer. The only way to read: `get` of libsql adds a property to the row, and `run` with RETURNING never ends its statement. */
  all<Row>(sql: string, ...parameters: Value[]): Row[] {
    return this.#guard(() => this.#statement(sql).all(parameters) as Row[]);
  }

  one<Row>(sql: string, ...parameters: Value[]): Row | undefined {
    return this.all<Row>(sql, ...parameters)[0];
  }

  /** How many rows it changed. */
  run(sql: string, ...parameters: Value[]): number {
    return this.#guard(() => this.#statement(sql).run(parameters).changes);
  }

  /** Everything that `body` reads is of one moment. */
  read<T>(body: () => T): T {
    return this.#transaction('BEGIN', body);
  }

  /** All of `body` or nothing, durable when it returns; other writers wait. */
  write<T>(body: () => T): T {
    return this.#transaction('BEGIN IMMEDIATE', body);
  }

  /** Nothing to do but for a file that came here without `restore`: a backup has no log, and its readers would block writers. */
  useWal(): void {
    try {
      this.exec('PRAGMA journal_mode = WAL');
    } catch {
      // Read-only, or in use by others who were faster: it works all the same.
    }
  }

  /**
   * Copies the write-ahead log into the file and empties it: until then it holds older images of pages, erased secrets among them.
   * False where somebody else is reading an older moment; the next one does it.
   */
  checkpoint(): boolean {
    try {
      return this.one<{ busy: number }>('PRAGMA wal_checkpoint(TRUNCATE)')?.busy === 0;
    } catch {
      return false; // what was committed is durable in the log as well
    }
  }

  /**
   * Writes the file anew and empties the log. Deleting overwrites with zeros, but where SQLite moved a row to another page before,
   * a copy can be left in the gap of the old one (measured: one in two thousand), which only this removes.
   * False where somebody else is reading or writing, or there is no space.
   */
  purge(): boolean {
    try {
      this.exec('VACUUM');
    } catch {
      return false;
    }
    return this.checkpoint();
  }

  /** Closes a connection that only `exec` was used on, at once and with its log copied and removed. */
  closeUnread(): void {
    this.#open = false;
    this.#connection.close();
  }

  /** May be called twice. libsql lets go of the files once its statements are collected; the log is empty by then. */
  close(): void {
    if (!this.#open) return;
    this.checkpoint();
    this.#open = false;
    this.#statements.clear();
    this.#connection.close();
  }

  /** Where this is true an insert met a unique index. */
  static isDuplicate(error: unknown): boolean {
    return resultCode(error instanceof VaultError ? error.cause : error) === SQLITE_CONSTRAINT;
  }

  /** Where this is true others have the file open, or were writing for as long as we wait. */
  static isBusy(error: unknown): boolean {
    return resultCode(error instanceof VaultError ? error.cause : error) === SQLITE_BUSY;
  }

  #statement(sql: string) {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#connection.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  #transaction<T>(begin: string, body: () => T): T {
    this.exec(begin);
    try {
      const result = body();
      this.exec('COMMIT');
      return result;
    } catch (error) {
      // A full disk has ended the transaction already; a second ROLLBACK would hide the reason.
      if (this.#connection.inTransaction) this.#connection.exec('ROLLBACK');
      throw error;
    }
  }

  #guard<T>(call: () => T): T {
    try {
      return call();
    } catch (error) {
      throw toVaultError(error, this.#name);
    }
  }
}

/** True where a file can only be read as `immutable`: read-only, and no log beside it that would have to be read as well. */
export function isUnloggedReadOnly(path: string, error: unknown): boolean {
  return error instanceof VaultError && error.code === 'PAM5010' && (statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0) === 0;
}

/** A text as a literal of SQL, for `exec`. */
export function quote(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** Primary result codes, https://www.sqlite.org/rescode.html. */
const SQLITE_ERROR = 1; // a table is missing: we never ask for one that a vault lacks
const SQLITE_BUSY = 5;
const SQLITE_READONLY = 8;
const SQLITE_CORRUPT = 11;
const SQLITE_FULL = 13;
const SQLITE_CONSTRAINT = 19;
const SQLITE_NOTADB = 26;

function toVaultError(cause: unknown, path: string): VaultError {
  const code = resultCode(cause);
  const refused = (reason: string) => new VaultError('PAM5010', `${reason}; nothing was changed in the vault ${path}`, { cause });
  switch (code) {
    case SQLITE_ERROR:
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return new VaultError('PAM5003', `the vault ${path} is damaged, or is no vault of pam (SQLite code ${code})`, { cause });
    case SQLITE_BUSY:
      return refused(`another process has been writing for ${BUSY_TIMEOUT_MS / 1000} s`);
    case SQLITE_READONLY:
      return refused('the file or its folder is read-only');
    case SQLITE_FULL:
      return refused('the disk is full');
    default:
      return refused(`the file system refused (SQLite code ${code})`);
  }
}

/** The low byte: what libsql calls `code` lacks a name for many of the extended ones. 0 = not an error of SQLite. */
function resultCode(error: unknown): number {
  return error instanceof Error && 'rawCode' in error && typeof error.rawCode === 'number' ? error.rawCode & 0xff : 0;
}
