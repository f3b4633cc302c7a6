import { type RecordId, type SecretField, type VersionHeader, versionIn } from '../model/index.ts';
import { type RotateContext, RotationError } from './context.ts';
import type { Logins } from './logins.ts';
import { describeSubject, type Lookup } from './subject.ts';
import { refOf } from './work.ts';

/**
 * A login with what is stored, inside the attempt budget, of which nothing is written down but the attempt. It takes the lease of the
 * account: a secret that is being rotated is not tried. Null where there is nothing to prove.
 */
export async function proveOnly(
  ctx: RotateContext,
  logins: Logins,
  id: RecordId,
  lookup: Lookup,
  field: SecretField,
): Promise<{ readonly current: VersionHeader; readonly proof: Awaited<ReturnType<Logins['prove']>> } | null> {
  const lease = await ctx.vault.lease({ type: 'account', record: id }, { waitMs: ctx.leaseWaitMs, holder: ctx.holder, signal: ctx.stop });
  try {
    const record = await ctx.vault.readRecord(id);
    if (record === null) throw new RotationError('PAM4007', `record ${id} is gone`);
    const subject = describeSubject(record, lookup, field);
    const current = versionIn(record, field, 'current');
    if (subject.target === null || current === undefined) return null;
    const kind = current.proof === undefined ? 'given' : 'expected';
    return { current, proof: await logins.prove(subject, current.id, await ctx.vault.readSecret(refOf(subject, current.id)), kind) };
  } finally {
    await lease.release();
  }
}
