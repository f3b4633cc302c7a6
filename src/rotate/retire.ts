import { isPamError } from '../errors/index.ts';
import { versionIn } from '../model/index.ts';
import { canRetire, type Provider } from '../providers/provider.ts';
import type { Lease } from '../vault/vault.ts';
import type { RotateContext } from './context.ts';
import type { Logins } from './logins.ts';
import type { Subject } from './subject.ts';
import { withoutRetiring } from './versions.ts';
import { refOf, update } from './work.ts';

async function disposeQuietly(provider: Provider): Promise<void> {
  try {
    await provider[Symbol.asyncDispose]();
  } catch {
    // A session that cannot be closed any more is closed.
  }
}

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
  const { record: known, account, field } = subject;
  await ctx.failpoint('retire.begun');
  let opened: Provider | null = null;
  try {
    const record = await ctx.vault.readRecord(known.id);
    const versions = (record?.rotation.retiring ?? []).filter((r) => r.field === field).map((r) => r.version);
    const current = record === null ? undefined : versionIn(record, field, 'current');
    if (current === undefined || versions.length === 0) return;
    opened = session === null ? await logins.openActor(subject) : null;
    const provider = session ?? opened;
    if (provider === null || !canRetire(provider)) return;
    const read = (version: string) => ctx.vault.readSecret(refOf(subject, version));
    const attempt = { rotationId: ctx.random.uuid(), timeoutMs: ctx.settings.changeTimeoutMs };
    const outcome = await provider.retire(account, await read(current.id), await Promise.all(versions.map(read)), attempt);
    if (outcome.outcome !== 'done') return warn(outcome.reason);
    await ctx.failpoint('retire.taken-out');
    await update(ctx, known.id, lease, (draft) => ({ ...draft, rotation: withoutRetiring(draft.rotation, versions) }), {
      audit: { action: 'secret.retire', detail: { field, versions: versions.join(',') } },
    });
    await ctx.failpoint('retire.noted');
  } catch (error) {
    if (!isPamError(error)) throw error;
    warn(error.message);
  } finally {
    if (opened !== null) await disposeQuietly(opened);
  }

  function warn(reason: string): void {
    ctx.emit({
      type: 'warning',
      address: known.address,
      message: `an old ${field} of ${known.address} is still accepted by the target, and the next apply tries again to take it out: ${reason}`,
    });
  }
}
