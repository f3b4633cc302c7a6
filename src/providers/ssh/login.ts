import { once } from 'node:events';
import type { Socket } from 'node:net';
import type { Client } from 'ssh2';
import type { Secret, SecretField } from '../../model/index.ts';
import { closedError, connectTcp, startDeadline } from '../network.ts';
import type { ProviderError, Target } from '../provider.ts';
import { authenticator, type Method, type Trace } from './auth.ts';
import { explainLogin, type LoginFailure } from './failure.ts';
import { distrustHostKey, hostKeyAlgorithms } from './host-key.ts';
import { readPrivateKey } from './key.ts';

export interface LoginRequest {
  readonly login: string;
  /** What the secret is: it alone decides which methods are tried. */
  readonly field: SecretField;
  readonly secret: Secret;
  /** Bounds everything up to a session that takes commands, milliseconds. */
  readonly timeoutMs: number;
}

export type LoginResult =
  | { readonly ok: true; readonly client: Client; readonly socket: Socket; readonly method: Method }
  | { readonly ok: false; readonly failure: LoginFailure };

/** Could an account of that name exist, and is it taken as a name by `getent`, `sudo -u` and `chpasswd`? */
export function isLoginName(login: string): boolean {
  return /^[^-+#%\0-\x1f\x7f:/,][^\0-\x1f\x7f:/]*$/.test(login) && Buffer.byteLength(login) <= MAX_LOGIN_BYTES;
}

/** LOGIN_NAME_MAX of Linux, without its end. */
const MAX_LOGIN_BYTES = 255;

/**
 * A fresh connection and a login with this secret and nothing else: no agent, no other key, no other method. The host is verified
 * before anything is sent to it. A target that fails is a result and never thrown. Whoever gets a client ends it with `farewell`.
 */
export async function login(target: Target, request: LoginRequest): Promise<LoginResult> {
  const trace: Trace = { given: null, offered: null, foreignPrompt: false, partly: false, mustChange: false };
  const deadline = startDeadline(request.timeoutMs);
  let client: Client | undefined;
  let banner = '';
  let distrusted: ProviderError | null = null;
  try {
    const key = request.field === 'privateKey' ? await readPrivateKey(request.secret) : null;
    const { Client: Driver } = await import('ssh2');
    const socket = await connectTcp(target, deadline);
    const connecting = new Driver();
    client = connecting;
    await new Promise<void>((resolve, reject) => {
      connecting
        .on('ready', resolve)
        // It stays for the life of the client: an error without a listener would end the process.
        .on('error', reject)
        .on('close', () => reject(closedError()))
        .on('banner', (text) => {
          banner = text;
        })
        .on('change password', () => {
          trace.mustChange = true;
          reject(closedError());
        })
        .connect({
          sock: socket,
          username: request.login,
          ident: 'pam',
          // The deadline covers the whole way; ssh2's own would begin anew.
          readyTimeout: 0,
          algorithms: { serverHostKey: hostKeyAlgorithms(target) as never },
          hostVerifier: (hostKey: Buffer) => {
            distrusted = distrustHostKey(target, hostKey);
            return distrusted === null;
          },
          authHandler: authenticator({ login: request.login, secret: request.secret, key }, trace, () => reject(closedError())) as never,
        });
    });
    if (trace.given !== null) return { ok: true, client, socket, method: trace.given };
    await farewell(client, socket);
    return { ok: false, failure: { code: 'PAM6009', reason: LETS_ANYBODY_IN, retryable: false, spent: false, never: true } };
  } catch (error) {
    client?.destroy();
    return { ok: false, failure: explainLogin(distrusted ?? error, trace, target, banner) };
  } finally {
    deadline.clear();
  }
}

const LETS_ANYBODY_IN = 'the server let the login in without asking for a secret';
/** How long a farewell may take, milliseconds. */
const FAREWELL_MS = 1_000;

/** Says goodbye and closes; a server that does not answer any more holds it up for a second at most. */
export async function farewell(client: Client, socket: Socket): Promise<void> {
  if (socket.destroyed) return;
  const timer = setTimeout(() => socket.destroy(), FAREWELL_MS);
  const closed = once(socket, 'close');
  client.end();
  await closed;
  clearTimeout(timer);
}
