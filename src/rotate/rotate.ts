import { type Code, isPamError } from '../errors/index.ts';
import type { RecordId, RotateReason, SeenState, VaultRecord } from '../model/index.ts';
import { versionIn } from '../model/index.ts';
import { hasOracle, type Provider } from '../providers/provider.ts';
import type { Lease } from '../vault/vault.ts';
import { type RotateContext, RotationError } from './context.ts';
import { drive, type RotationResult } from './drive.ts';
import { learnLockout } from './lockout.ts';
import type { Logins } from './logins.ts';
import { finishActive } from './recover.ts';
import { rememberState } from './seen.ts';
import { describeSubject, type Lookup, rotationFields, type Subject } from './subject.ts';
import { beginWork, refOf } from './work.ts';

/** Has what the reason asks for already happened? Asked before a rotation, under its lease, so that no reason rotates twice. */
export function isReasonDone(record: VaultRecord, reason: RotateReason, currentVersion: string | null): boolean {
  const { rotation } = record;
  switch (reason.type) {
    case 'initial':
      return rotation.lastRotatedAt !== undefined;
    case 'trigger':
      return rotation.triggersSeen?.includes(reason.value) ?? false;
    case 'due':
      return rotation.nextAt !== undefined && rotation.nextAt > reason.dueAt;
    case 'drift':
      return rotation.drift === undefined;
    case 'request':
      return currentVersion !== null && !record.versions.some((v) => v.id === currentVersion && v.state === 'current');
    default:
      return reason satisfies never;
  }
}

/**
 * Rotates one account: takes its lease, finishes what an earlier run left, looks at the account with the actor's own session,
 * then write ahead, change, prove, commit. `currentVersion` is the version that was current when the plan was made.
 */
export async function rotateAccount(
  ctx: RotateContext,
  logins: Logins,
  id: RecordId,
  lookup: Lookup,
  reason: RotateReason,
  currentVersion: string | null,
): Promise<RotationResult> {
  const rotate = () => rotateLeased(ctx, logins, id, lookup, reason, currentVersion);
  const result = await rotate();
  // Fenced: this process was paused and another one went on. It takes the lease anew and looks what is left to do.
  return result.outcome === 'unfinished' && result.code === 'PAM5008' ? rotate() : result;
}

async function rotateLeased(
  ctx: RotateContext,
  logins: Logins,
  id: RecordId,
  lookup: Lookup,
  reason: RotateReason,
  currentVersion: string | null,
): Promise<RotationResult> {
  const lease = await ctx.vault.lease({ type: 'account', record: id }, { waitMs: ctx.leaseWaitMs, holder: ctx.holder, signal: ctx.stop });
  try {
    await ctx.failpoint('rotate.leased');
    // Nothing of itself writes to a quarantined account, or tries its secrets again: a plan may be older than the quarantine.
    const { quarantined } = (await readRecord(ctx, id)).rotation;
    if (quarantined !== undefined) return { outcome: 'quarantined', code: 'PAM4001', detail: quarantined.reason };
    const recovered = await finishActive(ctx, logins, id, lookup, lease);
    if (recovered !== null && recovered.outcome !== 'rotated' && recovered.outcome !== 'unchanged') return recovered;
    for (let draw = 0; ; draw++) {
      const record = await readRecord(ctx, id);
      if (isReasonDone(record, reason, currentVersion)) return recovered ?? { outcome: 'rotated', detail: 'already rotated' };
      const subject = describeSubject(record, lookup);
      const result = await rotateOnce(ctx, logins, subject, lease, reason);
      const redraw = result.outcome === 'unchanged' && result.code === 'PAM6007' && draw < ctx.settings.maxRedraws;
      if (!redraw) return result;
    }
  } finally {
    await lease.release();
  }
}

