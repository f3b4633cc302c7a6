import { PamError } from '../../src/errors/index.ts';
import {
  canonicalJson,
  type Instant,
  type Owner,
  type Secret,
  type Snapshot,
  type VaultRecord,
  type VersionId,
} from '../../src/model/index.ts';
import {
  type Account,
  type Attempt,
  type Candidate,
  type Credential,
  type LiveAnswer,
  type Proof,
  type Provider,
  ProviderError,
  type ProviderModule,
  type SetOutcome,
} from '../../src/providers/provider.ts';
import type { JournalStorage } from '../../src/rotate/journal.ts';
import { checkBatch, findErased, type SecretName } from '../../src/vault/batch.ts';
import type { AttemptBudget, AuditEntry, Lease, Sealer, SecretRef, SpendAnswer, Vault } from '../../src/vault/vault.ts';
import { Crash, type Fault, type FaultPlan, NO_FAULTS, type Operation, type OperationKind } from './faults.ts';
import type { Scheduler } from './scheduler.ts';

/** Of the secrets that are stored for a record. */
function namesIn(world: World, record: string): readonly SecretName[] {
  return (world.records.get(record)?.versions ?? []).map(({ id, field }) => ({ field, version: id }));
}

export const OWNER: Owner = { project: 'simulation', environment: 'default' };
const LEASE_TTL_MS = 30_000;

/** What the target is like. */
export interface TargetKind {
  readonly actor: 'admin' | 'self';
  readonly oracle: boolean;
  readonly quiesce: boolean;
  /** The target goes on taking the secret that it had at first. */
  readonly lingers?: boolean;
}

/** A process of pam: it lives until it crashes. */
export interface Runner {
  readonly name: string;
  alive: boolean;
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

  readonly records = new Map<string, VaultRecord>();
  readonly secrets = new Map<string, Secret>();
  readonly audit: AuditEntry[] = [];
  readonly leases = new Map<string, { epoch: number; runner: Runner; expires: number }>();
  readonly tickets = new Map<string, { record: string; version: VersionId; at: number; state: 'open' | 'refused' }>();
  readonly refused = new Set<VersionId>();
  readonly journal = new Map<string, Uint8Array>();

  /** Text of the secret that opens the account. */
  live: string;
  readonly first: string;
  /** Requests that may still land, until their server-side bound has passed. */
  late: { secret: string; until: number; rotation: string }[] = [];
  failedLogins: number[] = [];
  /** Secrets that were ever sent, in order. */
  readonly sent: string[] = [];
  /** From then on another secret may be made. */
  refusedByPolicy = false;
  #operations = 0;
  #ids = 0;

  constructor(scheduler: Scheduler, kind: TargetKind, live: string) {
    this.scheduler = scheduler;
    this.kind = kind;
    this.live = live;
    this.first = live;
  }

  get operations(): number {
    return this.#operations;
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
    const operation: Operation = { index: this.#operations++, runner: runner.name, kind, name };
    const fault = this.plan(operation);
    this.trace.push(`${operation.index} ${runner.name} ${name}${fault === undefined ? '' : ` ← ${fault}`}`);
    this.landSome();
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
      this.live = request.secret;
      return false;
    });
  }

  secretKey({ record, field, version }: SecretRef): string {
    return `${record}/${field}/${version}`;
  }
}

function vaultFails(): never {
  throw new PamError('PAM5010', 'the simulated vault cannot be reached');
}

