import type { Connection, RowDataPacket } from 'mysql2';
import { connectionError } from '../network.ts';
import { type Credential, type OpenOptions, ProviderError, type Target } from '../provider.ts';
import { streamOf } from './driver.ts';
import { endsSession, errnoOf, lostError } from './failure.ts';
import type { Flavor } from './flavor.ts';
import { farewell, login } from './login.ts';
import { type AccountName, nameText, parseName } from './name.ts';

/**
 * `''` is the one way to write a quote, whatever the server is set to (`quoteText`), and double quotes stay quotes. Sent alone, so that
 * it is in force before anything else is parsed.
 */
const KNOWN_SQL_MODE = "SET SESSION sql_mode = 'NO_BACKSLASH_ESCAPES'";

/** Access denied: to a database, table, column, or for lack of a privilege. */
const DENIED = new Set([1044, 1142, 1143, 1227]);
/** A Galera node that is not ready, a lock that is held, a time limit. */
const BUSY = new Set([1047, 1205, 1969]);

/** A login that is kept open to work with. Not for concurrent use. */
export class Session implements AsyncDisposable {
  readonly #client: Connection;
  readonly #target: Target;
  /** The row that the server found for the login (`CURRENT_USER()`). */
  #row: AccountName = { user: '', host: '' };
  /** This runner as the server sees it, a name or an address. */
  #clientHost = '';

  private constructor(client: Connection, target: Target) {
    this.#client = client;
    this.#target = target;
  }

  /** @throws ProviderError as `ProviderModule.open` says; PAM6006 where the password must be changed first. */
  static async open(target: Target, flavor: Flavor, credential: Credential, options: OpenOptions): Promise<Session> {
    const name = parseName(credential.login);
    if (name === null) throw new ProviderError('PAM6005', `${credential.address}: no account of ${flavor.server} can have this login`);
    const request = {
      user: name.user,
      secret: credential.secret,
      timeoutMs: options.connectTimeoutMs,
      sessionName: options.sessionName,
    };
    const result = await login(target, flavor, request);
    if (!result.ok) {
      const { code, reason, hint, cause, retryable, spent } = result.failure;
      throw new ProviderError(code, `${credential.address}: ${reason}`, {
        retryable,
        spent,
        ...(hint === undefined ? {} : { hint }),
        ...(cause === undefined ? {} : { cause }),
      });
    }
    return Session.begin(result, target, options.connectTimeoutMs);
  }

  /** Takes over a fresh login. @throws ProviderError PAM6006 where the password must be changed first. */
  static async begin(login: { readonly client: Connection; readonly plugin: string }, target: Target, boundMs: number): Promise<Session> {
    const session = new Session(login.client, target);
    try {
      await session.read(KNOWN_SQL_MODE, boundMs);
      const [who] = await session.read<{ own: string; login: string }>('SELECT CURRENT_USER() AS own, USER() AS login', boundMs);
      session.#row = divide(who?.own ?? '@');
      session.#clientHost = divide(who?.login ?? '@').host;
      return session;
    } catch (error) {
      await session[Symbol.asyncDispose]();
      throw error;
    }
  }

  get row(): AccountName {
    return this.#row;
  }

  get clientHost(): string {
    return this.#clientHost;
  }

  get isGone(): boolean {
    const stream = streamOf(this.#client);
    return stream.destroyed || !stream.writable;
  }

  /**
   * Sends one statement and waits at most `boundMs` for the answer; then the connection is cut. Rejects with the driver's error,
   * which may hold the statement: whoever catches it looks at its number only.
   */
  async request<Row>(sql: string, boundMs: number): Promise<readonly Row[]> {
    const cut = () => streamOf(this.#client).destroy(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' }));
    const timer = setTimeout(cut, boundMs);
    try {
      return await new Promise<readonly Row[]>((resolve, reject) => {
        this.#client.query<RowDataPacket[]>(sql, (error, rows) => (error === null ? resolve(rows as unknown as Row[]) : reject(error)));
      });
    } finally {
      clearTimeout(timer);
    }
  }

  /** As `request`, for what only reads: @throws ProviderError with the number in our words, or PAM6001 when the session is gone. */
  async read<Row>(sql: string, boundMs: number): Promise<readonly Row[]> {
    try {
      return await this.request<Row>(sql, boundMs);
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === undefined || endsSession(errno)) throw connectionError(lostError(error), this.#target);
      const of = `${this.#target.address}: the server refused a query of ${nameText(this.#row)} with error ${errno}`;
      if (errno === 1820) throw new ProviderError('PAM6006', `${of}: its password must be changed first`);
      if (BUSY.has(errno)) throw new ProviderError('PAM6010', `${of}: it is busy or not ready`, { retryable: true });
      throw new ProviderError(DENIED.has(errno) ? 'PAM6004' : 'PAM6011', of);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await farewell(this.#client);
  }
}

/** Unlike a login of a manifest it may be the anonymous account. */
function divide(text: string): AccountName {
  const at = text.lastIndexOf('@');
  return { user: text.slice(0, at), host: text.slice(at + 1) };
}
