/** All that knows how the driver `mysql2` is made inside (3.x; `test/providers/mysql/login.test.ts` holds it to that). */
import type { Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import type { AuthPlugin, Connection, ConnectionOptions } from 'mysql2';
import type { Secret } from '../../model/index.ts';
import type { Deadline } from '../network.ts';
import type { Target } from '../provider.ts';
import { tlsOptions } from '../tls.ts';
import { cachingSha2Answer, nativeAnswer } from './hash.ts';

/** Who logs in. */
export interface LoginRequest {
  readonly user: string;
  readonly secret: Secret;
  /** Bounds everything up to a session that takes queries, milliseconds. */
  readonly timeoutMs: number;
  readonly sessionName: string;
}

/** How the login is going. */
export interface Trace {
  /** Authentication plugin that the server asked for last. */
  plugin: string;
  /** The secret, or something made from it, was handed to the driver to be sent. */
  given: boolean;
}

/** The server asked for the secret in a way that it is not given to. */
export class SecretWithheld extends Error {}

interface Internals {
  stream: Socket | TLSSocket;
  startTLS(onSecure: () => void): void;
  packetParser: { execute(chunk: Buffer): void };
  _handleNetworkError(error: Error): void;
}

/**
 * A client on a socket whose greeting was put back. The driver's own TLS leaves out pin and `serverName` and resumes sessions, so
 * ours takes its place; and its own plugins give the secret to a server that merely names a key, so ours do.
 */
export function makeClient(
  create: (options: ConnectionOptions) => Connection,
  target: Target,
  request: LoginRequest,
  socket: Socket,
  trace: Trace,
  deadline: Deadline,
): Connection {
  const secure = target.tls.mode !== 'disable';
  const client = create({
    user: request.user,
    // For the first answer only, which is always that of mysql_native_password, and which a server of another mind passes over.
    password: request.secret.reveal(),
    stream: socket,
    // The deadline of the login does this, and the farewell.
    connectTimeout: 0,
    charset: 'UTF8MB4_UNICODE_CI',
    flags: ['-LOCAL_FILES', '-CONNECT_WITH_DB'],
    connectAttributes: { program_name: request.sessionName },
    dateStrings: true,
    authPlugins: authPlugins(request.secret, secure, trace),
    ...(secure ? { ssl: {} } : {}),
  });
  const inside = client as unknown as Internals;
  inside.startTLS = (onSecure) => {
    socket.removeAllListeners('data');
    const tls = connectTls({ ...tlsOptions(target), socket });
    deadline.watch(tls);
    // Not by `onSecure`, which would put a word of its own in place of Node's code.
    tls.on('error', (error) => inside._handleNetworkError(error));
    tls.on('data', (chunk: Buffer) => inside.packetParser.execute(chunk));
    tls.once('secureConnect', () => {
      trace.given = true;
      onSecure();
    });
    inside.stream = tls;
  };
  trace.given = !secure;
  return client;
}

/** The stream that the client works on: what has to be cut to end it at once. */
export function streamOf(client: Connection): Socket | TLSSocket {
  return (client as unknown as Internals).stream;
}

/** What a server says that does not remember the secret of the account, as after every change (page_caching_sha2_authentication_exchanges). */
const FULL_AUTHENTICATION = 4;

/** Only these ways to show a secret exist for us; the driver refuses all others. None of them asks for a key of the server. */
function authPlugins(secret: Secret, secure: boolean, trace: Trace): Record<string, AuthPlugin> {
  const itself = () => Buffer.from(`${secret.reveal()}\0`);
  /** `answers` of the plugin to what the server says, one after the other. */
  const plugin =
    (name: string, ...answers: readonly ((data: Buffer) => Buffer | null)[]): AuthPlugin =>
    () => {
      let turn = 0;
      trace.plugin = name;
      return (data: Buffer) => {
        const answer = answers[turn];
        if (answer === undefined) throw new SecretWithheld(`too many questions of ${name}`);
        turn += 1;
        const bytes = answer(data);
        if (bytes !== null) trace.given = true;
        return bytes as Buffer;
      };
    };
  const never = (): never => {
    throw new SecretWithheld('the secret itself was asked for');
  };
  return {
    mysql_native_password: plugin('mysql_native_password', (data) => nativeAnswer(secret, data.subarray(0, 20))),
    caching_sha2_password: plugin(
      'caching_sha2_password',
      (data) => cachingSha2Answer(secret, data.subarray(0, 20)),
      // 3: the server remembered the secret; 4: it wants to see it.
      (data) => (data[0] !== FULL_AUTHENTICATION ? null : secure ? itself() : never()),
    ),
    sha256_password: plugin('sha256_password', () => (secure ? itself() : never())),
    mysql_clear_password: plugin('mysql_clear_password', never),
  };
}
