import { canonicalJson, type Instant, type Owner, type Secret, type VaultRecord, type VersionId } from '../../src/model/index.ts';
import type { AuditEntry, SecretRef } from '../../src/vault/vault.ts';
import { Crash, type Fault, type FaultPlan, NO_FAULTS, type Operation, type OperationKind } from './faults.ts';
import type { Scheduler } from './scheduler.ts';

export const OWNER: Owner = { project: 'simulation', environment: 'default' };
export const LEASE_TTL_MS = 30_000;
/** What pam takes for granted of a target that locks accounts and does not tell when. */
export const LOCK_AT = 3;

export const USER = 'user';
export const ADMIN = 'admin';

/** What somebody set by hand: pam does not know it, and must not guess. */
export const FOREIGN_SECRET = 'set-by-hand';

export const ADMIN_SECRET = 'admin-secret';

/** What the target and the account on it are like. */
export interface TargetKind {
  readonly actor: 'admin' | 'self';
  /** `on-file`: it only knows what is on file, as a line in `authorized_keys`. */
  readonly oracle: boolean | 'on-file';
  readonly quiesce: boolean;
  /** The target goes on taking the secret that it had at first. */
  readonly lingers?: boolean;
  /** Secrets live side by side until one is retired. */
  readonly overlaps?: boolean;
  /** The vault has no secret of the account yet. */
  readonly unknown?: boolean;
  /** No login can be made with the secret, and the manifest accepts that (`allowUnproved`). */
  readonly unproved?: boolean;
}

export const KINDS: readonly TargetKind[] = [
  { actor: 'admin', oracle: true, quiesce: true },
  { actor: 'admin', oracle: true, quiesce: false },
  { actor: 'admin', oracle: false, quiesce: true },
  { actor: 'admin', oracle: false, quiesce: false },
  { actor: 'admin', oracle: true, quiesce: true, unknown: true },
  { actor: 'admin', oracle: false, quiesce: false, unknown: true },
  { actor: 'admin', oracle: false, quiesce: true, lingers: true },
  { actor: 'admin', oracle: 'on-file', quiesce: true, overlaps: true },
  { actor: 'admin', oracle: true, quiesce: true, unproved: true },
  { actor: 'admin', oracle: false, quiesce: true, unproved: true },
  { actor: 'self', oracle: false, quiesce: false },
  { actor: 'self', oracle: true, quiesce: true },
  { actor: 'self', oracle: false, quiesce: false, lingers: true },
  { actor: 'self', oracle: 'on-file', quiesce: true, overlaps: true },
];

/** A process of pam: it lives until it crashes. `stop` is what SIGINT aborts. */
export interface Runner {
  readonly name: string;
  alive: boolean;
  readonly stop: AbortController;
}

export function startRunner(name: string): Runner {
  return { name, alive: true, stop: new AbortController() };
}

/**
 * Vault, journal disk and target in memory, under one scheduler. These are doubles, faithful to the contracts in `vault.ts`,
 * `journal.ts` and `provider.ts`; the protocol that runs on them is the real one.
 */
export class World {
  readonly scheduler: Scheduler;
  readonly kind: TargetKind;
  plan: FaultPlan = NO_FAULTS;
  /** Called after every operation: where the invariants are checked. */
  check: (operation: Operation) => void = () => {};
  readonly trace: string[] = [];
  readonly operations: OperationKind[] = [];
  /** Those that happened, by the index of their operation. */
  readonly faults = new Map<number, Fault>();

  readonly records = new Map<string, VaultRecord>();
  readonly secrets = new Map<string, Secret>();
  readonly audit: AuditEntry[] = [];
  readonly leases = new Map<string, { epoch: number; runner: Runner; expires: number }>();
  readonly tickets = new Map<string, { record: string; version: VersionId; at: number; state: 'open' | 'refused' | 'cleared' }>();
  /** When it was refused, milliseconds. */
  readonly refused = new Map<VersionId, number>();
  readonly journal = new Map<string, Uint8Array>();

  /** Texts of the secrets that open the account, the newest last: one, unless they overlap. */
  opens: string[];
  readonly first: string;
  /** Requests that may still land, until their server-side bound has passed. */
  late: { secret: string; until: number; rotation: string }[] = [];
  failedLogins: number[] = [];
  /** Those since the last good login of the account. */
  streak: number[] = [];
  /** Secrets that were ever sent, in order. */
  readonly sent: string[] = [];
  /** The target said "done" and did nothing: until it is asked again, nobody can know. */
  hollow = false;
  /** Another secret may be made: the policy refused the one before, or its login after the target had said that it took it. */
  mayDrawAgain = false;
  #ids = 0;

