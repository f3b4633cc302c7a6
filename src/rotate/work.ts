import type { Code } from '../errors/index.ts';
import { isPamError } from '../errors/index.ts';
import {
  type RotateReason,
  type Secret,
  type SeenState,
  type VaultRecord,
  type VersionHeader,
  type VersionId,
  versionIn,
} from '../model/index.ts';
import { nextTime, scheduleHash } from '../policy/index.ts';
import { overlaps } from '../providers/provider.ts';
import { draftOf, type Lease, type RecordDraft, type SecretRef } from '../vault/vault.ts';
import { instant, type RotateContext, RotationError } from './context.ts';
import { generateSecret } from './generate-secret.ts';
import type { OpenEntry } from './journal.ts';
import type { Subject } from './subject.ts';
import { demote, failed, promote, reusableCandidate, rotated, type Shown, stage, withRetiring } from './versions.ts';

/** One rotation in hand: what was decided when it began, and the two secrets that matter. */
export interface Work {
  readonly id: string;
  readonly reason: RotateReason;
  readonly pending: { readonly version: VersionId; readonly secret: Secret };
  readonly current: { readonly version: VersionId; readonly secret: Secret } | null;
  /** The old secret lives on beside the new one, until it is retired. */
  readonly overlaps: boolean;
  /** A login with the old secret says nothing about the new one. */
  readonly oldLingers: boolean;
  /** What preflight saw; a rotation that some run left has none, and the record keeps what it has. */
  readonly seen?: SeenState;
  entry: OpenEntry | null;
}

/** Chooses the pending secret: a fresh one by the policy, or the one that an earlier try never got to send. */
export async function beginWork(
  ctx: RotateContext,
  subject: Subject,
  reason: RotateReason,
): Promise<Work & { readonly header: VersionHeader }> {
  const { record, field } = subject;
  const reuse = reusableCandidate(record, field);
  const current = versionIn(record, field, 'current');
  const read = (version: VersionId) => ctx.vault.readSecret({ record: record.id, field, version });
  const id = ctx.random.uuid();
  const fresh = reuse === undefined ? await generateSecret(subject, id, ctx.random.int) : null;
  const secret = fresh?.secret ?? (await read(reuse?.id ?? ''));
  const header: VersionHeader = reuse ?? {
    id: ctx.random.uuid(),
    field,
    state: 'pending',
    origin: 'generated',
    createdAt: instant(ctx.clock.now()),
    ...(fresh?.bits === undefined ? {} : { bits: fresh.bits }),
  };
  await ctx.failpoint('rotate.generated');
  return {
    id,
    reason,
    header,
    pending: { version: header.id, secret },
    current: current === undefined ? null : { version: current.id, secret: await read(current.id) },
    ...(await describeOld(ctx, subject)),
    entry: null,
  };
}

/** Does the old secret live on beside the new one, by what the provider says of its target? */
export async function describeOld(ctx: RotateContext, subject: Subject): Promise<Pick<Work, 'overlaps' | 'oldLingers'>> {
  const module = subject.target === null ? null : await ctx.provider(subject.target.type);
  const isOverlap = module !== null && overlaps(module.rollback, subject.field);
  return { overlaps: isOverlap, oldLingers: isOverlap || module?.oldLingers === true };
}

/** Writes ahead, first half: the pending secret into the vault. Both halves are read back before any target is touched (I1). */
export async function stageWork(ctx: RotateContext, subject: Subject, lease: Lease, work: Work, header: VersionHeader): Promise<void> {
  const active = { id: work.id, field: subject.field, reason: work.reason, startedAt: instant(ctx.clock.now()) };
  // A secret is written once: that of an earlier try, which is sent again, is in the vault.
  const isStored = subject.record.versions.some((v) => v.id === header.id && v.field === subject.field);
  await update(ctx, subject.record.id, lease, (record) => stage(record, header, active), {
    ...(isStored ? {} : { secret: { field: subject.field, version: header.id, secret: work.pending.secret } }),
    audit: { action: 'rotation.stage', detail: { rotation: work.id, version: header.id, reason: work.reason.type } },
  });
  await ctx.failpoint('rotate.staged');
  const back = await ctx.vault.readSecret(refOf(subject, work.pending.version));
  if (!back.equals(work.pending.secret))
    throw new RotationError('PAM4011', `the vault gave back another secret for ${subject.record.address}`, { phase: 'staged' });
}

/** Writes ahead, second half: vault and journal each hold the pending secret from here on. */
export async function journalWork(ctx: RotateContext, subject: Subject, work: Work): Promise<OpenEntry> {
  const candidates = [
    { role: 'pending' as const, ...work.pending },
    ...(work.current === null ? [] : [{ role: 'current' as const, ...work.current }]),
  ];
  const entry = await ctx.journal.open({
    rotationId: work.id,
    lineage: ctx.vault.lineage,
    record: subject.record.id,
    address: subject.record.address,
    field: subject.field,
    reason: work.reason,
    startedAt: instant(ctx.clock.now()),
    login: subject.account.login,
    target: subject.target === null ? null : { address: subject.target.address, ...subject.target.fields },
    candidates,
  });
  await ctx.failpoint('rotate.journaled');
  const back = await ctx.journal.read(work.id);
  const pending = back.state === 'entry' ? back.entry.head.candidates.find((c) => c.version === work.pending.version) : undefined;
  if (pending === undefined || !pending.secret.equals(work.pending.secret)) {
    throw new RotationError('PAM4011', `the journal gave back another secret for ${subject.record.address}`, { phase: 'staged' });
  }
  await ctx.failpoint('rotate.read-back');
  return entry;
}

