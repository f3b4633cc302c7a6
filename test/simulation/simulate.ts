import { isPamError } from '../../src/errors/index.ts';
import { Secret } from '../../src/model/index.ts';
import {
  createJournal,
  createLogins,
  DEFAULT_SETTINGS,
  lookupIn,
  type RotateContext,
  recoverAccount,
  rotateAccount,
} from '../../src/rotate/index.ts';
import { prepare } from './estate.ts';
import { COMMON, Crash, FAULTS_OF, type Fault, type FaultPlan, NO_FAULTS, type OperationKind } from './faults.ts';
import { checkInvariants } from './invariants.ts';
import { createScheduler, seeded } from './scheduler.ts';
import { targetOf } from './target-double.ts';
import { journalDiskOf, OPEN_SEALER, vaultOf } from './vault-double.ts';
import { describeWorld, FOREIGN_SECRET, OWNER, type Runner, secretText, startRunner, type TargetKind, USER, World } from './world.ts';

const OLD = 'old-secret';

export interface Scenario {
  readonly kind: TargetKind;
  readonly runners: number;
  /** Runs one after the other that follow the first ones, and have faults as well: a recovery that is itself killed. */
  readonly recoveries?: number;
  /** Failed logins of the account that are on record from before. */
  readonly spent?: number;
  /** Decides the order of everything that waits. */
  readonly seed: number;
  readonly faults: FaultPlan;
}

export interface SimulationResult {
  /** What was done until the faults stopped, in order. */
  readonly operations: readonly OperationKind[];
  readonly trace: readonly string[];
  /** The faults that happened, by the index of their operation. */
  readonly faults: ReadonlyMap<number, Fault>;
  /** Of the account, by the target's own count. */
  readonly failedLogins: number;
  /** What was violated; empty when all is well. */
  readonly violations: readonly string[];
  /** `step → step` of the state machine, in the words of `stepName`. */
  readonly edges: ReadonlySet<string>;
}

/**
 * One account, one or more runners that rotate it, faults as planned; then the faults stop, the crashed are replaced, and it has
 * to converge. The invariants of `src/rotate/README.md` are looked at after every single operation.
 */
export async function simulate(scenario: Scenario): Promise<SimulationResult> {
  const scheduler = createScheduler(scenario.seed);
  const world = new World(scheduler, scenario.kind, OLD);
  prepare(world, scenario.spent ?? 0);
  const violations: string[] = [];
  const edges = new Set<string>();
  const violate = (what: string) => violations.push(`${what} | ${describeWorld(world)}`);
  world.check = (operation) => checkInvariants(world, operation, violate);
  world.plan = scenario.faults;

  const runners = Array.from({ length: scenario.runners }, (_, i) => startRunner(`r${i + 1}`));
  await scheduler.run(Promise.all(runners.map((runner) => apply(world, runner, edges))));
  for (let i = 1; i <= (scenario.recoveries ?? 0); i++) await scheduler.run(apply(world, startRunner(`again${i}`), edges));
  const operations = [...world.operations];
  world.plan = NO_FAULTS;
  const heal = async () => {
    for (let round = 1; round <= 6 && !isSettled(world); round++) {
      // Leases run out, and so does the window of the login budget.
      scheduler.advance(31 * 60_000);
      await scheduler.run(apply(world, startRunner(`heal${round}`), edges));
    }
  };
  await heal();
  const isQuarantined = world.records.get(USER)?.rotation.quarantined !== undefined;
  if (isQuarantined || world.refused.size > 0) {
    // For a person to look at: every candidate is kept, and nothing writes or logs in any more until that person says so.
    scheduler.advance(31 * 60_000);
    await scheduler.run(reconcile(world, startRunner('person'), edges));
    await heal();
  } else if (world.live === FOREIGN_SECRET && world.opens.length === 1) violate('a foreign secret was not noticed');
  const current = world.records.get(USER)?.versions.find((v) => v.state === 'current');
  if (!isSettled(world)) violate('it did not converge');
  else if (!world.takes(secretText(world, current?.id) ?? '')) violate('current does not open the account');
  return { operations, trace: world.trace, faults: world.faults, failedLogins: world.failedLogins.length, violations, edges };
}

