import { isPamError } from '../../src/errors/index.ts';
import { Secret, type VaultRecord } from '../../src/model/index.ts';
import {
  createJournal,
  createLogins,
  DEFAULT_SETTINGS,
  lookupIn,
  type RotateContext,
  recoverAccount,
  rotateAccount,
} from '../../src/rotate/index.ts';
import { Crash, type FaultPlan, NO_FAULTS, type Operation } from './faults.ts';
import { createScheduler, seeded } from './scheduler.ts';
import {
  ADMIN_SECRET,
  describeWorld,
  FOREIGN_SECRET,
  journalDiskOf,
  OPEN_SEALER,
  OWNER,
  type Runner,
  type TargetKind,
  targetOf,
  vaultOf,
  World,
} from './world.ts';

export const USER = 'user';
const ADMIN = 'admin';
const OLD = 'old-secret';

export interface Scenario {
  readonly kind: TargetKind;
  readonly runners: number;
  /** Decides the order of everything that waits. */
  readonly seed: number;
  readonly faults: FaultPlan;
}

export interface SimulationResult {
  readonly operations: number;
  readonly trace: readonly string[];
  /** What was violated; empty when all is well. */
  readonly violations: readonly string[];
  readonly steps: ReadonlySet<string>;
  readonly edges: ReadonlySet<string>;
}

/**
 * One account, one or more runners that rotate it, faults as planned; then the faults stop, the crashed are replaced, and it has
 * to converge. The invariants of `src/rotate/README.md` are looked at after every single operation.
 */
export async function simulate(scenario: Scenario): Promise<SimulationResult> {
  const scheduler = createScheduler(scenario.seed);
  const world = new World(scheduler, scenario.kind, OLD);
  prepare(world);
  const violations: string[] = [];
  const steps = new Set<string>();
  const edges = new Set<string>();
  const violate = (what: string) => violations.push(`${what} | ${describeWorld(world, USER)}`);
  world.check = (operation) => checkInvariants(world, operation, violate);
  world.plan = scenario.faults;

  const names = Array.from({ length: scenario.runners }, (_, i) => `r${i + 1}`);
  await scheduler.run(Promise.all(names.map((name) => runOnce(world, { name, alive: true }, { steps, edges }))));
  world.plan = NO_FAULTS;
  for (let round = 1; round <= 6 && !isConverged(world); round++) {
    // Leases run out, and so does the window of the login budget.
    scheduler.advance(31 * 60_000);
    await scheduler.run(runOnce(world, { name: `heal${round}`, alive: true }, { steps, edges }));
  }
  const record = world.records.get(USER);
  const current = record?.versions.find((v) => v.state === 'current');
  // What was changed by hand in the middle of it is for a person to look at: every candidate is kept, and nothing writes any more.
  if (world.live === FOREIGN_SECRET || record?.rotation.quarantined !== undefined) {
    if (record?.rotation.quarantined === undefined) violate('a foreign secret was not noticed');
  } else if (!isConverged(world)) violate('it did not converge');
  else if (secretText(world, current?.id) !== world.live) violate('current does not open the account');
  return { operations: world.operations, trace: world.trace, violations, steps, edges };
}

/** What an apply does for one account: recover, then rotate if nobody has. */
async function runOnce(world: World, runner: Runner, seen: { steps: Set<string>; edges: Set<string> }): Promise<void> {
  const vault = vaultOf(world, runner);
  let last = 'start';
  const ctx: RotateContext = {
    vault,
    journal: createJournal(journalDiskOf(world, runner), OPEN_SEALER, (n) => Buffer.alloc(n, 7)),
    provider: async () => targetOf(world, runner),
    readInput: async () => Secret.fromText(''),
    clock: { now: () => world.scheduler.now(), sleep: (ms) => world.scheduler.sleep(ms) },
    random: { uuid: () => world.uuid(), bytes: (n) => Buffer.alloc(n, 7), int: (max) => world.scheduler.pick(max) },
    settings: DEFAULT_SETTINGS,
    holder: { host: 'simulation', pid: 1, user: runner.name, command: 'apply', since: world.now() },
    leaseWaitMs: 0,
    emit: (event) => {
      if (event.type !== 'phase') return;
      world.trace.push(`  ${runner.name} → ${event.phase}`);
      seen.steps.add(event.phase);
      seen.edges.add(`${last} → ${event.phase}`);
      last = event.phase;
    },
    failpoint: async () => {},
    stop: new AbortController().signal,
  };
  try {
    const lookup = lookupIn(await vault.authenticate(), OWNER);
    const logins = createLogins(ctx);
    // An apply leaves what is quarantined to a person; the rotation that it was asked for has to do so by itself.
    if (world.records.get(USER)?.rotation.quarantined === undefined) await recoverAccount(ctx, logins, USER, lookup);
    last = 'start';
    const result = await rotateAccount(ctx, logins, USER, lookup, { type: 'initial' }, null);
    world.trace.push(`  ${runner.name} = ${result.outcome}`);
  } catch (error) {
    if (!(error instanceof Crash) && !isPamError(error)) throw error;
    world.trace.push(`  ${runner.name} ended: ${error instanceof Crash ? 'crashed' : error.code}`);
  }
}

