import { canonicalJson } from '../../model/index.ts';
import { acquireLease, HeldLease, leaseLost } from '../held-lease.ts';
import type { Lease, LeaseHolder, LeaseOptions, LeaseScope } from '../vault.ts';
import { type Clock, type Context, instantOf } from './context.ts';
import type { Database } from './database.ts';
import { isDead, markProcess, type ProcessMark } from './process.ts';

interface LeaseRow {
  readonly scope: string;
  readonly epoch: number;
  readonly expires_at: number;
  /** JSON of LeaseHolder; null = released. The row stays, so that the epoch can only rise. */
  readonly holder: string | null;
  /** JSON of ProcessMark. */
  readonly process: string | null;
}

/** The leases of one open vault. */
export interface Leases {
  acquire(scope: LeaseScope, options: LeaseOptions): Promise<Lease>;
  /** Inside a write transaction: throws PAM5008 unless each lease is still the newest of its scope. */
  check(leases: readonly Lease[]): void;
  releaseAll(): Promise<void>;
}

export function openLeases({ db, clock, host, timers, leaseTtlMs }: Context): Leases {
  const held = new Set<HeldLease>();

  /** Takes the scope if it is free; else says who has it. */
  function take(scope: LeaseScope, holder: LeaseHolder): HeldLease | LeaseHolder {
    const key = canonicalJson(scope);
    const epoch = db.write(() => {
      const row = db.one<LeaseRow>('SELECT * FROM lease WHERE scope = ?', key);
      const other = row === undefined ? null : livingHolder(row, clock(), host);
      if (other !== null) return other;
      const next = (row?.epoch ?? 0) + 1;
      const mark = markProcess(holder.pid);
      db.run(
        'INSERT OR REPLACE INTO lease (scope, epoch, expires_at, holder, process) VALUES (?, ?, ?, ?, ?)',
        ...[key, next, clock() + leaseTtlMs, canonicalJson(holder), mark === null ? null : canonicalJson(mark)],
      );
      return next;
    });
    if (typeof epoch !== 'number') return epoch;

    const backend = {
      renew: async () => db.run('UPDATE lease SET expires_at = ? WHERE scope = ? AND epoch = ?', clock() + leaseTtlMs, key, epoch) === 1,
      release: async () => {
        held.delete(lease);
        db.run('UPDATE lease SET holder = NULL WHERE scope = ? AND epoch = ?', key, epoch);
      },
    };
    const lease = new HeldLease(scope, epoch, backend, leaseTtlMs / 3, timers);
    held.add(lease);
    return lease;
  }

  return {
    acquire: (scope, options) => acquireLease(scope, options, timers, async () => take(scope, options.holder)),
    check(leases) {
      for (const { scope, epoch } of leases) {
        const row = db.one('SELECT 1 FROM lease WHERE scope = ? AND epoch = ? AND holder IS NOT NULL', canonicalJson(scope), epoch);
        if (row !== undefined) continue;
        for (const lease of held) if (lease.epoch === epoch && canonicalJson(lease.scope) === canonicalJson(scope)) lease.lose();
        throw leaseLost(scope);
      }
    },
    async releaseAll() {
      for (const lease of held) await lease.release();
    },
  };
}

export function readHeldLeases(db: Database, clock: Clock, host: string) {
  return db.all<LeaseRow>('SELECT * FROM lease WHERE holder IS NOT NULL ORDER BY scope').flatMap((row) => {
    const holder = livingHolder(row, clock(), host);
    const scope = JSON.parse(row.scope) as LeaseScope;
    return holder === null ? [] : [{ scope, epoch: row.epoch, holder, expiresAt: instantOf(row.expires_at) }];
  });
}

/** In a write transaction. Whoever had the scope, if anybody, is fenced: one whose lease has run out could else still write. */
export function endLease(db: Database, scope: LeaseScope): LeaseHolder | null {
  const key = canonicalJson(scope);
  const row = db.one<{ holder: string }>('SELECT holder FROM lease WHERE scope = ? AND holder IS NOT NULL', key);
  if (row === undefined) return null;
  db.run('UPDATE lease SET epoch = epoch + 1, holder = NULL WHERE scope = ?', key);
  return JSON.parse(row.holder) as LeaseHolder;
}

/** Null when the scope is free: released, expired, or held by a process of this host that is gone. */
function livingHolder(row: LeaseRow, now: number, host: string): LeaseHolder | null {
  if (row.holder === null || row.expires_at <= now) return null;
  const holder = JSON.parse(row.holder) as LeaseHolder;
  const isGone = row.process !== null && holder.host === host && isDead(holder.pid, JSON.parse(row.process) as ProcessMark);
  return isGone ? null : holder;
}
