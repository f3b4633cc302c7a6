import { isPamError } from '../errors/index.ts';
import { type RecordId, type Secret, type SecretField, type VaultRecord, type VersionId, versionIn } from '../model/index.ts';
import { hasOracle, type Proof } from '../providers/provider.ts';
import type { Lease } from '../vault/vault.ts';
import { instant, type RotateContext, RotationError } from './context.ts';
import { learnLockout } from './lockout.ts';
import type { Logins, NoBudget } from './logins.ts';
import { describeSubject, type Lookup, type Subject } from './subject.ts';
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
  const lease = await ctx.vault.lease({ type: 'account', record: id }, { waitMs: ctx.leaseWaitMs, holder: ctx.holder, signal: ctx.stop });
  try {
    if (options.clear) await ctx.vault.attempts.clear(id);
    const record = await ctx.vault.readRecord(id);
    if (record === null) throw new RotationError('PAM4007', `record ${id} is gone`);
    const subject = describeSubject(record, lookup, field);
    if (subject.target === null) return { state: 'kept' };
    const current = versionIn(record, field, 'current');
    if (current === undefined) return { state: 'unknown', code: 'PAM4008', detail: 'no secret is stored' };
    const secret = await ctx.vault.readSecret(refOf(subject, current.id));
    const proof =
      (await lookFirst(ctx, logins, subject, lease, current.id, secret)) ??
      (await logins.prove(subject, current.id, secret, current.proof === undefined ? 'given' : 'expected'));
    return await writeDown(ctx, lease, record, current.id, proof);
  } catch (error) {
    if (!isPamError(error)) throw error;
    return { state: 'unknown', code: error.code, detail: error.message };
  } finally {
    await lease.release();
  }
}

/**
 * Where failed logins lock an account and an administrator can look at it, he looks first: a secret that cannot be right spends no login,
 * a locked account none either, and what others have failed counts. Null: only a login can tell.
 */
async function lookFirst(
  ctx: RotateContext,
  logins: Logins,
  subject: Subject,
  lease: Lease,
  version: VersionId,
  secret: Secret,
): Promise<Proof | null> {
  const module = subject.target === null ? null : await ctx.provider(subject.target.type);
  if (module?.locksOut?.includes(subject.field) !== true || subject.actor.type !== 'admin') return null;
  try {
    await using session = await logins.openActor(subject);
    const state = await session.inspect(subject.account);
    await learnLockout(ctx, logins, subject.record, lease, state);
    if (state.locked === true || !state.exists) {
      const reason = state.exists ? state.obstacles.join('; ') || 'the account is locked' : 'the account does not exist';
      return { answer: 'cannot-tell', code: state.exists ? 'PAM6006' : 'PAM6005', reason, spent: false };
    }
    if (!hasOracle(session)) return null;
    const answer = await session.identify(subject.account, [{ id: version, secret }]);
    return answer.live === 'none'
      ? { answer: 'refused', code: 'PAM6003', reason: `the target has another secret (${answer.method})` }
      : null;
  } catch (error) {
    if (!isPamError(error)) throw error;
    // Without an administrator it is the account's own login that tells, inside the budget that is on record.
    return null;
  }
}

async function writeDown(
  ctx: RotateContext,
  lease: Parameters<typeof update>[2],
  record: VaultRecord,
  version: string,
  proof: Proof | NoBudget,
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
      return { state: 'unknown', code: proof.code, detail: proof.reason };
    case 'cannot-tell':
      return { state: 'unknown', code: proof.code, detail: proof.reason };
    default:
      return proof satisfies never;
  }
}
