import { randomUUID } from 'node:crypto';
import { type Address, Secret, type SecretField, type VersionHeader, type VersionState } from '../../src/model/index.ts';
import type { LeaseHolder, RecordDraft, RecordPut, Run, Timers, VaultReader } from '../../src/vault/index.ts';

/** What `describeVault` needs of a vault: one storage, empty, made for two recipients. */
export interface VaultFixture extends AsyncDisposable {
  /** A new handle, as another process would have one, under `clock` and `timers`, with leases of `LEASE_TTL_MS`. */
  open(): Promise<VaultReader>;
  readonly identities: { readonly runner: string; readonly recovery: string; readonly stranger: string };
  readonly clock: TestClock;
  readonly timers: TestTimers;
}

export const LEASE_TTL_MS = 30_000;

export interface TestClock {
  (): number;
  advance(ms: number): void;
}

export function createTestClock(start = Date.parse('2026-03-01T12:00:00Z')): TestClock {
  let now = start;
  return Object.assign(() => now, {
    advance(ms: number) {
      now += ms;
    },
  });
}

/** No real time passes: a sleep moves the clock on, and heartbeats beat when the test says so. */
export class TestTimers implements Timers {
  readonly #clock: TestClock;
  readonly #beating = new Set<() => void>();
  /** Called at each sleep, so that something can happen while somebody waits. */
  onSleep: (sleeps: number) => void | Promise<void> = () => {};
  #sleeps = 0;

  constructor(clock: TestClock) {
    this.#clock = clock;
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    this.#clock.advance(ms);
    this.#sleeps += 1;
    await this.onSleep(this.#sleeps);
    signal?.throwIfAborted();
  }

  repeat(_ms: number, run: () => void): () => void {
    const beat = () => run();
    this.#beating.add(beat);
    return () => void this.#beating.delete(beat);
  }

  beat(): void {
    for (const run of [...this.#beating]) run();
  }

  get beating(): number {
    return this.#beating.size;
  }
}

export const OWNER = { project: 'shop', environment: 'default' };

export function draft(name: string, changes: Partial<RecordDraft> = {}): RecordDraft {
  return {
    id: randomUUID(),
    address: `PamUser/${name}`,
    owner: OWNER,
    fields: { login: name, metadata: { labels: { team: 'payments' } } },
    links: [{ type: 'belongs-to', to: 'PamDatabase/orders-db' }],
    status: 'managed',
    inputs: {},
    versions: [],
    rotation: {},
    createdAt: '2026-03-01T00:00:00.000Z',
    ...changes,
  };
}

export function header(state: VersionState, field: SecretField = 'password'): VersionHeader {
  return { id: randomUUID(), field, state, origin: 'generated', createdAt: '2026-03-01T00:00:00.000Z' };
}

/** A put that creates a record with one secret for each header given. */
export function putWith(name: string, secrets: readonly (readonly [VersionHeader, string])[]): RecordPut {
  return {
    record: draft(name, { versions: secrets.map(([version]) => version) }),
    expected: null,
    secrets: secrets.map(([version, text]) => ({ field: version.field, version: version.id, secret: Secret.fromText(text) })),
  };
}

export function holder(changes: Partial<LeaseHolder> = {}): LeaseHolder {
  const here = { host: 'runner-1', pid: process.pid, user: 'deploy', command: 'pam apply', since: '2026-03-01T12:00:00.000Z' };
  return { ...here, ...changes };
}

export function run(id: string, digest: string, startedAt: string, addresses: readonly Address[] = []): Omit<Run, 'finishedAt' | 'exit'> {
  const changes = addresses.map((address) => ({
    kind: 'adopt' as const,
    id: `adopt ${address}`,
    address,
    dependsOn: [],
    precondition: 'absent',
  }));
  const plan: Run['plan'] = {
    formatVersion: 1,
    owner: OWNER,
    lineage: '00000000-0000-8000-8000-000000000000',
    serial: 0,
    asOf: startedAt,
    manifestDigest: 'sha256:0',
    narrowing: { targets: [], excludes: [], files: [] },
    grants: {},
    changes,
    risks: [],
    findings: [],
    unmanaged: [],
    summary: { counts: {}, rotateReasons: {}, blocked: 0, unchanged: 0 },
    digest,
  };
  return { id, command: 'pam apply', digest, plan, startedAt, holder: holder() };
}
