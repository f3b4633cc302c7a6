import { isPamError } from '../errors/index.ts';
import {
  type InputSource,
  type RecordId,
  type Secret,
  type SecretField,
  type VaultRecord,
  type VersionHeader,
  versionIn,
} from '../model/index.ts';
import type { Lease } from '../vault/vault.ts';
import { instant, type RotateContext, RotationError } from './context.ts';
import type { RotationResult } from './drive.ts';
import type { Logins } from './logins.ts';
import { describeSubject, type Lookup, type Subject } from './subject.ts';
import { demote, promote, type Shown } from './versions.ts';
import { refOf, update } from './work.ts';

/**
 * Takes a write-only input in: reads its source, keeps the value as a candidate, proves it, makes it current. A kept credential
 * (`prove` false) becomes current at once. The same value that the target refused before is never sent again.
 */
export async function ingestInput(
  ctx: RotateContext,
  logins: Logins,
  id: RecordId,
  lookup: Lookup,
  field: SecretField,
  input: InputSource,
  prove: boolean,
): Promise<RotationResult> {
  const lease = await ctx.vault.lease({ type: 'account', record: id }, { waitMs: ctx.leaseWaitMs, holder: ctx.holder, signal: ctx.stop });
  try {
    const record = await ctx.vault.readRecord(id);
    if (record === null) throw new RotationError('PAM4007', `record ${id} is gone`);
    if ((record.inputs[field] ?? 0) >= input.version) return { outcome: 'rotated', detail: 'already taken in' };
    const { active, quarantined } = record.rotation;
    if (active !== undefined && quarantined === undefined) {
      return {
        outcome: 'unchanged',
        code: 'PAM4002',
        detail: `a rotation of ${record.address} is unfinished: the input waits until it is done`,
      };
    }
    const secret = await ctx.readInput(input);
    await ctx.failpoint('ingest.read');
    const subject = describeSubject(record, lookup, field);
    const candidate = await storeCandidate(ctx, subject, lease, input, secret);
    if (candidate === 'refused before') {
      return {
        outcome: 'unchanged',
        code: 'PAM4006',
        detail: `the source of ${record.address} ${field} still gives the value that was refused`,
      };
    }
    await ctx.failpoint('ingest.stored');
    const shown = prove ? await show(ctx, logins, subject, candidate, secret) : { unproved: 'kept: nothing to prove it against' };
    if ('outcome' in shown) {
      if (shown.outcome === 'unchanged' && shown.code === 'PAM6003') await markRefused(ctx, record, lease, candidate);
      return shown;
    }
    await ctx.failpoint('ingest.proved');
    await update(
      ctx,
      id,
      lease,
      (draft) => {
        // A quarantined rotation ends here: its pending secret is kept as a candidate.
        const pending = draft.versions.find((v) => v.field === active?.field && v.state === 'pending');
        const next = promote(pending === undefined ? draft : demote(draft, pending.id, undefined), candidate.id, shown, subject.retention);
        const { active: _a, quarantined: _q, drift: _d, failures: _f, ...rotation } = next.rotation;
        return { ...next, rotation, inputs: { ...next.inputs, [field]: input.version } };
      },
      { audit: { action: 'secret.ingest', detail: { field, version: candidate.id, input: input.version } } },
    );
    await ctx.failpoint('ingest.committed');
    if (active !== undefined) await ctx.journal.close(active.id);
    return {
      outcome: 'rotated',
      detail: 'proof' in shown ? `proved by ${shown.proof.method} on ${shown.proof.node}` : `stored (${shown.unproved})`,
    };
  } catch (error) {
    if (!isPamError(error)) throw error;
    return { outcome: 'unchanged', code: error.code, detail: error.message };
  } finally {
    await lease.release();
  }
}

/** The same value is kept once, however often an apply that could not ask comes by. */
async function storeCandidate(
  ctx: RotateContext,
  subject: Subject,
  lease: Lease,
  input: InputSource,
  secret: Secret,
): Promise<VersionHeader | 'refused before'> {
  const { record, field } = subject;
  const inputs = record.versions.filter((v) => v.field === field && v.origin === 'input');
  const isRaised = inputs.every((v) => (v.inputVersion ?? 0) < input.version);
  // A person gave a new version: what was refused or spent before counts no more, and even the same value may be tried again.
  if (isRaised) await ctx.vault.attempts.clear(record.id);
  const { refusedVersions } = await ctx.vault.snapshot();
  for (const known of inputs) {
    if (known.state === 'previous') continue;
    if (!(await ctx.vault.readSecret(refOf(subject, known.id))).equals(secret)) continue;
    if (!isRaised) return known.refused !== undefined && refusedVersions.includes(known.id) ? 'refused before' : known;
    const { refused: _, ...header } = { ...known, inputVersion: input.version };
    await update(
      ctx,
      record.id,
      lease,
      (draft) => ({ ...draft, versions: draft.versions.map((v) => (v.id === known.id ? header : v)) }),
      {},
    );
    return header;
  }
  const header: VersionHeader = {
    id: ctx.random.uuid(),
    field,
    state: 'candidate',
    origin: 'input',
    createdAt: instant(ctx.clock.now()),
    inputVersion: input.version,
  };
  await update(ctx, record.id, lease, (draft) => ({ ...draft, versions: [...draft.versions, header] }), {
    secret: { field, version: header.id, secret },
    audit: { action: 'secret.candidate', detail: { field, version: header.id, input: input.version } },
  });
  return header;
}

async function show(
  ctx: RotateContext,
  logins: Logins,
  subject: Subject,
  candidate: VersionHeader,
  secret: Secret,
): Promise<Shown | RotationResult> {
  if (subject.target === null) return { unproved: 'kept: nothing to prove it against' };
  const isCurrent = versionIn(subject.record, candidate.field, 'current')?.id === candidate.id;
  const proof = await logins.prove(subject, candidate.id, secret, isCurrent ? 'expected' : 'given');
  switch (proof.answer) {
    case 'accepted':
      return { proof: { at: instant(ctx.clock.now()), method: proof.method, node: proof.node } };
    case 'no-budget':
      return { outcome: 'unchanged', code: proof.code, detail: proof.reason };
    case 'refused':
      return { outcome: 'unchanged', code: proof.code, detail: proof.reason };
    case 'cannot-tell':
      return proof.never === true ? { unproved: proof.reason } : { outcome: 'unchanged', code: proof.code, detail: proof.reason };
    default:
      return proof satisfies never;
  }
}

async function markRefused(ctx: RotateContext, record: VaultRecord, lease: Lease, candidate: VersionHeader): Promise<void> {
  const refused = { at: instant(ctx.clock.now()), code: 'PAM6003' };
  await update(
    ctx,
    record.id,
    lease,
    (draft) => ({ ...draft, versions: draft.versions.map((v) => (v.id === candidate.id ? { ...v, refused } : v)) }),
    {
      audit: { action: 'secret.refused', detail: { field: candidate.field, version: candidate.id } },
    },
  );
}
