import type { Socket } from 'node:net';
import type { Client, ClientChannel } from 'ssh2';
import { closedError, connectionError, nodeOf } from '../network.ts';
import { type Credential, type OpenOptions, ProviderError, type Target } from '../provider.ts';
import { farewell, isLoginName, login } from './login.ts';

/** What a command came to. `code` is null where a signal ended it. */
export interface RunResult {
  readonly code: number | null;
  readonly stdout: Buffer;
  /** Looked at for the words of sudo, passwd and the like; never repeated as it is. */
  readonly stderr: string;
}

/** No answer that we ask for is longer; a command that says more is not the one that we know. */
const MAX_OUTPUT_BYTES = 4 * 1024 * 1024;
/** How much longer than the server we wait for its answer, milliseconds. */
export const CLIENT_MARGIN_MS = 2_000;

/** A login that is kept open to work with. Not for concurrent use. */
export class Session implements AsyncDisposable {
  readonly target: Target;
  readonly credential: Credential;
  readonly #client: Client;
  readonly #socket: Socket;

  private constructor(target: Target, credential: Credential, client: Client, socket: Socket) {
    this.target = target;
    this.credential = credential;
    this.#client = client;
    this.#socket = socket;
  }

  /** @throws ProviderError as `ProviderModule.open` says. */
  static async open(target: Target, credential: Credential, options: OpenOptions): Promise<Session> {
    const { address, field, secret } = credential;
    if (!isLoginName(credential.login)) throw new ProviderError('PAM6005', `${address}: no account can have this login`);
    const result = await login(target, { login: credential.login, field, secret, timeoutMs: options.connectTimeoutMs });
    if (result.ok) return new Session(target, credential, result.client, result.socket);
    const { code, reason, hint, cause, retryable, spent } = result.failure;
    throw new ProviderError(code, `${address}: ${reason}`, { retryable, spent, ...(hint === undefined ? {} : { hint }), cause });
  }

  get isGone(): boolean {
    return this.#socket.destroyed || !this.#socket.writable;
  }

  /**
   * Runs a command without a terminal and waits at most `boundMs` for its end; then the connection is cut.
   * @throws Node's own error where the connection breaks first: whether the command ran is not known then
   */
  async request(command: string, input: Buffer | string, boundMs: number): Promise<RunResult> {
    const timer = setTimeout(() => this.#socket.destroy(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' })), boundMs);
    try {
      return await runCommand(this.#client, command, input);
    } finally {
      clearTimeout(timer);
    }
  }

  /** As `request`, for what only reads: @throws ProviderError PAM6001 when the session is gone. */
  async read(command: string, input: Buffer | string, boundMs: number): Promise<RunResult> {
    try {
      return await this.request(command, input, boundMs);
    } catch (error) {
      if (this.isGone) throw connectionError(closedError(), this.target);
      throw new ProviderError(
        'PAM6011',
        `${this.target.address} at ${nodeOf(this.target)} lets ${this.credential.address} run no command`,
        {
          hint: 'look at ForceCommand, MaxSessions and the shell of the account',
          cause: error,
        },
      );
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await farewell(this.#client, this.#socket);
  }
}

/** Runs a command without a terminal; rejects when the connection is lost before its end. */
export function runCommand(client: Client, command: string, input: Buffer | string): Promise<RunResult> {
  return new Promise((resolve, reject) => {
    client.exec(command, (error, channel) => {
      if (error !== undefined) reject(error);
      else collect(channel, input, resolve, reject);
    });
  });
}

function collect(channel: ClientChannel, input: Buffer | string, resolve: (r: RunResult) => void, reject: (e: Error) => void): void {
  const chunks: { out: Buffer[]; err: Buffer[] } = { out: [], err: [] };
  let bytes = 0;
  let exit: { code: number | null } | undefined;
  const take = (list: Buffer[]) => (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= MAX_OUTPUT_BYTES) list.push(chunk);
    else channel.close();
  };
  channel
    .on('data', take(chunks.out))
    .on('exit', (code: number | null) => {
      exit = { code };
    })
    .on('error', reject)
    .on('close', () => {
      if (exit === undefined) reject(closedError());
      else resolve({ ...exit, stdout: Buffer.concat(chunks.out), stderr: Buffer.concat(chunks.err).toString('utf8') });
    });
  channel.stderr.on('data', take(chunks.err));
  channel.end(input);
}
