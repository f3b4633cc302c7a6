import type { Duplex } from 'node:stream';
import type { Client } from 'pg';
import type { Secret } from '../../model/index.ts';
import { connectionError, nodeOf, startDeadline } from '../network.ts';
import { ProviderError, type Target } from '../provider.ts';
import { brokenOff, handOver, makeClient, SecretWithheld, type Trace } from './driver.ts';
import { explainLogin, type LoginFailure, sqlStateOf } from './failure.ts';
import { openSocket } from './socket.ts';

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

/** NAMEDATALEN - 1: the server cuts longer names, and so would change or log in another role. */
const MAX_NAME_BYTES = 63;

/** How long a farewell may take, milliseconds. */
const FAREWELL_MS = 1_000;

/** Can a role of that name exist at all? */
export function isRoleName(login: string): boolean {
  return login !== '' && !login.includes('\0') && Buffer.byteLength(login) <= MAX_NAME_BYTES;
}

/** A fresh connection and a login over it; a target that fails is a result and never thrown. Whoever gets a client ends it with `farewell`. */
export async function login(target: Target, request: LoginRequest): Promise<LoginResult> {
  // Loaded only now, since it costs a tenth of a second.
  const { Client } = await import('pg');
  const trace: Trace = { asked: 'nothing', given: false, proved: false };
  const deadline = startDeadline(request.timeoutMs);
  let socket: Duplex | undefined;
  try {
    socket = await openSocket(target, deadline);
    const client = makeClient(Client, target, request, handOver(socket), trace);
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