/** What an apply does for one account: recover, then rotate if nobody has. */
function apply(world: World, runner: Runner, edges: Set<string>): Promise<void> {
  return asProcess(world, runner, edges, async (ctx, lookup) => {
    const logins = createLogins(ctx);
    // An apply leaves what is quarantined to a person; the rotation that it was asked for has to do so by itself.
    if (world.records.get(USER)?.rotation.quarantined === undefined) await recoverAccount(ctx, logins, USER, lookup);
    const { outcome } = await rotateAccount(ctx, logins, USER, lookup, { type: 'initial' }, null);
    return outcome;
  });
}

/** `pam recover --with reconcile-credential`: a person has the account reset, whatever secret somebody has given it. */
function reconcile(world: World, runner: Runner, edges: Set<string>): Promise<void> {
  return asProcess(world, runner, edges, async (ctx, lookup) => {
    const result = await recoverAccount(ctx, createLogins(ctx), USER, lookup, { clear: true, through: 'reconcile-credential' });
    return result?.outcome ?? 'nothing to do';
  });
}

type Command = (ctx: RotateContext, lookup: ReturnType<typeof lookupIn>) => Promise<string>;

async function asProcess(world: World, runner: Runner, edges: Set<string>, command: Command): Promise<void> {
  const vault = vaultOf(world, runner);
  let last = 'start';
  const ctx: RotateContext = {
    vault,
    journal: createJournal(journalDiskOf(world, runner), OPEN_SEALER, (n) => Buffer.alloc(n, 7)),
    provider: async () => targetOf(world, runner),
    readInput: async () => Secret.fromText(''),
    clock: { now: () => world.scheduler.now(), sleep: (ms, signal) => world.scheduler.sleep(ms, signal) },
    random: { uuid: () => world.uuid(), bytes: (n) => Buffer.alloc(n, 7), int: (max) => world.scheduler.pick(max) },
    settings: DEFAULT_SETTINGS,
    holder: { host: 'simulation', pid: 1, user: runner.name, command: 'apply', since: world.now() },
    leaseWaitMs: 0,
    emit: (event) => {
      if (event.type === 'recovering') last = 'start';
      if (event.type !== 'phase') return;
      world.trace.push(`  ${runner.name} → ${event.phase}`);
      // A new rotation begins by staging: what was before it had its end, perhaps by an error.
      edges.add(`${event.phase === 'stage' ? 'start' : last} → ${event.phase}`);
      last = event.phase === 'close' ? 'start' : event.phase;
    },
    failpoint: async () => {},
    stop: runner.stop.signal,
  };
  try {
    const outcome = await command(ctx, lookupIn(await vault.authenticate(), OWNER));
    world.trace.push(`  ${runner.name} = ${outcome}`);
  } catch (error) {
    if (!(error instanceof Crash) && !isPamError(error)) throw error;
    world.trace.push(`  ${runner.name} ended: ${error instanceof Crash ? 'crashed' : error.code}`);
  }
}

/** Nothing is in flight, nothing is left to do, and the account was rotated. */
function isSettled(world: World): boolean {
  const rotation = world.records.get(USER)?.rotation;
  const isDone = rotation?.active === undefined && rotation?.retiring === undefined && rotation?.lastRotatedAt !== undefined;
  return isDone && world.journal.size === 0 && world.late.length === 0;
}

/** Any fault that fits, at random operations with the given probability. */
export function randomFaults(seed: number, probability: number): FaultPlan {
  const random = seeded(seed);
  return ({ kind }) => (random() < probability ? oneOf(FAULTS_OF[kind], random) : undefined);
}

/** Of the target and the network, and an impatient person; one on top of the other: what the rest of a run would dilute. */
export function randomTargetFaults(seed: number, probability: number): FaultPlan {
  const random = seeded(seed);
  return ({ kind }) => {
    if (!['ask', 'send', 'prove'].includes(kind) || random() >= probability) return undefined;
    return oneOf(
      FAULTS_OF[kind].filter((fault) => fault === 'stop' || !COMMON.includes(fault)),
      random,
    );
  };
}

function oneOf(faults: readonly Fault[], random: () => number): Fault {
  return faults[Math.floor(random() * faults.length)] ?? 'fail';
}
