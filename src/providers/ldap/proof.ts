import type { Secret } from '../../model/index.ts';
import { nodeOf } from '../network.ts';
import type { Account, OpenOptions, Proof, Target } from '../provider.ts';
import { login } from './login.ts';

/** A simple bind shows that the server takes this secret. */
const METHOD = 'ldap-bind';

/**
 * A bind that is accepted is a proof of *this* secret, and never a disproof of another one: Active Directory lets the last password in
 * for an hour more (OldPasswordAllowedPeriod). A refusal of OpenLDAP may hide a lockout, unless `ppolicy_use_lockout` lets it say so;
 * `inspect` sees it.
 */
export async function proveBind(target: Target, account: Account, secret: Secret, options: OpenOptions): Promise<Proof> {
  const result = await login(target, account, secret, options.connectTimeoutMs);
  const node = nodeOf(target);
  if (result.ok) {
    await result.connection[Symbol.asyncDispose]();
    return { answer: 'accepted', method: METHOD, node, ...(result.restricted === undefined ? {} : { restricted: result.restricted }) };
  }
  const { code, reason, restricted, spent } = result.failure;
  if (restricted !== undefined) return { answer: 'accepted', method: METHOD, node, restricted };
  if (code === 'PAM6003') return { answer: 'refused', code, reason };
  return { answer: 'cannot-tell', code, reason, spent };
}
