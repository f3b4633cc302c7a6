import { PamError } from '../../src/errors/index.ts';
import type { Snapshot, VaultRecord } from '../../src/model/index.ts';
import type { JournalStorage } from '../../src/rotate/journal.ts';
import { checkBatch, findErased, type SecretName } from '../../src/vault/batch.ts';
import type { AttemptBudget, Lease, Sealer, SecretRef, SpendAnswer, Vault } from '../../src/vault/vault.ts';
import type { OperationKind } from './faults.ts';
import { LEASE_TTL_MS, type Runner, type World } from './world.ts';

/** Of the secrets that are stored for a record. */
function namesIn(world: World, record: string): readonly SecretName[] {
  return (world.records.get(record)?.versions ?? []).map(({ id, field }) => ({ field, version: id }));
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
    refusedVersions: [...world.refused.keys()],
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
          const done = world.tickets.get(ticket);
          if (done !== undefined) world.refused.delete(done.version);
          for (const [id, t] of world.tickets) {
            const isSettled = (t.version === done?.version && t.state === 'open') || (t.record === done?.record && t.state === 'cleared');
            if (isSettled) world.tickets.delete(id);
          }
        }),
      giveBack: (ticket) => op('vault-write', 'attempts.giveBack', () => void world.tickets.delete(ticket)),
      refuse: (ticket) =>
        op('vault-write', 'attempts.refuse', () => {
          const known = world.tickets.get(ticket);
          if (known === undefined) return;
          known.state = 'refused';
          world.refused.set(known.version, world.scheduler.now());
        }),
      clear: (record) =>
        op('vault-write', 'attempts.clear', () => {
          for (const t of world.tickets.values()) if (t.record === record) t.state = 'cleared';
          for (const { id } of world.records.get(record)?.versions ?? []) world.refused.delete(id);
        }),
      spent: async () => 0,
    },
    appendAudit: async () => {},
  };
  return vault as Vault;
}

function spend(world: World, ref: SecretRef, budget: AttemptBudget): SpendAnswer {
  const refusedAt = world.refused.get(ref.version);
  const isSentSince = refusedAt !== undefined && budget.sentAt !== undefined && Date.parse(budget.sentAt) > refusedAt;
  if (refusedAt !== undefined && !isSentSince) return { granted: false, reason: 'refused' };
  const since = world.scheduler.now() - budget.windowMs;
  const recent = [...world.tickets.values()].filter((t) => t.record === ref.record && t.at > since);
  const own = recent.filter((t) => t.version === ref.version && t.state === 'open').length;
  const uncounted = budget.expected === true ? Math.max(0, own - 1) : 0;
  const isFree = budget.firstIsFree === true && !recent.some((t) => t.version === ref.version && t.state !== 'open');
  const bounds = [
    { most: budget.max, spent: recent.filter((t) => t.state !== 'cleared').length },
    ...(budget.lockAt === undefined || isFree ? [] : [{ most: budget.lockAt - 1, spent: recent.length }]),
  ];
  if (bounds.some(({ most, spent }) => spent - uncounted >= most)) return { granted: false, reason: 'exhausted', until: world.now() };
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
