import type { Secret } from '../../model/index.ts';
import { nodeOf } from '../network.ts';
import { type Account, type OpenOptions, type Proof, ProviderError, type Target } from '../provider.ts';
import { findNoPassword, readOwnAccount } from './account.ts';
import { isPassword } from './change.ts';
import type { Flavor } from './flavor.ts';
import { shadowedBy } from './inspect.ts';
import { login } from './login.ts';
import { isSameName, parseName } from './name.ts';
import { Session } from './session.ts';

const METHOD = 'password-login';

/** A fresh login; then the server is asked which account that was, and whether nothing but the secret could have opened it. */
export async function proveLogin(target: Target, flavor: Flavor, account: Account, secret: Secret, options: OpenOptions): Promise<Proof> {
  const name = parseName(account.login);
  if (name === null)
    return { answer: 'cannot-tell', code: 'PAM6005', reason: `no account of ${flavor.server} can have this login`, spent: false };
  if (!isPassword(secret)) {
    return { answer: 'cannot-tell', code: 'PAM6009', reason: `${flavor.server} takes no such secret; it was not tried`, spent: false };
  }
  const request = { user: name.user, secret, timeoutMs: options.connectTimeoutMs, sessionName: options.sessionName };
  const accepted = { answer: 'accepted', method: METHOD, node: nodeOf(target) } as const;
  const noProof = (reason: string): Proof => ({ answer: 'cannot-tell', code: 'PAM6009', reason, spent: false, never: true });
  const result = await login(target, flavor, request);
  if (!result.ok) {
    const { code, reason, restricted, spent, never } = result.failure;
    if (restricted !== undefined) return { ...accepted, restricted };
    if (code === 'PAM6003') return { answer: 'refused', code, reason };
    return { answer: 'cannot-tell', code, reason, spent, ...(never ? { never } : {}) };
  }
  try {
    await using session = await Session.begin(result, target, options.connectTimeoutMs);
    if (!isSameName(session.row, name)) return noProof(shadowedBy(name, session.row));
    const row = await readOwnAccount(session, options.connectTimeoutMs);
    const noPassword = findNoPassword(row, flavor);
    if (noPassword !== null) return noProof(noPassword);
    return row.plugin === result.plugin ? accepted : noProof('the server let the login in without asking for the secret');
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error;
    // Which such a session learns of only at its first query.
    if (error.code === 'PAM6006') return { ...accepted, restricted: 'the password has expired and must be changed first' };
    return { answer: 'cannot-tell', code: error.code, reason: error.message, spent: false };
  }
}
