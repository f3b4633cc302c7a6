import type { Connection, QueryError } from 'mysql2';
import { connectionError, startDeadline } from '../network.ts';
import { ProviderError, type Target } from '../provider.ts';
import { type LoginRequest, makeClient, SecretWithheld, streamOf, type Trace } from './driver.ts';
import { errnoOf, explainLogin, type LoginFailure, lostError } from './failure.ts';
import type { Flavor } from './flavor.ts';
import { openSocket } from './socket.ts';

export type LoginResult =
  /** `plugin`: how the server had the secret shown. */
  { readonly ok: true; readonly client: Connection; readonly plugin: string } | { readonly ok: false; readonly failure: LoginFailure };

const DENIED = 1045;
/** MariaDB gives no other error then (`require_secure_transport`, accounts with REQUIRE SSL). */
const TLS_HINT = 'the server may take this login over TLS only: set `tls: { mode: verify-full }`';
/** How long a farewell may take, milliseconds. */
const FAREWELL_MS = 1_000;

/** A fresh connection and a login over it; a target that fails is a result and never thrown. Whoever gets a client ends it with `farewell`. */
export async function login(target: Target, flavor: Flavor, request: LoginRequest): Promise<LoginResult> {
  // Loaded only now, since it costs a tenth of a second.
  const { createConnection } = await import('mysql2');
  const trace: Trace = { plugin: 'mysql_native_password', given: false };
  const deadline = startDeadline(request.timeoutMs);
  let client: Connection | undefined;
  try {
    const socket = await openSocket(target, flavor, deadline);
    client = makeClient(createConnection, target, request, socket, trace, deadline);
    await connected(client);
    return { ok: true, client, plugin: trace.plugin };
  } catch (error) {
    if (client !== undefined) streamOf(client).destroy();
    return { ok: false, failure: explain(error, trace, target) };
  } finally {
    deadline.clear();
  }
}

/** Says goodbye and closes; a server that does not answer any more holds it up for a second at most. */
export async function farewell(client: Connection): Promise<void> {
  const stream = streamOf(client);
  if (stream.destroyed) return;
  const closed = new Promise<void>((resolve) => stream.once('close', resolve));
  const timer = setTimeout(() => stream.destroy(), FAREWELL_MS);
  client.end();
  await closed;
  clearTimeout(timer);
}

function connected(client: Connection): Promise<void> {
  return new Promise((resolve, reject) => {
    client.once('connect', () => resolve());
    // Stays: whoever works with the session notices by itself that it is gone, and without a listener the process would end.
    client.on('error', (error: QueryError) => reject(error));
  });
}

function explain(error: unknown, trace: Trace, target: Target): LoginFailure {
  if (error instanceof ProviderError) {
    const { code, message, retryable, spent, hint } = error;
    return { code, reason: message, retryable, spent, ...(hint === undefined ? {} : { hint }) };
  }
  const errno = errnoOf(error);
  if (errno !== undefined)
    return { ...explainLogin(errno), ...(errno === DENIED && target.tls.mode === 'disable' ? { hint: TLS_HINT } : {}) };
  const text = error instanceof Error ? error.message : '';
  if (error instanceof SecretWithheld) {
    return {
      code: 'PAM6012',
      reason: `the server wants to see the secret itself (${trace.plugin}), which it was not shown`,
      hint: 'let the login come over TLS',
      retryable: false,
      // The server counts an exchange that breaks off as a failed login.
      spent: true,
    };
  }
  if (/unknown plugin|mysql_clear_password/.test(text)) {
    return {
      code: 'PAM6009',
      reason: 'the account logs in by a plugin that pam cannot speak (ed25519, parsec, PAM, LDAP, Kerberos, …), so nothing can be proved',
      hint: 'give the account mysql_native_password (MariaDB) or caching_sha2_password (MySQL)',
      retryable: false,
      spent: false,
      never: true,
    };
  }
  const failed = connectionError(lostError(error), target, trace.given);
  return { code: failed.code, reason: failed.message, retryable: failed.retryable, spent: failed.spent, cause: failed.cause };
}
