import { type Code, isPamError } from '../errors/index.ts';
import type { Instant, Secret, VersionHeader, VersionId } from '../model/index.ts';
import { canQuiesce, hasOracle, type Provider } from '../providers/provider.ts';
import type { Lease } from '../vault/vault.ts';
import { LEAVE_REASONS, oracleAnswer, proofAnswer, QUARANTINE_REASONS } from './answers.ts';
import { instant, type RotateContext, RotationError } from './context.ts';
import { nextStep, type Situation, type Step, stepName } from './decide.ts';
import type { Logins } from './logins.ts';
import { retireOld } from './retire.ts';
import type { Subject } from './subject.ts';
import type { Shown } from './versions.ts';
import { abandonWork, commitWork, journalWork, noteFailure, quarantine, refOf, stageWork, type Work } from './work.ts';

/** After the server-side bound of a request, this long passes before nothing can land any more. */
const QUIET_MARGIN_MS = 2_000;

export type RotationResult =
  | { readonly outcome: 'rotated'; readonly detail: string }
  /** The target has the old secret for certain. */
  | { readonly outcome: 'unchanged'; readonly code: Code; readonly detail: string; readonly because?: string }
  /** The next run goes on from here. `untouched`: nothing was sent to the target so far. */
  | { readonly outcome: 'unfinished'; readonly code: Code; readonly detail: string; readonly untouched?: true }
  | { readonly outcome: 'quarantined'; readonly code: Code; readonly detail: string };

/** What the situation starts from: nothing for a new rotation, what vault and journal say for an interrupted one. */
export interface Start {
  readonly staged: boolean;
  readonly journaled: boolean;
  readonly committed: boolean;
  readonly abandoned: boolean;
  readonly requests: Situation['requests'];
  /** The last request: when it was sent, and when it is over on the server side. Null: none was sent, or it is not known when. */
  readonly lastSend: { readonly at: Instant; readonly deadline: Instant } | null;
  readonly header: VersionHeader;
  readonly reset?: boolean;
}

/**
 * Takes steps until the rotation is done or nothing more can be done now. `nextStep` decides, this carries out and notes what it
 * learns. An error on the way (vault, journal, target) never undoes anything: the rotation stays where it is.
 */
