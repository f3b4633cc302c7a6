import { type ExitCode, isPamError, PamError } from '../errors/index.ts';
import {
  type Change,
  isDeclared,
  type LedgerEntry,
  linkOf,
  type Owner,
  type Plan,
  type PolicyFinding,
  type Snapshot,
  sameOwner,
} from '../model/index.ts';
import { isRecordRow, planDigest } from '../plan/index.ts';
import { createLogins, instant, type Logins, listUnfinished, lookupIn, type RotateContext } from '../rotate/index.ts';
import type { Lease } from '../vault/vault.ts';
import { createLedger, exitOfLedger, type Ledger } from './ledger.ts';
import { recoverRow, runLiveRow, targetKey } from './live.ts';
import { reschedule, writeRecords } from './records.ts';
import { hasWork, refuseBlocked, refuseExpired, refuseStale, toWarning } from './refuse.ts';
import { type Settled, settle } from './settle.ts';
import { walk } from './walk.ts';

/** What was approved: everything that the plan of this moment says, a digest, or a saved plan. */
export type Approval =
  | { readonly type: 'auto' }
  | { readonly type: 'digest'; readonly digest: string }
  | { readonly type: 'plan'; readonly plan: Plan };

export const APPLY_FAILPOINTS = [
  'apply.leased',
  'apply.recovered',
  'apply.run-started',
  'apply.records-written',
  'apply.walked',
  'apply.finished',
] as const;
export type ApplyFailpoint = (typeof APPLY_FAILPOINTS)[number];

export interface ApplyContext {
  readonly rotate: RotateContext;
  readonly owner: Owner;
  /** The plan of this moment, with the flags of the command. */
  planAt(snapshot: Snapshot, asOf: string): Plan;
  /** What the rules of today find in the plan, whenever it was made. */
  judge(plan: Plan, snapshot: Snapshot): readonly PolicyFinding[];
  /** Why nothing may run now, or undefined. */
  frozenAt(asOf: string): string | undefined;
  readonly command: string;
  /** `pam rotate` leases accounts only, so that it never waits for a long apply. */
  readonly projectLease: boolean;
  failpoint(name: ApplyFailpoint): Promise<void>;
}

export interface ApplyOptions {
  readonly parallelism: number;
  /** Rows at once on one target. */
  readonly perTarget: number;
  readonly failFast: boolean;
  readonly lockTimeoutMs: number;
}

export interface ApplyResult {
  /** Absent where there was nothing to do. */
  readonly runId?: string;
  readonly plan: Plan;
  readonly asOf: string;
  readonly entries: readonly LedgerEntry[];
  readonly exit: ExitCode;
}

/**
 * Carries out what was approved: authenticate, lease, recover, check, write records, walk what is live, reschedule.
 * Throws PamError where it refuses before anything ran (exit codes 8, 6, 5, 4, 3); after that everything is in the ledger.
 */
export async function apply(ctx: ApplyContext, approval: Approval, options: ApplyOptions): Promise<ApplyResult> {
  const { vault, clock, holder, stop } = ctx.rotate;
  const before = await vault.authenticate();
  const lease = ctx.projectLease ? await leaseProject(ctx, options.lockTimeoutMs) : null;
  try {
    await ctx.failpoint('apply.leased');
    const approvedBefore = planApproved(ctx, approval, before, instant(clock.now()));
    const logins = createLogins(ctx.rotate);
    const unsaved: LedgerEntry[] = [];
    const recovery = createLedger({
      now: () => instant(clock.now()),
      save: async (entries) => void unsaved.push(...entries),
      emit: ctx.rotate.emit,
    });
    if (ctx.projectLease) await recoverAll(ctx, logins, before, recovery, options);
    await ctx.failpoint('apply.recovered');

    const asOf = instant(clock.now());
    const snapshot = await vault.authenticate();
    const plan = approvedBefore ?? planApproved(ctx, approval, snapshot, asOf) ?? (await planOfEarlierRun(ctx, approval, snapshot, asOf));
    const settled = settle(plan, snapshot);
    refuseStale(settled);
    refuseExpired(plan, asOf);
    const findings = ctx.judge(plan, snapshot);
    refuseBlocked(settled, ctx.frozenAt(asOf), findings);
    if (hasWork(settled)) for (const finding of findings) ctx.rotate.emit(toWarning(finding));

    // An account that came back from the journal alone can be recovered only once this plan has linked it.
    const isLeft = (c: Change) => c.kind !== 'recover' || (ctx.projectLease && recovery.outcomeOf(c.id) === undefined);
    const runnable = settled.ready.filter(isLeft);
    if (runnable.length === 0) return { plan, asOf, entries: recovery.entries, exit: exitOfLedger(recovery.entries, stop.aborted) };
    const runId = ctx.rotate.random.uuid();
    await vault.runs.start({ id: runId, command: ctx.command, digest: plan.digest, plan, startedAt: asOf, holder });
    ctx.rotate.emit({ type: 'run', runId });
    if (unsaved.length > 0) await vault.runs.append(runId, unsaved);
    await ctx.failpoint('apply.run-started');
    const ledger = createLedger({
      now: () => instant(clock.now()),
      save: (entries) => vault.runs.append(runId, entries),
      emit: ctx.rotate.emit,
    });
    await carryOut(ctx, logins, settled, runnable, ledger, lease, asOf, options);
    const entries = [...recovery.entries, ...ledger.entries];
    const exit = exitOfLedger(entries, stop.aborted);
    await vault.runs.finish(runId, exit);
    await ctx.failpoint('apply.finished');
    return { runId, plan, asOf, entries, exit };
  } finally {
    await lease?.release();
  }
}

