import { isPamError } from '../errors/index.ts';
import { type Address, type RecordId, versionIn } from '../model/index.ts';
import { canRetire, type Provider } from '../providers/provider.ts';
import type { Lease } from '../vault/vault.ts';
import type { RotateContext } from './context.ts';
import type { Logins } from './logins.ts';
import { describeSubject, type Lookup, type Subject } from './subject.ts';
import { withoutRetiring } from './versions.ts';
import { update } from './work.ts';

/**
 * The end of an overlap: takes what the record calls `retiring` out of the target, and then off the record. Nothing depends on it, so a
 * failure is told as a warning and tried again by the next run. `session` is that of the actor, where one is open.
 */
export async function retireOld(
  ctx: RotateContext,
  logins: Logins,
  subject: Subject,
  lease: Lease,
  session: Provider | null,
): Promise<void> {
  await ctx.failpoint('retire.begun');
  await orWarn(ctx, subject.record.address, async () => {
    if (session !== null) return takeOut(ctx, subject, lease, session);
    await using opened = await logins.openActor(subject);
    return await takeOut(ctx, subject, lease, opened);
  });
}

/** What earlier runs could not take out, where nothing else is in flight for the account. */
export async function retireLeftovers(ctx: RotateContext, logins: Logins, id: RecordId, lookup: Lookup, lease: Lease): Promise<void> {
  const record = await ctx.vault.readRecord(id);
  const { active, quarantined, retiring = [] } = record?.rotation ?? {};
  if (record === null || active !== undefined || quarantined !== undefined) return;
  for (const field of new Set(retiring.map((r) => r.field))) {
    await orWarn(ctx, record.address, () => retireOld(ctx, logins, describeSubject(record, lookup, field), lease, null));
  }
}

async function takeOut(ctx: RotateContext, { record: { id }, account, field }: Subject, lease: Lease, provider: Provider): Promise<void> {
  const record = await ctx.vault.readRecord(id);
  const current = record === null ? undefined : versionIn(record, field, 'current');
  const versions = (record?.rotation.retiring ?? []).filter((r) => r.field === field).map((r) => r.version);
  if (current === undefined || versions.length === 0 || !canRetire(provider)) return;
  const read = (version: string) => ctx.vault.readSecret({ record: id, field, version });
  const attempt = { rotationId: ctx.random.uuid(), timeoutMs: ctx.settings.changeTimeoutMs };
  const outcome = await provider.retire(account, await read(current.id), await Promise.all(versions.map(read)), attempt);
  if (outcome.outcome !== 'done') return warn(ctx, account.address, outcome.reason);
  await ctx.failpoint('retire.taken-out');
  await update(ctx, id, lease, (draft) => ({ ...draft, rotation: withoutRetiring(draft.rotation, versions) }), {
    audit: { action: 'secret.retire', detail: { field, versions: versions.join(',') } },
  });
  await ctx.failpoint('retire.noted');
}

async function orWarn(ctx: RotateContext, address: Address, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!isPamError(error)) throw error;
    warn(ctx, address, error.message);
  }
}

function warn(ctx: RotateContext, address: Address, reason: string): void {
  ctx.emit({
    type: 'warning',
    address,
    message: `an old secret of ${address} is still accepted by the target, and the next apply tries again to take it out: ${reason}`,
  });
}