/** The vault as one runner sees it. */
export function vaultOf(world: World, runner: Runner): Vault {
  const op = <T>(kind: OperationKind, name: string, work: () => T) => world.operation(runner, kind, name, work, { fail: vaultFails });
  const snapshot = (): Snapshot => ({
    formatVersion: 1,
    lineage: 'simulation',
    serial: 1,
    records: [...world.records.values()],
    refusedVersions: [...world.refused],
  });
  const scopeKey = (scope: Lease['scope']) => (scope.type === 'account' ? scope.record : 'project');

  const vault: Partial<Vault> = {
    lineage: 'simulation',
    snapshot: () => op('vault-read', 'vault.snapshot', snapshot),
    authenticate: () => op('vault-read', 'vault.authenticate', snapshot),
    readRecord: (id) => op('vault-read', 'vault.readRecord', () => world.records.get(id) ?? null),
    readSecret: (ref) =>
      op('vault-read', 'vault.readSecret', () => {
        const secret = world.secrets.get(world.secretKey(ref));
        if (secret === undefined) throw new PamError('PAM5012', 'no such secret');
        return secret;
      }),
    async lease(scope) {
      const key = scopeKey(scope);
      const epoch = await op('lease', 'vault.lease', () => {
        const held = world.leases.get(key);
        const isHeld = held !== undefined && held.runner !== runner && held.runner.alive && held.expires > world.scheduler.now();
        if (isHeld) throw new PamError('PAM5007', 'the lease is held');
        const next = (held?.epoch ?? 0) + 1;
        world.leases.set(key, { epoch: next, runner, expires: world.scheduler.now() + LEASE_TTL_MS });
        return next;
      });
      return {
        scope,
        epoch,
        lost: new AbortController().signal,
        async release() {
          if (!runner.alive) return;
          const held = world.leases.get(key);
          if (held?.epoch === epoch) held.expires = 0;
        },
      };
    },
    write: (batch, leases) =>
      op('vault-write', 'vault.write', () => {
        for (const lease of leases) {
          const held = world.leases.get(scopeKey(lease.scope));
          // A held lease renews itself as long as nobody took it over.
          if (held === undefined || held.epoch !== lease.epoch) throw new PamError('PAM5008', 'the lease was lost');
          held.expires = world.scheduler.now() + LEASE_TTL_MS;
        }
        for (const put of batch.puts) {
          if ((world.records.get(put.record.id)?.revision ?? null) !== put.expected)
            throw new PamError('PAM5009', 'the record was changed');
          checkBatch(batch);
          findErased(put, namesIn(world, put.record.id));
        }
        return batch.puts.map((put) => {
          const record: VaultRecord = { ...put.record, revision: (put.expected ?? 0) + 1, updatedAt: world.now(), mac: '' };
          world.records.set(record.id, record);
          for (const { field, version, secret } of put.secrets ?? [])
            world.secrets.set(world.secretKey({ record: record.id, field, version }), secret);
          for (const key of world.secrets.keys()) {
            if (
              key.startsWith(`${record.id}/`) &&
              !record.versions.some((v) => key === world.secretKey({ record: record.id, field: v.field, version: v.id }))
            )
              world.secrets.delete(key);
          }
          world.audit.push(...(batch.audit ?? []));
          return record;
        });
      }),
    attempts: {
      spend: (ref, budget) => op('vault-write', 'attempts.spend', () => spend(world, ref, budget)),
      succeed: (ticket) =>
        op('vault-write', 'attempts.succeed', () => {
          const version = world.tickets.get(ticket)?.version;
          for (const [id, t] of world.tickets) if (t.version === version && t.state === 'open') world.tickets.delete(id);
        }),
      giveBack: (ticket) => op('vault-write', 'attempts.giveBack', () => void world.tickets.delete(ticket)),
      refuse: (ticket) =>
        op('vault-write', 'attempts.refuse', () => {
          const known = world.tickets.get(ticket);
          if (known === undefined) return;
          known.state = 'refused';
          world.refused.add(known.version);
        }),
      miss: (ticket) =>
        op('vault-write', 'attempts.miss', () => {
          const known = world.tickets.get(ticket);
          if (known !== undefined) known.state = 'refused';
        }),
      clear: async () => {},
      spent: async () => 0,
    },
    appendAudit: async () => {},
  };
  return vault as Vault;
}

function spend(world: World, ref: SecretRef, budget: AttemptBudget): SpendAnswer {
  if (world.refused.has(ref.version)) return { granted: false, reason: 'refused' };
  const since = world.scheduler.now() - budget.windowMs;
  const recent = [...world.tickets.values()].filter((t) => t.record === ref.record && t.at > since);
  const own = recent.filter((t) => t.version === ref.version && t.state === 'open').length;
  const counted = recent.length - (budget.expected === true ? Math.max(0, own - 1) : 0);
  if (counted >= budget.max) return { granted: false, reason: 'exhausted', until: world.now() };
  const ticket = world.uuid();
  world.tickets.set(ticket, { record: ref.record, version: ref.version, at: world.scheduler.now(), state: 'open' });
  return { granted: true, ticket };
}

/** The journal's disk. A write that is `lost` tears an append: half of it is there. */
export function journalDiskOf(world: World, runner: Runner): JournalStorage {
  const broken = (): never => {
    throw new PamError('PAM4010', 'the simulated disk fails');
  };
  const op = <T>(kind: OperationKind, name: string, work: () => T) => world.operation(runner, kind, name, work, { fail: broken });
  return {
    create: (name, bytes) =>
      op('journal-write', 'journal.create', () => {
        if (world.journal.has(name)) broken();
        world.journal.set(name, bytes);
      }),
    append: (name, bytes) =>
      op('journal-write', 'journal.append', () => {
        // As a file system does: an entry that somebody else closed meanwhile cannot be appended to.
        const bytesThere = world.journal.get(name);
        if (bytesThere === undefined) broken();
        const text = Buffer.from(bytesThere ?? '').toString();
        const whole = text.slice(0, text.lastIndexOf('\n') + 1);
        const torn = world.fault === 'lost' || world.fault === 'crash-after';
        world.journal.set(name, Buffer.concat([Buffer.from(whole), torn ? bytes.subarray(0, bytes.length / 2) : bytes]));
      }),
    read: (name) => op('journal-read', 'journal.read', () => world.journal.get(name) ?? null),
    list: () => op('journal-read', 'journal.list', () => [...world.journal.keys()].sort()),
    remove: (name) => op('journal-write', 'journal.remove', () => void world.journal.delete(name)),
    setAside: (name) => op('journal-write', 'journal.setAside', () => void world.journal.delete(name)),
  };
}

