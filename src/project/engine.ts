import { randomBytes, randomInt, randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import type { ApplyContext, ApplyFailpoint } from '../apply/index.ts';
import type { Address, Emit, Grants, Instant, Narrowing, Plan, PublicRecord, PublicSnapshot, Snapshot } from '../model/index.ts';
import { makePlan, type PlanInput } from '../plan/index.ts';
import {
  type Clock,
  createJournal,
  DEFAULT_SETTINGS,
  fileJournalStorage,
  type Random,
  type RotateContext,
  type RotateFailpoint,
} from '../rotate/index.ts';
import type { Vault } from '../vault/index.ts';
import { readInput } from './inputs.ts';
import { type Desired, journalPath, type Project } from './project.ts';
import { CAPABILITIES, loadProvider } from './providers.ts';
import { findingsOf, type Rules, withFindings } from './rules.ts';
import { describeHolder } from './vaults.ts';

export const systemClock: Clock = {
  now: Date.now,
  sleep: (ms, signal) =>
    wait(ms, undefined, signal === undefined ? {} : { signal }).catch((error: unknown) => {
      if (signal?.aborted !== true) throw error;
    }),
};

const systemRandom: Random = { uuid: randomUUID, bytes: randomBytes, int: (max) => randomInt(max) };

export interface EngineOptions {
  readonly command: string;
  readonly env: NodeJS.ProcessEnv;
  readonly emit: Emit;
  readonly stop: AbortSignal;
  /** How long an account's lease is waited for. */
  readonly leaseWaitMs?: number;
}

/** Puts the protocol together with the real clock, randomness, journal and providers. */
export function createRotateContext(project: Project, vault: Vault, options: EngineOptions): RotateContext {
  return {
    vault,
    journal: createJournal(fileJournalStorage(journalPath(project)), vault.sealer, randomBytes, vault.macOf),
    provider: loadProvider,
    readInput: (source) => readInput(project, source, options.env),
    clock: systemClock,
    random: systemRandom,
    settings: DEFAULT_SETTINGS,
    holder: describeHolder(options.command, options.env, Date.now()),
    leaseWaitMs: options.leaseWaitMs ?? 0,
    emit: options.emit,
    failpoint: failpointFrom(options.env),
    stop: options.stop,
  };
}

export interface PlanOptions {
  readonly narrowing: Narrowing;
  readonly grants: Grants;
  readonly requests?: readonly Address[];
  readonly expiresAt?: Instant;
  /** What plans are judged by; without them by nothing. */
  readonly rules?: Rules;
}

export const WHOLE: Narrowing = { targets: [], excludes: [], files: [] };

/** Everything a plan needs but the moment and the snapshot. */
export function planInput<R extends PublicRecord>(
  project: Project,
  desired: Desired,
  snapshot: Snapshot<R>,
  asOf: string,
  options: PlanOptions,
): PlanInput<R> {
  return {
    owner: project.owner,
    desired: desired.resources,
    manifestDigest: desired.digest,
    snapshot,
    asOf,
    narrowing: options.narrowing,
    grants: options.grants,
    limits: project.limits,
    freezes: project.freezes,
    capabilities: CAPABILITIES,
    ...(options.expiresAt === undefined ? {} : { expiresAt: options.expiresAt }),
    ...(options.requests === undefined ? {} : { requests: options.requests }),
  };
}

export function createApplyContext(
  project: Project,
  rotate: RotateContext,
  planAt: ApplyContext['planAt'],
  options: EngineOptions & { projectLease: boolean; judge: ApplyContext['judge'] },
): ApplyContext {
  return {
    rotate,
    owner: project.owner,
    planAt,
    judge: options.judge,
    frozenAt: (asOf) => {
      const freeze = project.freezes.find((f) => f.from <= asOf && asOf < f.until);
      return freeze === undefined ? undefined : `changes are frozen until ${freeze.until}: ${freeze.reason}`;
    },
    command: options.command,
    projectLease: options.projectLease,
    failpoint: failpointFrom(options.env),
  };
}

export function planWith(project: Project, desired: Desired, options: PlanOptions): (snapshot: PublicSnapshot, asOf: string) => Plan {
  const { rules = [], requests } = options;
  return (snapshot, asOf) => {
    const plan = makePlan(planInput(project, desired, snapshot, asOf, options));
    return withFindings(plan, findingsOf(rules, plan, snapshot, desired, requests !== undefined));
  };
}

/**
 * `PAM_TEST_FAILPOINT=rotate.armed` (or `rotate.armed:3`, the third time) kills the process there, as `kill -9` would: this is
 * how the tests stop it at every named point. `rotate.armed:1:SIGTERM` asks it to end there, and it goes on. Unset, as always outside
 * of them, it is nothing.
 */
function failpointFrom(env: NodeJS.ProcessEnv): (name: RotateFailpoint | ApplyFailpoint) => Promise<void> {
  const [wanted, count = '1', signal = 'SIGKILL'] = (env['PAM_TEST_FAILPOINT'] ?? '').split(':');
  let left = Number(count);
  return async (name) => {
    if (name !== wanted || --left !== 0) return;
    process.kill(process.pid, signal);
    // A signal that is handled is handled in a later turn of the event loop.
    await new Promise((resolve) => signal !== 'SIGKILL' && setImmediate(resolve));
  };
}