/** One apply at a time. Whoever has to wait is told for whom. */
async function leaseProject(ctx: ApplyContext, waitMs: number): Promise<Lease> {
  const { vault, holder, stop, emit } = ctx.rotate;
  const take = (ms: number) => vault.lease({ type: 'project', owner: ctx.owner }, { waitMs: ms, holder, signal: stop });
  try {
    return await take(0);
  } catch (error) {
    if (waitMs === 0 || !isPamError(error) || error.code !== 'PAM5007') throw error;
    emit({ type: 'waiting', what: `another run: ${error.message}`, seconds: Math.ceil(waitMs / 1000) });
    return take(waitMs);
  }
}

async function carryOut(
  ctx: ApplyContext,
  logins: Logins,
  settled: Settled,
  rows: readonly Change[],
  ledger: Ledger,
  lease: Lease | null,
  asOf: string,
  options: ApplyOptions,
): Promise<void> {
  const { vault, random, stop, emit } = ctx.rotate;
  await ledger.recordAll(
    settled.done.filter((c) => c.kind !== 'recover').map((c) => [c, { outcome: 'succeeded' as const, already: true }] as const),
  );
  const open = await leaveOutBlocked(rows, ledger);
  const records = open.filter(isRecordRow);
  if (lease !== null) {
    const recordCtx = { vault, owner: ctx.owner, asOf, newId: random.uuid, lease, failpoint: ctx.failpoint };
    await writeRecords(recordCtx, records, ledger, stop);
    if (records.length > 0) await reschedule(recordCtx);
  }
  const lookup = lookupIn(await vault.authenticate(), ctx.owner);
  await walk(
    open.filter((c) => !isRecordRow(c)),
    ledger,
    {
      parallelism: options.parallelism,
      failFast: options.failFast,
      stop,
      keyOf: (change) => targetKey(change, lookup),
      perKey: options.perTarget,
      run: (change) => runLiveRow(ctx.rotate, logins, change, lookup),
      onStart: (change) => emit({ type: 'started', id: change.id, address: change.address, kind: change.kind }),
    },
  );
  await ctx.failpoint('apply.walked');
}

/** Blocked rows go to the ledger as they are, and what depends on them is skipped: the rest runs. */
async function leaveOutBlocked(rows: readonly Change[], ledger: Ledger): Promise<readonly Change[]> {
  const open: Change[] = [];
  for (const change of rows) {
    const cause = change.dependsOn.find((id) => ['blocked', 'skipped'].includes(ledger.outcomeOf(id) ?? ''));
    if (change.blocked !== undefined)
      await ledger.record(change, { outcome: 'blocked', code: change.blocked.code as never, detail: change.blocked.reason });
    else if (cause !== undefined) await ledger.record(change, { outcome: 'skipped', because: cause, detail: `waits for ${cause}` });
    else open.push(change);
  }
  return open;
}

