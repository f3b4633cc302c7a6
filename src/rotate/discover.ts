import { targetOf } from '../graph/index.ts';
import { linkOf, type VaultRecord } from '../model/index.ts';
import { canDiscover, type FoundAccount } from '../providers/provider.ts';
import { type RotateContext, RotationError } from './context.ts';
import type { Logins } from './logins.ts';
import { describeSubject, type Lookup } from './subject.ts';

/**
 * All accounts that a resource has, asked for by its administrator. Reads only; one login of the administrator is spent as everywhere.
 * RotationError PAM4020 where nobody can be asked; ProviderError as of `ProviderModule.open` and `Discover`.
 */
export async function listAccounts(
  ctx: RotateContext,
  logins: Logins,
  resource: VaultRecord,
  lookup: Lookup,
): Promise<readonly FoundAccount[]> {
  const refuse = (why: string, hint: string) =>
    new RotationError('PAM4020', `the accounts of ${resource.address} cannot be listed: ${why}`, { hint });
  const address = linkOf(resource, 'admin-of');
  const admin = address === undefined ? undefined : lookup(address);
  if (admin === undefined) throw refuse('it has no admin credential on record', 'set adminCredential in its manifest, and apply that');
  const target = targetOf(resource);
  const other = 'declare its accounts by hand';
  if (target === null || (await ctx.provider(target.type)) === null) throw refuse('this version has no provider for it', other);
  await using session = await logins.openActor({ ...describeSubject(admin, lookup), target, actor: { type: 'admin', record: admin } });
  if (!canDiscover(session)) throw refuse('its provider cannot list accounts', other);
  const found: FoundAccount[] = [];
  for await (const account of session.discover()) found.push(account);
  return found;
}
