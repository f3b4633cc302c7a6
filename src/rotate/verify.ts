import { isPamError } from '../errors/index.ts';
import { type RecordId, type SecretField, type VaultRecord, type VersionHeader, versionIn } from '../model/index.ts';
import type { Proof } from '../providers/provider.ts';
import type { Lease } from '../vault/vault.ts';
import { instant, type RotateContext, RotationError } from './context.ts';
import type { Logins } from './logins.ts';
import { describeSubject, type Lookup } from './subject.ts';
import { refOf, update } from './work.ts';

/** `moved`: the target refuses what the vault has. `unknown`: it could not be asked, or offers no proof. */
export type VerifyResult =
  | { readonly state: 'proved'; readonly method: string; readonly node: string; readonly restricted?: string }
  | { readonly state: 'moved'; readonly code: string; readonly detail: string }
  | { readonly state: 'unknown'; readonly code: string; readonly detail: string }
  | { readonly state: 'kept' };

/**
 * Proves the stored secret on the target and writes down what it found: the proof, or that the target moved away (a plan then
 * shows a `rotate` row for `drift`). `clear`: a person asked, so refusals and spent attempts of the account are forgotten first.
 */
export async function verifyAccount(
  ctx: RotateContext,
  logins: Logins,
  id: RecordId,
  lookup: Lookup,
  field: SecretField,
  options: { clear: boolean },
): Promise<VerifyResult> {
  const lease = await leaseAccount(ctx, id);
  try {
    if (options.clear) await ctx.vault.attempts.clear(id);
    const proved = await proveCurrent(ctx, logins, id, lookup, field);
    if (proved === 'kept') return { state: 'kept' };
    return await writeDown(ctx, lease, proved.record, proved.current.id, proved.proof);
  } catch (error) {
    if (!isPamError(error)) throw error;
    return { state: 'unknown', code: error.code, detail: error.message };
  } finally {
    await lease.release();
  }
}

/** A login with what is stored, inside the attempt budget. Writes nothing down: what comes of it is up to the caller, who has the lease. */
async function proveCurrent(ctx: RotateContext, logins: Logins, id: RecordId, lookup: Lookup, field: SecretField) {
  const record = await ctx.vault.readRecord(id);
  if (record === null) throw new RotationError('PAM4007', `record ${id} is gone`);
  const subject = describeSubject(record, lookup, field);
  if (subject.target === null) return 'kept';
  const current = versionIn(record, field, 'current');
  if (current === undefined) throw new RotationError('PAM4008', 'no secret is stored');
  const ref = refOf(subject, current.id);
  const kind = current.proof === undefined ? 'given' : 'expected';
  const proof = await logins.prove(subject.target, subject.account, ref, await ctx.vault.readSecret(ref), kind);
  return { record, current, proof };
}

/** As `verifyAccount`, but nothing of it is written down, spent attempts aside. Null for a kept credential. */
export async function proveOnly(
  ctx: RotateContext,
  logins: Logins,
  id: RecordId,
  lookup: Lookup,
  field: SecretField,
): Promise<{ readonly current: VersionHeader; readonly proof: Awaited<ReturnType<Logins['prove']>> } | null> {
  const lease = await leaseAccount(ctx, id);
  try {
    const proved = await proveCurrent(ctx, logins, id, lookup, field);
    return proved === 'kept' ? null : proved;
  } finally {
    await lease.release();
  }
}

function leaseAccount(ctx: RotateContext, id: RecordId): Promise<Lease> {
  return ctx.vault.lease({ type: 'account', record: id }, { waitMs: ctx.leaseWaitMs, holder: ctx.holder, signal: ctx.stop });
}

async function writeDown(
  ctx: RotateContext,
  lease: Lease,
  record: VaultRecord,
  version: string,
  proof: Proof | { readonly answer: 'no-budget'; readonly code: string },
): Promise<VerifyResult> {
  const at = instant(ctx.clock.now());
  switch (proof.answer) {
    case 'accepted': {
      const note = { at, method: proof.method, node: proof.node };
      await update(
        ctx,
        record.id,
        lease,
        (draft) => {
          const { drift: _, ...rotation } = draft.rotation;
          const versions = draft.versions.map((v) => {
            if (v.id !== version) return v;
            const { unproved: _u, refused: _r, ...rest } = v;
            return { ...rest, proof: note };
          });
          return { ...draft, rotation, versions };
        },
        { audit: { action: 'secret.verify', detail: { version, answer: 'accepted', how: proof.method } } },
      );
      return {
        state: 'proved',
        method: proof.method,
        node: proof.node,
        ...(proof.restricted === undefined ? {} : { restricted: proof.restricted }),
      };
    }
    case 'refused':
      await update(ctx, record.id, lease, (draft) => ({ ...draft, rotation: { ...draft.rotation, drift: { at, version } } }), {
        audit: { action: 'secret.verify', detail: { version, answer: 'refused' } },
      });
      return { state: 'moved', code: proof.code, detail: proof.reason };
    case 'no-budget':
      return { state: 'unknown', code: proof.code, detail: 'no login may be spent on the account now' };
    case 'cannot-tell':
      return { state: 'unknown', code: proof.code, detail: proof.reason };
    default:
      return proof satisfies never;
  }
}
