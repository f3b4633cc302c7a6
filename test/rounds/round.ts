import type { Address } from '../../src/model/index.ts';
import type { PamResult, RunningPam } from '../cli/project.ts';
import type { Lane, Stored } from './lane.ts';
import type { RoundAccount } from './target.ts';

/** Whole numbers in [0, below). */
export type Random = (below: number) => number;

/** How long the last undisturbed run took, and how many steps of the protocol it tells. */
export interface Measure {
  readonly durationMs: number;
  readonly phases: number;
}

/** One kill: after a time, or after as many steps of the protocol and a few milliseconds. */
export interface Moment {
  readonly signal: 'SIGKILL' | 'SIGTERM';
  readonly after: { readonly ms: number } | { readonly phase: number; readonly ms: number };
}

/** What a round shall do; drawn before it begins, so that it can be told and repeated. */
export interface RoundPlan {
  readonly round: number;
  readonly rotated: readonly Address[];
  readonly by: 'trigger' | 'request';
  readonly kills: readonly Moment[];
}

export interface RoundResult {
  readonly plan: RoundPlan;
  /** The last step of the protocol that a killed run told for each account, `nothing` for one that told none. */
  readonly interrupted: readonly string[];
  /** Signals that met a running process. */
  readonly struck: number;
  /** How long a first run took that was over before its moment came. */
  readonly undisturbedMs: number | undefined;
  readonly applies: number;
  readonly failedLogins: number;
  /** Empty: every promise held. */
  readonly violations: readonly string[];
}

/** A failed login that one rotation may cost: none where somebody can look or reset (`src/rotate/README.md`). */
const ALLOWED_FAILURES = { admin: 0, self: 2 } as const;
/** Kills of recoveries, one after the other. */
const MAX_DEPTH = 3;
const JITTER_MS = 40;
/** Exit code of a run that was asked to end. */
const INTERRUPTED = 130;

export function drawRound(round: number, accounts: readonly RoundAccount[], measure: Measure, random: Random): RoundPlan {
  const chosen = accounts.filter(() => random(3) === 0);
  const rotated = (chosen.length > 0 ? chosen : accounts.slice(random(accounts.length)).slice(0, 1)).map(({ address }) => address);
  const depth = random(3) === 0 ? 1 + random(MAX_DEPTH) : 0;
  const moment = (): Moment => ({
    signal: random(8) === 0 ? 'SIGTERM' : 'SIGKILL',
    // By time most kills hit whatever is slowest; by steps each server's share of them is as large as any other's.
    after:
      random(2) === 0
        ? { ms: random(Math.ceil(measure.durationMs)) }
        : { phase: 1 + random(Math.max(1, Math.round((measure.phases * rotated.length) / accounts.length))), ms: random(JITTER_MS) },
  });
  return { round, rotated, by: random(3) === 0 ? 'request' : 'trigger', kills: Array.from({ length: 1 + depth }, moment) };
}

export async function runRound(lane: Lane, plan: RoundPlan, triggers: Map<Address, string>): Promise<RoundResult> {
  const violations: string[] = [];
  const interrupted: string[] = [];
  const before = await lane.stored();
  let midway = before;
  const failures = await countFailures(lane);
  if (plan.by === 'trigger') for (const address of plan.rotated) triggers.set(address, `round-${plan.round}`);
  await lane.declare(triggers);

  const rotated = lane.accounts.filter(({ address }) => plan.rotated.includes(address));
  let struck = 0;
  let undisturbedMs: number | undefined;
  for (const [depth, moment] of plan.kills.entries()) {
    const args = depth === 0 && plan.by === 'request' ? ['rotate', ...plan.rotated] : ['apply'];
    const begun = performance.now();
    const running = lane.project.start([...args, '--auto-approve', '--format', 'jsonl']);
    const killed = await killAt(running, moment);
    if (killed.signal === moment.signal || killed.code === INTERRUPTED) struck += 1;
    else if (depth === 0) undisturbedMs = performance.now() - begun;
    interrupted.push(...lastPhases(killed, plan.rotated));
    midway = await lane.stored();
    violations.push(...(await lost(rotated, midway, `after kill ${depth + 1}`)));
  }

  const { code, applies, said } = await converge(lane);
  if (code !== 0) violations.push(`apply ends with ${code} after ${applies} tries:\n${said}`);
  const after = await lane.stored();
  for (const { address } of lane.accounts) violations.push(...compare(address, plan, before, midway, after));
  violations.push(...(await closed(rotated, after)));
  const journal = await lane.project.journal();
  if (journal.length > 0) violations.push(`the journal still has ${journal.join(', ')}`);
  const planned = await lane.planned();
  if (planned.length > 0) violations.push(`the plan is not empty: ${planned.join(', ')}`);

  const spent = new Map([...(await countFailures(lane))].map(([who, count]) => [who, count - (failures.get(who) ?? 0)]));
  for (const [who, count] of spent) {
    const isSelf = lane.accounts.some(({ address, self }) => self && address === who);
    const allowed = isSelf ? ALLOWED_FAILURES.self : ALLOWED_FAILURES.admin;
    if (count > allowed) violations.push(`${who}: ${count} failed logins, ${allowed} allowed`);
  }
  await forgive(
    lane,
    lane.accounts.filter(({ address, self }) => self && (spent.get(address) ?? 0) > 0),
  );
  return { plan, interrupted, struck, undisturbedMs, applies, failedLogins: [...spent.values()].reduce((a, b) => a + b, 0), violations };
}

