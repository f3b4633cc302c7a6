import type { Address, LedgerEntry } from '../../src/model/index.ts';
import type { PamResult, RunningPam } from '../cli/project.ts';
import { wrongClock } from '../faults/wrong-clock.ts';
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
  /** Accounts whose next login waits for a person: kills in the middle of logins had used up what may be spent. */
  readonly held: readonly Address[];
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

  const { code, applies, held, said, spent } = await converge(lane, plan, failures);
  if (code !== 0) violations.push(`apply ends with ${code} after ${applies} tries:\n${said}`);
  const after = await lane.stored();
  for (const { address } of lane.accounts) violations.push(...compare(address, plan, before, midway, after));
  violations.push(...(await closed(rotated, after)));
  const journal = await lane.project.journal();
  if (journal.length > 0) violations.push(`the journal still has ${journal.join(', ')}`);
  const planned = await lane.planned();
  if (planned.length > 0) violations.push(`the plan is not empty: ${planned.join(', ')}`);

  violations.push(...judgeFailures(lane, spent));
  const spenders = lane.accounts.filter(({ address, self }) => self && (spent.get(address) ?? 0) > 0);
  if (violations.length === 0) await vouch(lane, spenders, [0]);
  const failedLogins = [...spent.values()].reduce((a, b) => a + b, 0);
  return { plan, interrupted, struck, undisturbedMs, applies, held, failedLogins, violations };
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

/** Longer than any login is held back here. */
const LATER = wrongClock(31 * 60_000);

/**
 * Where an account has spent its logins a person looks first, and `pam verify` is his word that they may go on. It exits 2 where the new
 * secret is live and not yet committed, since it asks about the current one. Where the next failure could lock the account not even
 * that word counts: then it takes half an hour, which a clock that is ahead stands for. Resolves the environment of that clock.
 */
async function vouch(lane: Lane, accounts: readonly RoundAccount[], codes: readonly number[]): Promise<Record<string, string>> {
  if (accounts.length === 0) return {};
  const args = ['verify', ...accounts.map(({ address }) => address)];
  const now = await lane.project.pam(args);
  if (codes.includes(now.code ?? -1)) return {};
  const later = now.stdout.includes('[PAM4004]') ? await lane.project.pam(args, { env: LATER }) : now;
  if (!codes.includes(later.code ?? -1)) throw new Error(`verify ends with ${later.code}:\n${now.stdout}${later.stdout}${later.stderr}`);
  return LATER;
}

interface Converged {
  readonly code: number | null;
  readonly applies: number;
  readonly held: readonly Address[];
  readonly said: string;
  /** Logins that were refused before a person vouched for any. */
  readonly spent: ReadonlyMap<string, number>;
}

/**
 * One apply has to be enough. But for an account that changes itself, that nobody can look at: a kill in the middle of its login may have
 * cost one, so with a second kill, or an old secret that is refused, nothing is left to spend and the apply says so (PAM4004).
 */
async function converge(lane: Lane, plan: RoundPlan, failures: ReadonlyMap<string, number>): Promise<Converged> {
  const spentSince = async () => new Map([...(await countFailures(lane))].map(([who, count]) => [who, count - (failures.get(who) ?? 0)]));
  const first = await lane.apply();
  const spent = await spentSince();
  const held = plan.kills.length > 1 ? heldIn(lane, first) : [];
  if (first.code === 0 || held.length === 0) return { code: first.code, applies: 1, held: [], said: first.stdout + first.stderr, spent };
  const second = await lane.apply(await vouch(lane, held, [0, 2]));
  return { code: second.code, applies: 2, held: held.map(({ address }) => address), said: second.stdout + second.stderr, spent };
}

/** The accounts that failed, where each of them may be held; none where anything else failed as well. */
function heldIn(lane: Lane, { stdout }: PamResult): readonly RoundAccount[] {
  const last = stdout.trim().split('\n').at(-1) ?? '';
  const { ledger = [] } = JSON.parse(last) as { ledger?: readonly LedgerEntry[] };
  const failed = ledger.filter(({ outcome }) => outcome !== 'succeeded' && outcome !== 'skipped');
  const held = lane.accounts.filter((a) => a.self && failed.some(({ address, code }) => a.address === address && code === 'PAM4004'));
  return failed.every(({ address }) => held.some((a) => a.address === address)) ? held : [];
}

function judgeFailures(lane: Lane, spent: ReadonlyMap<string, number>): readonly string[] {
  return [...spent].flatMap(([who, count]) => {
    const isSelf = lane.accounts.some(({ address, self }) => self && address === who);
    const allowed = isSelf ? ALLOWED_FAILURES.self : ALLOWED_FAILURES.admin;
    return count > allowed ? [`${who}: ${count} failed logins, ${allowed} allowed`] : [];
  });
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
