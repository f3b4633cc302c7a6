import type { Duplex } from 'node:stream';
import type { Client, ClientConfig } from 'pg';
import type { Secret } from '../../model/index.ts';
import { closedError, connectionError, nodeOf, startDeadline } from '../network.ts';
import { ProviderError, type Target } from '../provider.ts';
import { explainLogin, type LoginFailure, sqlStateOf } from './failure.ts';
import { openSocket } from './socket.ts';
import { MAX_ITERATIONS } from './verifier.ts';

/** Who logs in, and how far we go. */
export interface LoginRequest {
  readonly login: string;
  readonly secret: Secret;
  readonly database: string;
  /** Bounds everything up to a session that takes queries, milliseconds. */
  readonly timeoutMs: number;
  readonly applicationName: string;
  /** Only a SCRAM exchange counts: to every other question the secret is not given. */
  readonly scramOnly: boolean;
}

export type LoginResult =
  | { readonly ok: true; readonly client: Client; readonly socket: Duplex; readonly scram: boolean }
  | { readonly ok: false; readonly failure: LoginFailure };

/** What the server asked for, and how far the exchange came. */
interface Trace {
  asked: 'nothing' | 'scram' | 'password' | 'other';
  /** The secret, or something made from it, was handed to the driver to be sent. */
  given: boolean;
  /** The server has shown that it knows the verifier, and so accepted the secret. */
  proved: boolean;
}

/** NAMEDATALEN - 1: the server cuts longer names, and so would change or log in another role. */
const MAX_NAME_BYTES = 63;

/** How long a farewell may take, milliseconds. */
const FAREWELL_MS = 1_000;

/** Can a role of that name exist at all? */
export function isRoleName(login: string): boolean {
  return login !== '' && !login.includes('\0') && Buffer.byteLength(login) <= MAX_NAME_BYTES;
}

/** A fresh connection and a login over it; never throws. Whoever gets a client ends it with `farewell`. */
export async function login(target: Target, request: LoginRequest): Promise<LoginResult> {
  const trace: Trace = { asked: 'nothing', given: false, proved: false };
  const deadline = startDeadline(request.timeoutMs);
  let socket: Duplex | undefined;
  try {
    // Loaded only now, since it costs a tenth of a second.
    const { Client } = await import('pg');
    socket = await openSocket(target, deadline);
    const client = newClient(Client, target, request, handOver(socket), trace);
    deadline.watch(socket);
    await client.connect();
    return { ok: true, client, socket, scram: trace.asked === 'scram' && trace.proved };
  } catch (error) {
    socket?.destroy();
    return { ok: false, failure: explain(error, trace, target) };
  } finally {
    deadline.clear();
  }
}

/** Says goodbye and closes; a server that does not answer any more holds it up for a second at most. */
export async function farewell(client: Client, socket: Duplex): Promise<void> {
  const timer = setTimeout(() => socket.destroy(), FAREWELL_MS);
  try {
    await client.end();
  } finally {
    clearTimeout(timer);
    socket.destroy();
  }
}

/**
 * A client that takes nothing from its surroundings. `pg` fills what is left out from PG* variables and ~/.pgpass: the fields close
 * most of these ways, a password that is a function closes PGPASSWORD and the file, and PGOPTIONS and PGREPLICATION, which an empty
 * field lets through, are taken out again.
 */
function newClient(Driver: typeof Client, target: Target, request: LoginRequest, socket: Duplex, trace: Trace): Client {
  const mayShowSecret = !request.scramOnly && target.tls.mode !== 'disable';
  const config: ClientConfig & { scramMaxIterations: number } = {
    host: target.host,
    port: target.port,
    user: request.login,
    database: request.database,
    application_name: request.applicationName,
    client_encoding: 'UTF8',
    ssl: false,
    sslnegotiation: 'postgres',
    scramMaxIterations: MAX_ITERATIONS,
    stream: () => socket,
    password: () => {
      if (trace.asked !== 'scram' && !(trace.asked === 'password' && mayShowSecret)) throw new SecretWithheld();
      trace.given = true;
      return request.secret.reveal();
    },
  };
  const client = new Driver(config) as Client & { connectionParameters: { options?: string; replication?: string } };
  delete client.connectionParameters.options;
  delete client.connectionParameters.replication;
  // The session notices by itself that it is gone; without a listener the process would end.
  client.on('error', () => undefined);
  watchLogin(client, trace);
  return client;
}

class SecretWithheld extends Error {}

/** The driver is content with a server that asks for nothing (`trust`), or for less than SCRAM: so we look on. */
function watchLogin(client: Client, trace: Trace): void {
  const { connection } = client;
  connection.on('authenticationSASL', (message: { mechanisms: readonly string[] }) => {
    trace.asked = message.mechanisms.includes('SCRAM-SHA-256') ? 'scram' : 'other';
  });
  connection.on('authenticationCleartextPassword', () => {
    trace.asked = 'password';
  });
  connection.on('authenticationMD5Password', () => {
    trace.asked = 'password';
  });
  client.connection.on('authenticationSASLFinal', () => {
    // The driver's own listener, which compares the server's signature, comes after this one and fails the login if it is wrong.
    trace.proved = true;
  });
}

/**
 * Makes a connected socket look to `pg` as if it were to be connected yet. It also parses inside `data` listeners: an error
 * thrown there (an authentication method that it does not know) would end the process, so it ends the socket.
 */
function handOver(socket: Duplex): Duplex {
  const on = socket.on.bind(socket);
  return Object.assign(socket, {
    connect: () => {
      process.nextTick(() => socket.emit('connect'));
      return socket;
    },
    on: (event: string, listener: (...values: unknown[]) => void) =>
      on(
        event,
        true
          ? listener
          : (...values: unknown[]) => {
              try {
                listener(...values);
              } catch (error) {
                socket.destroy(error instanceof Error ? error : new Error('the driver failed'));
              }
            },
      ),
  });
}

/** The driver's own words for a connection that just ended carry no code. */
export function brokenOff(error: unknown): unknown {
  return error instanceof Error && error.message.startsWith('Connection terminated') ? closedError() : error;
}

function explain(error: unknown, trace: Trace, target: Target): LoginFailure {
  if (error instanceof ProviderError) {
    return {
      code: error.code,
      reason: error.message,
      retryable: error.retryable,
      spent: error.spent,
      ...(error.hint === undefined ? {} : { hint: error.hint }),
    };
  }
  const state = sqlStateOf(error);
  if (state !== undefined) return explainLogin(state, trace.proved);
  const text = error instanceof Error ? error.message : '';
  if (error instanceof SecretWithheld || trace.asked === 'other' || text.startsWith('Unknown authenticationOk')) {
    return {
      code: 'PAM6009',
      reason: 'the server asks for something else than SCRAM-SHA-256 (password, md5, GSS, …), so the secret was not given to it',
      hint: 'use `scram-sha-256` for this login in pg_hba.conf; an old md5 password is replaced by the first rotation',
      retryable: false,
      spent: false,
      never: true,
    };
  }
  if (text.startsWith('SASL:')) {
    // A wrong server signature, or messages out of order: this server does not hold the verifier.
    return {
      code: 'PAM6002',
      reason: `${target.address} at ${nodeOf(target)} could not show that it knows the account (SCRAM exchange failed)`,
      retryable: false,
      spent: trace.given,
    };
  }
  const failed = connectionError(brokenOff(error), target, trace.given);
  return { code: failed.code, reason: failed.message, retryable: failed.retryable, spent: failed.spent, cause: failed.cause };
}