async function killAt(running: RunningPam, { signal, after }: Moment): Promise<PamResult> {
  let phases = 0;
  let timer: NodeJS.Timeout | undefined;
  const strike = () => {
    timer ??= setTimeout(() => running.process.kill(signal), after.ms);
  };
  if (!('phase' in after)) strike();
  else
    running.process.stdout?.on('data', (chunk: string) => {
      phases += chunk.split('"type":"phase"').length - 1;
      if (phases >= after.phase) strike();
    });
  const result = await running.result;
  clearTimeout(timer);
  return result;
}

/** With an account that spent its budget a person would look first: `pam verify` is his word that logins may go on. */
async function forgive(lane: Lane, accounts: readonly RoundAccount[]): Promise<void> {
  if (accounts.length === 0) return;
  const verified = await lane.project.pam(['verify', ...accounts.map(({ address }) => address)]);
  if (verified.code !== 0) throw new Error(`verify ends with ${verified.code}:\n${verified.stdout}${verified.stderr}`);
}

/** A recovery that gave a login up because of a kill may want a second run; more than that is no convergence. */
const MAX_APPLIES = 2;

async function converge(lane: Lane): Promise<{ code: number | null; applies: number; said: string }> {
  for (let applies = 1; ; applies++) {
    const { code, stdout, stderr } = await lane.apply();
    if (code === 0 || applies === MAX_APPLIES) return { code, applies, said: stdout + stderr };
  }
}

/** Accounts that nothing stored opens: what the server compares logins with is looked up, so that nobody spends one. */
async function lost(accounts: readonly RoundAccount[], stored: ReadonlyMap<Address, Stored>, when: string): Promise<readonly string[]> {
  const looks = accounts.map(async (account) => {
    const { versions, journal } = stored.get(account.address) ?? { versions: [], journal: [] };
    const likely = [...versions].sort((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state)).map(({ secret }) => secret);
    for (const secret of [...likely, ...journal]) if (await account.isLive(secret)) return [];
    return [`${account.address} is LOST ${when}: none of ${versions.length} versions and ${journal.length} in the journal opens it`];
  });
  return (await Promise.all(looks)).flat();
}

/** Accounts that what readers get does not open. */
export async function closed(accounts: readonly RoundAccount[], stored: ReadonlyMap<Address, Stored>): Promise<readonly string[]> {
  const logins = accounts.map(async (account) => {
    const current = stored.get(account.address)?.versions.find(({ state }) => state === 'current');
    return current !== undefined && (await account.opens(current.secret)) ? [] : [`${account.address}: current does not open it`];
  });
  return (await Promise.all(logins)).flat();
}

const ORDER = ['current', 'pending', 'candidate', 'previous'];

/** One rotation makes one secret, however often it was interrupted, and none makes none. */
function compare(
  address: Address,
  plan: RoundPlan,
  before: ReadonlyMap<Address, Stored>,
  midway: ReadonlyMap<Address, Stored>,
  after: ReadonlyMap<Address, Stored>,
): readonly string[] {
  const known = new Set(before.get(address)?.versions.map(({ id }) => id));
  const fresh = after.get(address)?.versions.filter(({ id }) => !known.has(id)) ?? [];
  const started = (midway.get(address)?.versions ?? []).some(({ id }) => !known.has(id));
  // Killed before it was staged, what a person asked for is not on record, and he asks again.
  const wanted = plan.rotated.includes(address) && (plan.by === 'trigger' || started) ? 1 : 0;
  const problems: string[] = [];
  if (fresh.length !== wanted) problems.push(`${address}: ${fresh.length} new secrets, ${wanted} wanted`);
  if (fresh.some(({ state }) => state !== 'current')) problems.push(`${address}: the new secret is not current`);
  if (after.get(address)?.isActive) problems.push(`${address}: a rotation is still in flight`);
  return problems;
}

async function countFailures(lane: Lane): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>();
  for (const account of lane.accounts) counts.set(account.address, await account.failedLogins());
  for (const [i, target] of lane.targets.entries()) counts.set(`administrator ${i + 1}`, await target.failedAdminLogins());
  return counts;
}

function lastPhases({ stdout }: PamResult, rotated: readonly Address[]): readonly string[] {
  const last = new Map<string, string>();
  for (const line of stdout.split('\n')) {
    if (!line.includes('"type":"phase"') || !line.endsWith('}')) continue;
    const { address, phase } = JSON.parse(line) as { address: string; phase: string };
    last.set(address, phase);
  }
  return rotated.map((address) => last.get(address) ?? 'nothing');
}