async function rotateOnce(
  ctx: RotateContext,
  logins: Logins,
  subject: Subject,
  lease: Lease,
  reason: RotateReason,
): Promise<RotationResult> {
  if (ctx.stop.aborted) return { outcome: 'unchanged', code: 'PAM4012', detail: 'interrupted before it began' };
  let session: Provider;
  let seen: SeenState;
  try {
    ({ session, seen } = await preflight(ctx, logins, subject, lease));
  } catch (error) {
    if (!isPamError(error)) throw error;
    return { outcome: 'unchanged', code: error.code, detail: error.message, ...blameActor(subject, error.code) };
  }
  const { header, ...work } = await begin(ctx, subject, reason).catch(async (error: unknown) => {
    await session[Symbol.asyncDispose]();
    throw error;
  });
  const start = { staged: false, journaled: false, committed: false, abandoned: false, requests: 'clear' as const, lastSend: null, header };
  return drive(ctx, logins, subject, lease, { ...work, seen }, start, session);
}

async function begin(ctx: RotateContext, subject: Subject, reason: RotateReason): ReturnType<typeof beginWork> {
  await ctx.failpoint('rotate.preflighted');
  return beginWork(ctx, subject, reason);
}

/**
 * Everything that can be known to go wrong is found here, before a secret is made (I7): the actor can log in, the account is
 * there and usable, and a proof of the new secret will be possible. Returns the session for the change, and what it saw.
 */
async function preflight(
  ctx: RotateContext,
  logins: Logins,
  subject: Subject,
  lease: Lease,
): Promise<{ readonly session: Provider; readonly seen: SeenState }> {
  const { record, account, target } = subject;
  if (rotationFields(record.fields)?.type === undefined || target === null) {
    throw new RotationError('PAM4007', `${record.address} declares no rotation on a resource`);
  }
  const session = await logins.openActor(subject);
  try {
    const state = await session.inspect(account);
    if (!state.exists) {
      throw new RotationError('PAM6005', `${account.login} does not exist on ${target.address}`, {
        hint: 'create the account on the target, or correct login',
      });
    }
    if (state.obstacles.length > 0)
      throw new RotationError('PAM6006', `${account.login} on ${target.address}: ${state.obstacles.join('; ')}`);
    await learnLockout(ctx, logins, record, lease, state);
    await compareCurrent(ctx, logins, subject, session);
    return { session, seen: await rememberState(ctx, subject, session, state) };
  } catch (error) {
    await session[Symbol.asyncDispose]();
    throw error;
  }
}

/**
 * Is the stored secret what the target has? A difference is told, not refused: the rotation was asked for and repairs it.
 * Where only a login can tell, this also finds out in time that the target would let anybody in (`trust`).
 */
async function compareCurrent(ctx: RotateContext, logins: Logins, subject: Subject, session: Provider): Promise<void> {
  const current = versionIn(subject.record, subject.field, 'current');
  if (current === undefined || subject.target === null) return;
  const ref = refOf(subject, current.id);
  const secret = await ctx.vault.readSecret(ref);
  const moved = () =>
    ctx.emit({
      type: 'warning',
      address: subject.record.address,
      message: `the target has another secret than the vault for ${subject.record.address}; this rotation resets it`,
    });
  if (hasOracle(session)) {
    const answer = await session.identify(subject.account, [{ id: current.id, secret }]);
    if (answer.live === 'none') moved();
    // What is on file may still not open the account.
    if (answer.live !== 'unknown' && !('onFile' in answer)) return;
  }
  if (subject.allowUnproved) return;
  const proof = await logins.prove(subject, current.id, secret, current.proof === undefined ? 'given' : 'expected');
  if (proof.answer === 'refused') moved();
  if (proof.answer === 'cannot-tell') throw new RotationError(proof.code, `${subject.record.address}: ${proof.reason}`);
}

/** A refused admin credential is the reason why every account that it serves is skipped: the ledger names it. */
function blameActor(subject: Subject, code: Code): { because?: string } {
  const blamed = subject.actor.type === 'admin' && (code === 'PAM6003' || code === 'PAM4003' || code === 'PAM4004' || code === 'PAM4008');
  return blamed ? { because: subject.actor.record.address } : {};
}

async function readRecord(ctx: RotateContext, id: RecordId): Promise<VaultRecord> {
  const record = await ctx.vault.readRecord(id);
  if (record === null) throw new RotationError('PAM4007', `record ${id} is gone`);
  return record;
}