/** Finishes what earlier runs left, for all accounts of this owner, whatever the plan is narrowed to. */
async function recoverAll(ctx: ApplyContext, logins: Logins, snapshot: Snapshot, ledger: Ledger, options: ApplyOptions): Promise<void> {
  const lookup = lookupIn(snapshot, ctx.owner);
  const unfinished = await listUnfinished(ctx.rotate, snapshot.records);
  const rows: (Change & { kind: 'recover' })[] = [];
  for (const { rotationId, record, entry, damaged } of unfinished) {
    if (record === null) {
      const address = entry?.head.address ?? rotationId;
      ctx.rotate.emit({
        type: 'warning',
        message: `the journal has a rotation of ${address} that the vault does not know${damaged === undefined ? '' : ` (${damaged})`}; see: pam recover --from-journal`,
      });
      continue;
    }
    if (!sameOwner(record.owner, ctx.owner) || linkOf(record, 'belongs-to') === undefined) continue;
    const { quarantined } = record.rotation;
    const blocked = quarantined === undefined ? {} : { blocked: { code: 'PAM4001', reason: `quarantined: ${quarantined.reason}` } };
    rows.push({
      id: `recover ${record.address}`,
      address: record.address,
      kind: 'recover',
      dependsOn: [],
      precondition: '',
      rotationId,
      ...blocked,
    });
  }
  const distinct = [...new Map(rows.map((r) => [r.address, r])).values()];
  await walk(await leaveOutBlocked(distinct, ledger), ledger, {
    parallelism: options.parallelism,
    failFast: false,
    stop: ctx.rotate.stop,
    keyOf: (change) => targetKey(change, lookup),
    perKey: options.perTarget,
    onStart: () => {},
    run: async (change) => {
      const record = lookup(change.address);
      return record === undefined ? { outcome: 'succeeded', already: true } : recoverRow(ctx.rotate, logins, record, lookup);
    },
  });
}

/** The plan that the approval stands for at this snapshot; undefined where its digest is another one. */
function planApproved(ctx: ApplyContext, approval: Approval, snapshot: Snapshot, asOf: string): Plan | undefined {
  switch (approval.type) {
    case 'auto':
      return undefined;
    case 'plan':
      checkSavedPlan(ctx, approval.plan, snapshot, asOf);
      return approval.plan;
    case 'digest': {
      const plan = ctx.planAt(snapshot, asOf);
      return plan.digest === approval.digest ? plan : undefined;
    }
    default:
      return approval satisfies never;
  }
}

/** `auto` takes the plan of now; a digest that fits no plan of now may be that of a run which was interrupted. */
async function planOfEarlierRun(ctx: ApplyContext, approval: Approval, snapshot: Snapshot, asOf: string): Promise<Plan> {
  const now = ctx.planAt(snapshot, asOf);
  if (approval.type !== 'digest') return now;
  const run = await ctx.rotate.vault.findRun(approval.digest);
  // Runs carry no MAC: what was approved is the content that has this digest, not whatever is stored under it.
  if (run !== null && hasDigest(run.plan, approval.digest)) {
    checkSavedPlan(ctx, run.plan, snapshot, asOf);
    return run.plan;
  }
  throw new PamError('PAM3002', `the plan of this moment has the digest ${now.digest}, not ${approval.digest}: it would ${rowsOf(now)}`, {
    hint: 'run `pam plan` with the same flags, have it approved, and apply its digest; a saved plan (--out) is refused with the object that moved',
  });
}

/** For somebody who looks for what moved since the approval: a digest alone cannot tell. */
function rowsOf({ changes }: Plan): string {
  const ids = changes.filter(isDeclared).map((c) => c.id);
  if (ids.length === 0) return 'change nothing';
  return ids.length > 5 ? `${ids.slice(0, 5).join(', ')} and ${ids.length - 5} more` : ids.join(', ');
}

function hasDigest(plan: Plan, digest: string): boolean {
  try {
    return planDigest(plan.owner, plan.lineage, plan.grants, plan.changes, plan.expiresAt) === digest;
  } catch {
    return false;
  }
}

function checkSavedPlan(ctx: ApplyContext, plan: Plan, snapshot: Snapshot, asOf: string): void {
  const refuse = (message: string) => {
    throw new PamError('PAM3001', message, { hint: 'make a new plan' });
  };
  if (plan.lineage !== snapshot.lineage) refuse('the plan was made for another vault (its lineage differs)');
  if (!sameOwner(plan.owner, ctx.owner))
    refuse(`the plan was made for ${plan.owner.project}/${plan.owner.environment}, not ${ctx.owner.project}/${ctx.owner.environment}`);
  if (plan.asOf > asOf) refuse(`the plan looks into the future (as of ${plan.asOf}): it is for reading`);
}
