import { setTimeout as wait } from 'node:timers/promises';
import type { Secret } from '../../model/index.ts';
import { nodeOf } from '../network.ts';
import type { Account, OpenOptions, Proof, Target } from '../provider.ts';
import { farewell, isLoginName, login } from './login.ts';
import { runCommand } from './session.ts';

/** What sshd says in place of a command when the password has run out (pam_unix, passwd(1)). */
const MUST_CHANGE = /password has expired|password change required|required to change your password/i;
/** For a command that does nothing; a login shell that hangs says nothing about the secret. */
const COMMAND_MS = 3_000;

const METHODS = { password: 'ssh-password', 'keyboard-interactive': 'ssh-keyboard-interactive', publickey: 'ssh-key' } as const;

/** A fresh SSH login in which the server asked for this very secret. */
export async function proveLogin(target: Target, account: Account, secret: Secret, options: OpenOptions): Promise<Proof> {
  if (!isLoginName(account.login)) {
    return { answer: 'cannot-tell', code: 'PAM6005', reason: 'no account can have this login', spent: false };
  }
  const node = nodeOf(target);
  const result = await login(target, { login: account.login, field: account.field, secret, timeoutMs: options.connectTimeoutMs });
  if (result.ok) {
    const said = await Promise.race([runCommand(result.client, 'exit', '').catch(() => null), wait(COMMAND_MS, null, { ref: false })]);
    await farewell(result.client, result.socket);
    const restricted =
      said !== null && MUST_CHANGE.test(said.stderr) ? { restricted: 'the password must be changed at the next login' } : {};
    return { answer: 'accepted', method: METHODS[result.method], node, ...restricted };
  }
  const { code, reason, restricted, spent, never, method } = result.failure;
  if (restricted !== undefined) return { answer: 'accepted', method: METHODS[method ?? 'password'], node, restricted };
  if (code === 'PAM6003') return { answer: 'refused', code, reason };
  return { answer: 'cannot-tell', code, reason, spent, ...(never ? { never } : {}) };
}