/** Sealing costs nothing here; that it seals is the business of the vault's own tests. */
export const OPEN_SEALER: Sealer = { seal: async (bytes) => bytes, open: async (bytes) => bytes };

/** What somebody set by hand: pam does not know it, and must not guess. */
export const FOREIGN_SECRET = 'set-by-hand';

export const ADMIN_SECRET = 'admin-secret';

/** The target: knows one secret for the account, and loses, delays or repeats what it is sent. */
export function targetOf(world: World, runner: Runner): ProviderModule {
  const unreachable = (): never => {
    throw new ProviderError('PAM6001', 'the simulated network fails', { retryable: true, spent: false });
  };
  const op = <T>(kind: OperationKind, name: string, work: () => T, fail: () => never = unreachable) =>
    world.operation(runner, kind, name, work, { fail });
  const node = 'target:1';

  function session(): Provider {
    const provider: Provider & { identify?: unknown; quiesce?: unknown } = {
      inspect: () => op('look', 'target.inspect', () => ({ exists: true, obstacles: [] })),
      setSecret: (_account, secret, attempt) => send(secret, attempt),
      prove: (account, secret) => prove(account, secret),
      async [Symbol.asyncDispose]() {},
      ...(world.kind.oracle ? { identify } : {}),
      ...(world.kind.quiesce
        ? {
            quiesce: (_account: Account, attempt: Attempt) =>
              op('look', 'target.quiesce', () => {
                world.late = world.late.filter((r) => r.rotation !== attempt.rotationId);
                return true;
              }),
          }
        : {}),
    };
    return provider;
  }

  async function send(secret: Secret, attempt: Attempt): Promise<SetOutcome> {
    const text = secret.reveal();
    const request = { secret: text, until: world.scheduler.now() + attempt.timeoutMs, rotation: attempt.rotationId };
    const lost = (): never => {
      throw new Unanswered();
    };
    try {
      await world.operation(
        runner,
        'send',
        'target.send',
        () => {
          if (world.fault === 'refuse') throw new Refused('PAM6010');
          if (world.fault === 'policy') {
            world.refusedByPolicy = true;
            throw new Refused('PAM6007');
          }
          if (world.fault === 'foreign') {
            world.live = FOREIGN_SECRET;
            throw new Unanswered();
          }
          world.sent.push(text);
          if (world.fault === 'late' || world.fault === 'twice') world.late.push(request);
          if (world.fault !== 'late') world.live = text;
          if (world.fault === 'late') throw new Unanswered();
        },
        { fail: lost, lost },
      );
      return { outcome: 'done' };
    } catch (error) {
      if (error instanceof Refused) return { outcome: 'refused', code: error.code, reason: 'refused', retryable: true };
      if (error instanceof Unanswered) return { outcome: 'unknown', reason: 'no answer' };
      throw error;
    }
  }

  async function identify(_account: Account, candidates: readonly Candidate[]): Promise<LiveAnswer> {
    return op('look', 'target.identify', () => {
      const live = candidates.find((c) => c.secret.reveal() === world.live);
      return { live: live?.id ?? 'none', method: 'verifier', node };
    });
  }

  async function prove(account: Account, secret: Secret): Promise<Proof> {
    try {
      return await op('prove', 'target.prove', (): Proof => {
        if (secret.reveal() === world.live || (world.kind.lingers && secret.reveal() === world.first))
          return { answer: 'accepted', method: 'login', node };
        world.failedLogins.push(world.scheduler.now());
        return { answer: 'refused', code: 'PAM6003', reason: `${account.login} was refused` };
      });
    } catch (error) {
      if (!(error instanceof ProviderError)) throw error;
      return { answer: 'cannot-tell', code: 'PAM6001', reason: error.message, spent: false };
    }
  }

  return {
    provable: true,
    rollback: 'none',
    oldLingers: world.kind.lingers === true,
    async open(_target, credential: Credential | null) {
      if (credential === null) return session();
      await op('login', 'target.login', () => {
        const right = world.kind.actor === 'admin' ? [ADMIN_SECRET] : [world.live, ...(world.kind.lingers ? [world.first] : [])];
        if (right.includes(credential.secret.reveal())) return;
        world.failedLogins.push(world.scheduler.now());
        throw new ProviderError('PAM6003', 'the login was refused');
      });
      return session();
    },
  };
}

class Unanswered extends Error {}

class Refused extends Error {
  readonly code: 'PAM6007' | 'PAM6010';

  constructor(code: 'PAM6007' | 'PAM6010') {
    super(code);
    this.code = code;
  }
}

/** The whole of the vault's state in a line, for a trace that somebody has to read. */
export function describeWorld(world: World, id: string): string {
  const record = world.records.get(id);
  const versions = record?.versions.map((v) => `${v.state}:${v.id.slice(-4)}`).join(' ');
  return `live=${world.live} versions=[${versions}] journal=${world.journal.size} rotation=${canonicalJson(record?.rotation ?? {})}`;
}
