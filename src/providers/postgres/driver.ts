/** All that knows how the driver `pg` is made inside (8.x; `test/providers/postgres/proof.test.ts` holds it to that). */
import type { Duplex } from 'node:stream';
import type { Client, ClientConfig } from 'pg';
import { closedError } from '../network.ts';
import type { Target } from '../provider.ts';
import type { LoginRequest } from './login.ts';
import { MAX_ITERATIONS } from './verifier.ts';

/** What the server asked for, and how far the exchange came. */
export interface Trace {
  asked: 'nothing' | 'scram' | 'password' | 'other';
  /** The secret, or something made from it, was handed to the driver to be sent. */
  given: boolean;
  /** The server has shown that it knows the verifier, and so accepted the secret. */
  proved: boolean;
}

/**
 * A client that takes nothing from its surroundings. `pg` fills what is left out from PG* variables and ~/.pgpass: the fields close
 * most of these ways, a password that is a function closes PGPASSWORD and the file, and PGOPTIONS and PGREPLICATION, which an empty
 * field lets through, are taken out again.
 */
export function makeClient(Driver: typeof Client, target: Target, request: LoginRequest, socket: Duplex, trace: Trace): Client {
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

/** The server asked in a way that the secret is not given to. */
export class SecretWithheld extends Error {}

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
  connection.on('authenticationSASLFinal', () => {
    // The driver's own listener, which compares the server's signature, comes after this one and fails the login if it is wrong.
    trace.proved = true;
  });
}

/**
 * Makes a connected socket look to `pg` as if it were to be connected yet. It also parses inside `data` listeners: an error
 * thrown there (an authentication method that it does not know) would end the process, so it ends the socket.
 */
export function handOver(socket: Duplex): Duplex {
  const on = socket.on.bind(socket);
  return Object.assign(socket, {
    connect: () => {
      process.nextTick(() => socket.emit('connect'));
      return socket;
    },
    on: (event: string, listener: (...values: unknown[]) => void) =>
      on(
        event,
        event !== 'data'
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
