import { performance } from 'node:perf_hooks';
import type { Address } from '../../src/model/index.ts';
import { seededRandom } from '../faults/random.ts';
import { sambaRounds, slapdRounds } from './directories.ts';
import { type Lane, makeLane } from './lane.ts';
import { mariadbRounds } from './mariadb.ts';
import { postgresRounds } from './postgres.ts';
import { closed, drawRound, type Measure, type RoundResult, runRound } from './round.ts';
import { sshdRounds } from './sshd.ts';
import type { RoundServer, TargetName } from './target.ts';

const START: Readonly<Record<TargetName, () => Promise<RoundServer>>> = {
  postgres: postgresRounds,
  sshd: sshdRounds,
  slapd: slapdRounds,
  samba: sambaRounds,
  mariadb: mariadbRounds,
};

export interface RoundsOptions {
  readonly servers: readonly TargetName[];
  readonly rounds: number;
  readonly seed: number;
  /** Projects side by side, each with rounds of its own. */
  readonly lanes: number;
  /** Ends each lane after its round. */
  readonly stop?: AbortSignal;
  /** Told after each round; a violation ends its lane, whose folder is kept. */
  readonly tell?: (result: RoundResult, lane: number, seconds: number) => void;
}

export interface RoundsReport {
  readonly results: readonly RoundResult[];
  /** Projects in which a promise was broken; they are left as they are. */
  readonly kept: readonly string[];
}

/** Kills pam at random moments and looks, from outside, whether it kept its promises. Draws depend on the seed alone; what they hit, on time too. */
export async function runRounds(options: RoundsOptions): Promise<RoundsReport> {
  const servers = await Promise.all(options.servers.map((name) => START[name]()));
  const results: RoundResult[] = [];
  const kept: string[] = [];
  try {
    const share = (lane: number) => Math.floor(options.rounds / options.lanes) + (lane < options.rounds % options.lanes ? 1 : 0);
    const lanes = Array.from({ length: options.lanes }, (_, i) => runLane(servers, options, i, share(i), results));
    // All of them end before their servers do.
    for (const lane of await Promise.allSettled(lanes)) {
      if (lane.status === 'rejected') throw lane.reason;
      kept.push(...lane.value);
    }
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
  }
  return { results, kept };
}

async function runLane(
  servers: readonly RoundServer[],
  options: RoundsOptions,
  index: number,
  rounds: number,
  results: RoundResult[],
): Promise<readonly string[]> {
  const random = seededRandom(options.seed * 1_000 + index);
  const lane = await makeLane(await Promise.all(servers.map((server) => server.makeTarget())));
  const triggers = new Map<Address, string>();
  let measure = await measureApply(lane, triggers);
  // A run that was over before its moment came does not count.
  for (let round = 1, done = 0; done < rounds && options.stop?.aborted !== true; round++) {
    // Servers and their logs grow slower with time.
    if (round % REMEASURE === 0) measure = await measureApply(lane, triggers);
    const begun = performance.now();
    const result = await runRound(lane, drawRound(round, lane.accounts, measure, random), triggers);
    results.push(result);
    if (result.struck > 0) done += 1;
    if (result.undisturbedMs !== undefined) measure = { ...measure, durationMs: result.undisturbedMs };
    options.tell?.(result, index, (performance.now() - begun) / 1000);
    if (result.violations.length > 0) return [lane.project.root];
  }
  const violations = await closed(lane.accounts, await lane.stored());
  if (violations.length > 0) throw new Error(`in the end, lane ${index}: ${violations.join(', ')}; kept: ${lane.project.root}`);
  await lane[Symbol.asyncDispose]();
  return [];
}

const REMEASURE = 25;

/** A rotation of every account that nobody disturbs: kills are spread over as long as it takes. */
async function measureApply(lane: Lane, triggers: Map<Address, string>): Promise<Measure> {
  for (const { address } of lane.accounts) triggers.set(address, `measure-${performance.now()}`);
  await lane.declare(triggers);
  const begun = performance.now();
  const { code, stdout, stderr } = await lane.apply();
  if (code !== 0) throw new Error(`an undisturbed apply ends with ${code}:\n${stdout}${stderr}`);
  return { durationMs: performance.now() - begun, phases: stdout.split('"type":"phase"').length - 1 };
}