  constructor(scheduler: Scheduler, kind: TargetKind, live: string) {
    this.scheduler = scheduler;
    this.kind = kind;
    this.opens = [live];
    this.first = live;
  }

  /** The secret that was set last. */
  get live(): string {
    return this.opens.at(-1) ?? '';
  }

  /** A request takes effect. */
  apply(secret: string): void {
    this.hollow = false;
    this.opens = this.kind.overlaps ? [...this.opens.filter((s) => s !== secret), secret] : [secret];
  }

  takes(secret: string): boolean {
    return this.opens.includes(secret) || (this.kind.lingers === true && secret === this.first);
  }

  /** Somebody logs in to the account. */
  login(secret: string): boolean {
    if (this.takes(secret)) {
      this.streak = [];
      return true;
    }
    this.failedLogins.push(this.scheduler.now());
    this.streak.push(this.scheduler.now());
    return false;
  }

  uuid(): string {
    return `00000000-0000-4000-8000-${String(++this.#ids).padStart(12, '0')}`;
  }

  now(): Instant {
    return new Date(this.scheduler.now()).toISOString();
  }

  /** One operation of one runner: waits for its turn, then does what the fault plan says. */
  async operation<T>(
    runner: Runner,
    kind: OperationKind,
    name: string,
    work: () => T | Promise<T>,
    faults: { fail: () => never; lost?: () => never },
  ): Promise<T> {
    if (!runner.alive) throw new Crash();
    await this.scheduler.turn(runner.name);
    if (!runner.alive) throw new Crash();
    const operation: Operation = { index: this.operations.length, runner: runner.name, kind, name };
    this.operations.push(kind);
    // Time goes by, so that before and after can be told apart.
    this.scheduler.advance(1);
    const fault = this.plan(operation);
    this.trace.push(`${operation.index} ${runner.name} ${name}${fault === undefined ? '' : ` ← ${fault}`}`);
    this.landSome();
    if (fault !== undefined) this.faults.set(operation.index, fault);
    if (fault === 'stop') runner.stop.abort();
    if (fault === 'pause') await this.scheduler.sleep(3 * LEASE_TTL_MS);
    if (fault === 'crash-before') this.#die(runner);
    if (fault === 'fail') faults.fail();
    const result = await this.#withFault(work, fault);
    this.check(operation);
    if (fault === 'crash-after') this.#die(runner);
    if (fault === 'lost') (faults.lost ?? faults.fail)();
    return result;
  }

  #current: Fault | undefined;
  /** The fault of the operation that runs: `send` looks at it. */
  get fault(): Fault | undefined {
    return this.#current;
  }

  async #withFault<T>(work: () => T | Promise<T>, fault: Fault | undefined): Promise<T> {
    this.#current = fault;
    try {
      return await work();
    } finally {
      this.#current = undefined;
    }
  }

  #die(runner: Runner): never {
    runner.alive = false;
    throw new Crash();
  }

  /** A late request lands at some moment before its bound, or never. */
  landSome(): void {
    const now = this.scheduler.now();
    this.late = this.late.filter((request) => {
      if (request.until < now) return false;
      if (this.scheduler.pick(4) > 0) return true;
      this.trace.push(`  a late request lands (${request.rotation})`);
      this.apply(request.secret);
      return false;
    });
  }

  secretKey({ record, field, version }: SecretRef): string {
    return `${record}/${field}/${version}`;
  }
}

export function secretText(world: World, version: string | undefined): string | undefined {
  return version === undefined ? undefined : world.secrets.get(world.secretKey({ record: USER, field: 'password', version }))?.reveal();
}

/** The whole of the vault's state in a line, for a trace that somebody has to read. */
export function describeWorld(world: World): string {
  const record = world.records.get(USER);
  const versions = record?.versions.map((v) => `${v.state}:${v.id.slice(-4)}`).join(' ');
  return `opens=${world.opens.join('+')} versions=[${versions}] journal=${world.journal.size} rotation=${canonicalJson(record?.rotation ?? {})}`;
}