function isConverged(world: World): boolean {
  const record = world.records.get(USER);
  return (
    record?.rotation.active === undefined &&
    record?.rotation.lastRotatedAt !== undefined &&
    world.journal.size === 0 &&
    world.late.length === 0
  );
}

function secretText(world: World, version: string | undefined): string | undefined {
  return version === undefined ? undefined : world.secrets.get(world.secretKey({ record: USER, field: 'password', version }))?.reveal();
}

/** Worlds whose account was quarantined before the operation that is looked at. */
const quarantinedBefore = new WeakSet<World>();

function checkInvariants(world: World, operation: Operation, violate: (what: string) => void): void {
  const record = world.records.get(USER);
  const versions = record?.versions ?? [];
  const stored = new Map(versions.map((v) => [v.id, secretText(world, v.id)]));
  const journal = [...world.journal.values()]
    .map((bytes) => Buffer.from(bytes).toString())
    .map((text) => Buffer.from(text.split('\n')[0]?.split(' ')[1] ?? '', 'base64').toString());
  const inJournal = (text: string) => journal.some((j) => j.includes(Buffer.from(text).toString('base64')));

  // Promise 1: at every instant a stored secret opens the account; what is in flight counts as soon as it may land.
  for (const text of [world.live, ...world.late.map((r) => r.secret)]) {
    if (text !== FOREIGN_SECRET && ![...stored.values()].includes(text)) violate('the secret of the account is not in the vault');
  }
  // I1: nothing is sent before it is in both.
  if (operation.name === 'target.send') {
    const text = world.sent.at(-1) ?? '';
    if (![...stored.values()].includes(text) || !inJournal(text)) violate('I1: sent before it was sealed in vault and journal');
  }
  // I3: one active pending secret; every retry of a rotation sends the same one.
  if (versions.filter((v) => v.state === 'pending').length > 1) violate('I3: two pending secrets');
  if (new Set(world.sent).size > 1 && !world.refusedByPolicy) violate('I3: a second secret was sent although the first was never refused');
  // I4: current moves only after proof.
  const current = versions.find((v) => v.state === 'current');
  if (current !== undefined && current.origin === 'generated') {
    if (current.proof === undefined) violate('I4: current without proof');
    if (world.live !== FOREIGN_SECRET && secretText(world, current.id) !== world.live) violate('I4: current is not what opens the account');
  }
  // Promise 8: nothing of itself comes near a quarantined account. (Of several runners at once a fenced one may still be on its way.)
  const touches = ['login', 'look', 'send', 'prove'].includes(operation.kind) && operation.runner.startsWith('heal');
  if (touches && quarantinedBefore.has(world)) violate('a quarantined account was touched');
  if (record?.rotation.quarantined !== undefined) quarantinedBefore.add(world);
  // I6: the budget.
  const since = world.scheduler.now() - DEFAULT_SETTINGS.budget.windowMs;
  if (world.failedLogins.filter((at) => at > since).length > DEFAULT_SETTINGS.budget.max)
    violate('I6: more failed logins than the budget allows');
}

function prepare(world: World): void {
  const at = world.now();
  const base = { owner: OWNER, revision: 1, status: 'managed' as const, inputs: {}, createdAt: at, updatedAt: at, mac: '' };
  const current = (id: string) => [
    { id, field: 'password' as const, state: 'current' as const, origin: 'input' as const, createdAt: at, proof: { at, method: 'login' } },
  ];
  const rotation = { type: 'general', initial: 'now', ...(world.kind.actor === 'self' ? { selfRotate: true } : {}) };
  const records: VaultRecord[] = [
    {
      ...base,
      id: 'db',
      address: 'PamDatabase/db',
      fields: { databaseType: 'postgresql', host: 'db' },
      links: [{ type: 'admin-of', to: 'PamUser/admin' }],
      versions: [],
      rotation: {},
    },
    {
      ...base,
      id: ADMIN,
      address: 'PamUser/admin',
      fields: { login: 'admin' },
      links: [{ type: 'belongs-to', to: 'PamDatabase/db' }],
      versions: current('admin-version'),
      rotation: {},
    },
    {
      ...base,
      id: USER,
      address: 'PamUser/user',
      fields: { login: 'user', rotation },
      links: [{ type: 'belongs-to', to: 'PamDatabase/db' }],
      versions: current('old-version'),
      rotation: {},
    },
  ];
  for (const record of records) world.records.set(record.id, record);
  world.secrets.set(world.secretKey({ record: ADMIN, field: 'password', version: 'admin-version' }), Secret.fromText(ADMIN_SECRET));
  world.secrets.set(world.secretKey({ record: USER, field: 'password', version: 'old-version' }), Secret.fromText(OLD));
}

/** Faults at random operations, each with the given probability. */
export function randomFaults(
  seed: number,
  probability: number,
  choose: (operation: Operation, random: () => number) => ReturnType<FaultPlan>,
): FaultPlan {
  const random = seeded(seed);
  return (operation) => (random() < probability ? choose(operation, random) : undefined);
}