/** The point of no return: readers get the new secret from here on. */
export async function commitWork(ctx: RotateContext, subject: Subject, lease: Lease, work: Work, shown: Shown): Promise<VaultRecord> {
  const at = instant(ctx.clock.now());
  const { schedule } = subject;
  const nextAt = schedule === undefined ? null : nextTime(schedule, at, { anchor: at, key: subject.record.id });
  const hash = schedule === undefined ? null : scheduleHash(schedule);
  return update(
    ctx,
    subject.record.id,
    lease,
    (record) => {
      const next = promote(record, work.pending.version, shown, subject.retention);
      const seen = work.seen === undefined ? {} : { seen: work.seen };
      const rotation = { ...rotated(next.rotation, { reason: work.reason, at, nextAt, scheduleHash: hash }), ...seen };
      const old = work.overlaps ? work.current : null;
      return { ...next, rotation: old === null ? rotation : withRetiring(rotation, subject.field, old.version) };
    },
    {
      audit: {
        action: 'rotation.commit',
        detail: { rotation: work.id, version: work.pending.version, how: 'proof' in shown ? shown.proof.method : 'unproved' },
      },
    },
  );
}

/**
 * The old secret is live for certain: the pending one stays as a candidate, and the try is on record. `besides`: where secrets overlap,
 * the pending one may have come to stand beside the old one, and has to go again.
 */
export async function abandonWork(
  ctx: RotateContext,
  subject: Subject,
  lease: Lease,
  work: Work,
  code: Code,
  besides: boolean,
): Promise<void> {
  const at = instant(ctx.clock.now());
  await update(
    ctx,
    subject.record.id,
    lease,
    (record) => {
      const next = demote(record, work.pending.version, { at, code });
      const { active: _, ...rest } = next.rotation;
      const rotation = besides ? withRetiring(rest, subject.field, work.pending.version) : rest;
      return { ...next, rotation: failed(rotation, at, code) };
    },
    { audit: { action: 'rotation.abandon', detail: { rotation: work.id, version: work.pending.version, code } } },
  );
}

export async function quarantine(
  ctx: RotateContext,
  subject: Subject,
  lease: Lease,
  work: Work,
  code: Code,
  reason: string,
): Promise<void> {
  const at = instant(ctx.clock.now());
  await update(
    ctx,
    subject.record.id,
    lease,
    (record) => ({ ...record, rotation: { ...record.rotation, quarantined: { at, code, reason } } }),
    { audit: { action: 'rotation.quarantine', detail: { rotation: work.id, code } } },
  );
}

/** Best effort: the journal and the pending version are what the next run goes by. */
export async function noteFailure(ctx: RotateContext, recordId: string, lease: Lease, code: Code): Promise<void> {
  const at = instant(ctx.clock.now());
  try {
    await update(ctx, recordId, lease, (record) => ({ ...record, rotation: failed(record.rotation, at, code) }), {});
  } catch (error) {
    if (!isPamError(error)) throw error;
  }
}

interface UpdateOptions {
  readonly secret?: { readonly field: SecretRef['field']; readonly version: VersionId; readonly secret: Secret };
  readonly audit?: { readonly action: string; readonly detail?: Readonly<Record<string, string | number | boolean | null>> };
}

/**
 * Read, change, compare-and-set; again when an apply wrote the record's owned fields in between. The account's lease
 * keeps every other rotation out, so that only those fields can have moved.
 */
export async function update(
  ctx: RotateContext,
  id: string,
  lease: Lease,
  change: (record: RecordDraft) => RecordDraft,
  options: UpdateOptions,
): Promise<VaultRecord> {
  for (let tries = 1; ; tries++) {
    const record = await ctx.vault.readRecord(id);
    if (record === null) throw new RotationError('PAM4007', `record ${id} is gone`);
    try {
      const [written] = await ctx.vault.write(
        {
          puts: [
            {
              record: change(draftOf(record)),
              expected: record.revision,
              ...(options.secret === undefined ? {} : { secrets: [options.secret] }),
            },
          ],
          ...(options.audit === undefined ? {} : { audit: [{ ...options.audit, address: record.address, record: id }] }),
        },
        [lease],
      );
      if (written === undefined) throw new Error('the vault wrote nothing');
      return written;
    } catch (error) {
      if (tries >= 5 || !isPamError(error) || error.code !== 'PAM5009') throw error;
    }
  }
}

export function refOf(subject: Subject, version: VersionId): SecretRef {
  return { record: subject.record.id, field: subject.field, version };
}
