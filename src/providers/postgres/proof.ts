import type { Secret } from '../../model/index.ts';
import { nodeOf } from '../network.ts';
import type { Account, OpenOptions, Proof, Target } from '../provider.ts';
import { farewell, isRoleName, login } from './login.ts';
import { driversDisagree } from './saslprep.ts';
import { databaseFor } from './session.ts';

/** A SCRAM login is the only proof there is: the server asked, and showed in turn that it holds a verifier of this very secret. */
const METHOD = 'scram-login';

export async function proveLogin(target: Target, account: Account, secret: Secret, options: OpenOptions): Promise<Proof> {
  if (!isRoleName(account.login)) {
    return { answer: 'cannot-tell', code: 'PAM6005', reason: 'no PostgreSQL role can have this login (1 to 63 bytes)', spent: false };
  }
  const text = secret.reveal();
  if (text === '' || text.includes('\0') || driversDisagree(text)) {
    const reason = 'PostgreSQL takes no such secret, or drivers read it differently (SASLprep, RFC 4013); it was not tried';
    return { answer: 'cannot-tell', code: 'PAM6009', reason, spent: false };
  }
  const node = nodeOf(target);
  const result = await login(target, {
    login: account.login,
    secret,
    database: databaseFor(target, account.fields),
    timeoutMs: options.connectTimeoutMs,
    applicationName: options.sessionName,
    scramOnly: true,
  });
  if (result.ok) {
    await farewell(result.client, result.socket);
    if (result.scram) return { answer: 'accepted', method: METHOD, node };
    const reason = 'the server let the login in without asking for the secret (`trust`, `peer`, a certificate)';
    return { answer: 'cannot-tell', code: 'PAM6009', reason, spent: false, never: true };
  }
  const { code, reason, restricted, spent, never } = result.failure;
  if (restricted !== undefined) return { answer: 'accepted', method: METHOD, node, restricted };
  if (code === 'PAM6003') return { answer: 'refused', code, reason };
  return { answer: 'cannot-tell', code, reason, spent, ...(never ? { never } : {}) };
}
