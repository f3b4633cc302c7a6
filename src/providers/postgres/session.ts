import type { Duplex } from 'node:stream';
import type { Client } from 'pg';
import { connectionError } from '../network.ts';
import { type Credential, type OpenOptions, ProviderError, type Target } from '../provider.ts';
import { brokenOff } from './driver.ts';
import { sqlStateOf } from './failure.ts';
import { farewell, isRoleName, login } from './login.ts';

/** `connectDatabase` of the account, else of the resource, else `postgres`, which every server has. */
export function databaseFor(target: Target, fields: Credential['fields']): string {
  const name = fields['connectDatabase'] ?? target.fields['connectDatabase'];
  return typeof name === 'string' && name !== '' ? name : 'postgres';
}

/** A login that is kept open to work with. Not for concurrent use. */
export class Session implements AsyncDisposable {
  readonly #client: Client;
  readonly #socket: Duplex;
  readonly #target: Target;

  private constructor(client: Client, socket: Duplex, target: Target) {
    this.#client = client;
    this.#socket = socket;
    this.#target = target;
  }

  /** @throws ProviderError as `ProviderModule.open` says. */
  static async open(target: Target, credential: Credential, options: OpenOptions): Promise<Session> {
    if (!isRoleName(credential.login)) {
      throw new ProviderError('PAM6005', `${credential.address}: no PostgreSQL role can have this login (1 to 63 bytes)`);
    }
    const result = await login(target, {
      login: credential.login,
      secret: credential.secret,
      database: databaseFor(target, credential.fields),
      timeoutMs: options.connectTimeoutMs,
      applicationName: options.sessionName,
      scramOnly: false,
    });
    if (result.ok) return new Session(result.client, result.socket, target);
    const { code, reason, hint, cause, retryable, spent } = result.failure;
    throw new ProviderError(code, `${credential.address}: ${reason}`, {
      retryable,
      spent,
      ...(hint === undefined ? {} : { hint }),
      ...(cause === undefined ? {} : { cause }),
    });
  }

  get isGone(): boolean {
    return this.#socket.destroyed || !this.#socket.writable;
  }

  /**
   * Sends one request and waits at most `boundMs` for the answer; then the connection is cut. Rejects with the driver's error,
   * which may hold the statement: whoever catches it looks at its SQLSTATE only.
   */
  async request<Row>(text: string, values: readonly unknown[] | null, boundMs: number): Promise<readonly Row[]> {
    const timer = setTimeout(() => this.#socket.destroy(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' })), boundMs);
    try {
      // Without values it goes as one simple query, which may hold several statements.
      const result = values === null ? await this.#client.query(text) : await this.#client.query(text, [...values]);
      return result.rows as Row[];
    } finally {
      clearTimeout(timer);
    }
  }

  /** As `request`, for what only reads: @throws ProviderError with the SQLSTATE in our words, or PAM6001 when the session is gone. */
  async read<Row>(text: string, values: readonly unknown[], boundMs: number): Promise<readonly Row[]> {
    try {
      return await this.request<Row>(text, values, boundMs);
    } catch (error) {
      const state = sqlStateOf(error);
      if (state === undefined || /^(?:08|57P)/.test(state)) throw connectionError(brokenOff(error), this.#target);
      const code = state === '42501' ? 'PAM6004' : 'PAM6011';
      throw new ProviderError(code, `${this.#target.address}: the server refused a query with SQLSTATE ${state}`);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await farewell(this.#client, this.#socket);
  }
}
