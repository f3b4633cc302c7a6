import { isPamError } from '../errors/index.ts';
import type { SeenState } from '../model/index.ts';
import { type AccountState, canListKeys, type ForeignKey, type Provider } from '../providers/provider.ts';
import { instant, type RotateContext } from './context.ts';
import type { Subject } from './subject.ts';

/**
 * What a rotation remembers of the account, so that `pam drift --live` can tell later what moved. It is seen before the change and
 * written by the commit: no request of its own is made for it, but for the list of keys.
 */
export async function rememberState(ctx: RotateContext, subject: Subject, session: Provider, state: AccountState): Promise<SeenState> {
  const { identity, locked, disabled } = state;
  const known = subject.record.rotation.seen?.foreignKeys;
  const keys = await foreignKeys(ctx, subject, session).catch((error: unknown) => {
    // Not to be able to list them is in the way of nothing.
    if (isPamError(error)) return null;
    throw error;
  });
  const found = keys?.map((key) => key.fingerprint);
  const remembered = found === undefined ? known : found.filter((print) => known?.includes(print) ?? true);
  return {
    at: instant(ctx.clock.now()),
    ...(identity === undefined ? {} : { identity }),
    ...(locked === undefined ? {} : { locked }),
    ...(disabled === undefined ? {} : { disabled }),
    ...(remembered === undefined ? {} : { foreignKeys: remembered }),
  };
}

/** The keys that open the account and are not ours; null where the target has no such list. */
export async function foreignKeys(
  ctx: RotateContext,
  { record, field, account }: Pick<Subject, 'record' | 'field' | 'account'>,
  session: Provider,
): Promise<readonly ForeignKey[] | null> {
  if (field !== 'privateKey' || !canListKeys(session)) return null;
  const retiring = new Set(record.rotation.retiring?.map((r) => r.version));
  // An earlier key of ours that was taken out, and is there again, is as foreign as any other.
  const own = record.versions.filter((v) => v.field === field && (v.state === 'current' || v.state === 'pending' || retiring.has(v.id)));
  const secrets = await Promise.all(own.map((v) => ctx.vault.readSecret({ record: record.id, field, version: v.id })));
  return session.listForeignKeys(account, secrets);
}
