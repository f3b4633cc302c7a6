import type { Secret } from '../../model/index.ts';
import { connectionError } from '../network.ts';
import { type Account, type Credential, ProviderError, type Target } from '../provider.ts';
import { Connection } from './connection.ts';
import { explainBind, type LoginFailure } from './failure.ts';
import { bindName } from './names.ts';

/** A bind that was accepted may still be restricted: good for changing the own password, and for nothing else. */
export type LoginResult =
  | { readonly ok: true; readonly connection: Connection; readonly restricted?: string }
  | { readonly ok: false; readonly failure: LoginFailure };

/**
 * A fresh connection, a bind over it, and one request to see that the server now takes us for somebody (some servers say yes to a bind
 * and then let nothing through). A target that fails is a result and never thrown.
 */
export async function login(target: Target, who: Account | Credential, secret: Secret, timeoutMs: number): Promise<LoginResult> {
  let connection: Connection | undefined;
  let isSent = false;
  try {
    const name = bindName(who, target);
    if (!isTakable(secret)) return { ok: false, failure: { ...UNTAKABLE, retryable: false, spent: false } };
    connection = await Connection.open(target, timeoutMs);
    isSent = true;
    const answer = await connection.bind(name, secret, timeoutMs);
    const failure = explainBind(answer, target);
    if (answer.code !== 0 && failure !== null) {
      await connection[Symbol.asyncDispose]();
      return { ok: false, failure };
    }
    const restricted = failure?.restricted ?? (await restriction(connection, timeoutMs));
    return { ok: true, connection, ...(restricted === undefined ? {} : { restricted }) };
  } catch (error) {
    await connection?.[Symbol.asyncDispose]();
    const { code, message, hint, cause, retryable, spent } =
      error instanceof ProviderError ? error : connectionError(error, target, isSent);
    const more = { ...(hint === undefined ? {} : { hint }), ...(cause === undefined ? {} : { cause }) };
    return { ok: false, failure: { code, reason: message, retryable, spent, ...more } };
  }
}

/** An empty secret would bind as nobody (RFC 4513 §5.1.2); simple binds carry UTF-8, and some servers stop at NUL. */
export function isTakable(secret: Secret): boolean {
  const text = secret.reveal();
  return text !== '' && !text.includes('\0') && Buffer.from(text).equals(secret.bytes());
}

const UNTAKABLE = { code: 'PAM6009', reason: 'a directory takes no such secret (empty, NUL, or no UTF-8); it was not tried' } as const;

/** `Who am I?` where the server knows it: 50 = the password must be changed first, nobody = the bind was none. */
async function restriction(connection: Connection, timeoutMs: number): Promise<string | undefined> {
  const { code, who } = await connection.whoAmI(timeoutMs);
  if (code === 0 && (who === '' || who === 'dn:')) {
    throw new ProviderError('PAM6009', 'the server let the login in and takes it for nobody');
  }
  return code === 50 ? 'the server lets nothing through but a change of the password' : undefined;
}