export async function drive(
  ctx: RotateContext,
  logins: Logins,
  subject: Subject,
  lease: Lease,
  work: Work,
  start: Start,
  opened: Provider | null,
): Promise<RotationResult> {
  const replaces = work.current === null ? {} : { replaces: work.current.secret };
  const attempt = { rotationId: work.id, timeoutMs: ctx.settings.changeTimeoutMs, ...replaces };
  let session: Provider | null = opened;
  let sends = 0;
  let { lastSend } = start;
  let code: Code = 'PAM4002';
  let detail = '';
  let shown: Shown | null = null;
  let facts: Omit<Situation, 'sends' | 'stopping'> = {
    ...start,
    refused: false,
    quiet: false,
    oracle: 'unasked',
    proof: {},
    hasCurrent: work.current !== null,
    oldLingers: work.oldLingers,
    overlaps: work.overlaps,
    resettable: subject.actor.type === 'admin',
    allowUnproved: subject.allowUnproved,
  };
  const learn = (more: Partial<typeof facts>) => {
    facts = { ...facts, ...more };
  };

  /** The session of the actor; null when the account would have to log in itself and nobody knows with which secret. */
  async function actorSession(): Promise<Provider | null> {
    if (session !== null) return session;
    if (subject.actor.type === 'self' && facts.requests !== 'clear' && facts.proof.current !== 'accepted') return null;
    session = await logins.openActor(subject);
    return session;
  }

  async function dropSession(): Promise<void> {
    const old = session;
    session = null;
    try {
      await old?.[Symbol.asyncDispose]();
    } catch {
      // A session that cannot be closed any more is closed.
    }
  }

  async function send(): Promise<void> {
    const provider = await actorSession();
    if (provider === null || work.entry === null)
      throw new RotationError('PAM4002', `no session to change ${subject.record.address} with`, { phase: 'armed' });
    // An account that changes itself could only wait so far. Now that it is logged in it ends what is still on its way: held back
    // in the network for long enough, the same request would undo a later rotation.
    if (facts.requests === 'unsettled' && subject.actor.type === 'self' && canQuiesce(provider))
      await provider.quiesce(subject.account, attempt);
    const now = ctx.clock.now();
    lastSend = { at: instant(now), deadline: instant(now + attempt.timeoutMs) };
    sends++;
    await work.entry.note({ phase: 'armed', attempt: sends, ...lastSend });
    const earlier = facts.requests;
    // From this line on the request may be on its way, whatever becomes of this process.
    learn({ requests: 'unsettled', refused: false, quiet: false, oracle: 'unasked', proof: {} });
    shown = null;
    await ctx.failpoint('rotate.armed');
    const answer = await provider
      .setSecret(subject.account, work.pending.secret, attempt)
      .catch((error: unknown) => ({ outcome: 'unknown' as const, reason: isPamError(error) ? error.message : 'the session broke' }));
    await ctx.failpoint('rotate.answered');
    const at = instant(ctx.clock.now());
    switch (answer.outcome) {
      case 'done':
        learn({ requests: 'acked' });
        await work.entry.note({ phase: 'acked', attempt: sends, at });
        break;
      case 'refused':
        // What was sent before, and never settled, may still be live.
        learn({ requests: earlier === 'clear' ? 'clear' : 'unsettled', refused: true, quiet: true });
        ({ code, reason: detail } = answer);
        await work.entry.note({ phase: 'refused', attempt: sends, at, code });
        break;
      case 'unknown':
        detail = answer.reason;
        await dropSession();
        break;
      default:
        answer satisfies never;
    }
    await ctx.failpoint('rotate.answer-journaled');
  }

  async function quiesce(): Promise<void> {
    await dropSession();
    const provider = subject.actor.type === 'admin' ? await actorSession() : null;
    if (provider === null || !canQuiesce(provider) || !(await provider.quiesce(subject.account, attempt))) {
      const over = lastSend === null ? ctx.clock.now() + attempt.timeoutMs : Date.parse(lastSend.deadline);
      const until = over + QUIET_MARGIN_MS;
      const waitMs = until - ctx.clock.now();
      if (waitMs > 0) {
        ctx.emit({
          type: 'waiting',
          what: `an earlier request for ${subject.record.address} to run out`,
          seconds: Math.ceil(waitMs / 1000),
        });
        await ctx.clock.sleep(waitMs, ctx.stop);
        if (ctx.clock.now() < until)
          throw new RotationError('PAM4002', 'interrupted while an earlier request could still land', { phase: 'armed' });
      }
    }
    learn({ quiet: true });
    await ctx.failpoint('recover.quiesced');
  }

  async function identify(): Promise<void> {
    const provider = await actorSession();
    if (provider === null || !hasOracle(provider)) learn({ oracle: 'unavailable' });
    else {
      const answer = await provider.identify(subject.account, await knownSecrets());
      const onFile = 'onFile' in answer;
      learn({ oracle: oracleAnswer(answer, work.pending.version), onFile });
      if ('method' in answer && answer.live === work.pending.version && !onFile)
        shown = { proof: { at: instant(ctx.clock.now()), method: answer.method, node: answer.node } };
    }
    await ctx.failpoint('recover.identified');
  }

  /** Every secret on file for the field: an older one may be live again after a restore. */
  async function knownSecrets(): Promise<{ id: VersionId; secret: Secret }[]> {
    const record = await ctx.vault.readRecord(subject.record.id);
    const others = (record?.versions ?? []).filter((v) => v.field === subject.field && v.id !== work.pending.version);
    const read = others.map(async (v) => ({ id: v.id, secret: await ctx.vault.readSecret(refOf(subject, v.id)) }));
    return [{ id: work.pending.version, secret: work.pending.secret }, ...(await Promise.all(read))];
  }

  async function prove(which: 'pending' | 'current', expected: boolean): Promise<void> {
    const candidate = which === 'pending' ? work.pending : work.current;
    if (candidate === null || subject.target === null)
      throw new RotationError('PAM4008', `${subject.record.address} has no ${which} secret to prove`);
    await ctx.failpoint('rotate.proving');
    const kind = expected ? 'taken' : which === 'pending' ? 'guess' : 'fallback';
    const sentAt = which === 'pending' ? lastSend?.at : undefined;
    const proof = await logins.prove(subject, candidate.version, candidate.secret, kind, sentAt);
    await ctx.failpoint('rotate.proved');
    learn({ proof: { ...facts.proof, [which]: proofAnswer(proof) } });
    if (proof.answer !== 'accepted') {
      code = proof.code;
      detail = proof.reason;
      // What the oracle has shown stays shown.
      if (proof.answer === 'cannot-tell' && proof.never === true && which === 'pending') shown ??= { unproved: proof.reason };
      return;
    }
    if (which === 'current') return;
    const at = instant(ctx.clock.now());
    shown = { proof: { at, method: proof.method, node: proof.node } };
    detail = `proved by ${proof.method} on ${proof.node}${proof.restricted === undefined ? '' : ` (${proof.restricted})`}`;
    await work.entry?.note({ phase: 'proved', at, method: proof.method });
    await ctx.failpoint('rotate.proof-journaled');
  }

  async function commit(): Promise<void> {
    if (shown === null) throw new Error('commit without anything shown');
    if ('unproved' in shown) detail = `unproved: ${shown.unproved}`;
    else if (detail === '' || facts.proof.pending !== 'accepted') detail = `proved by ${shown.proof.method} on ${shown.proof.node}`;
    await commitWork(ctx, subject, lease, work, shown);
    learn({ committed: true, retire: work.overlaps });
    await ctx.failpoint('rotate.committed');
  }

  async function abandon(): Promise<void> {
    const besides = work.overlaps && facts.requests !== 'clear';
    await abandonWork(ctx, subject, lease, work, code, besides);
    learn({ abandoned: true, retire: besides });
  }

  /** Carries out one step; a result ends the rotation. */
  async function take(step: Step): Promise<RotationResult | null> {
    switch (step.do) {
      case 'stage':
        await stageWork(ctx, subject, lease, work, start.header);
        learn({ staged: true });
        return null;
      case 'journal':
        work.entry = await journalWork(ctx, subject, work);
        learn({ journaled: true });
        return null;
      case 'send':
        await send();
        return null;
      case 'quiesce':
        await quiesce();
        return null;
      case 'identify':
        await identify();
        return null;
      case 'prove':
        await prove(step.which, step.expected);
        return null;
      case 'commit':
        await commit();
        return null;
      case 'abandon':
        await abandon();
        return null;
      case 'retire':
        await retireOld(ctx, logins, subject, lease, session);
        learn({ retire: false });
        return null;
      case 'close':
        await ctx.journal.close(work.id);
        await ctx.failpoint('rotate.closed');
        return facts.committed ? { outcome: 'rotated', detail } : { outcome: 'unchanged', code, detail };
      case 'quarantine':
        detail = QUARANTINE_REASONS[step.why];
        await quarantine(ctx, subject, lease, work, 'PAM4001', detail);
        return { outcome: 'quarantined', code: 'PAM4001', detail };
      case 'leave':
        if (facts.staged) await noteFailure(ctx, subject.record.id, lease, code);
        return step.why === 'stopping' && facts.requests === 'clear'
          ? { outcome: 'unchanged', code: 'PAM4012', detail: 'interrupted before anything was sent' }
          : { outcome: 'unfinished', code, detail: detail || LEAVE_REASONS[step.why] };
      default:
        return step satisfies never;
    }
  }

  try {
    for (;;) {
      const step = nextStep({ ...facts, sends, stopping: ctx.stop.aborted });
      ctx.emit({ type: 'phase', address: subject.record.address, rotationId: work.id, phase: stepName(step) });
      const result = await take(step);
      if (result !== null) return result;
    }
  } catch (error) {
    if (!isPamError(error)) throw error;
    if (facts.committed) return { outcome: 'rotated', detail: `${detail}; the journal entry is still open: ${error.message}` };
    if (facts.requests !== 'clear') return { outcome: 'unfinished', code: error.code, detail: error.message };
    if (facts.staged) return { outcome: 'unfinished', code: error.code, detail: error.message, untouched: true };
    return { outcome: 'unchanged', code: error.code, detail: error.message };
  } finally {
    await dropSession();
  }
}
