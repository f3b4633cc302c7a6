import { randomUUID } from 'node:crypto';
import type { RecordId, VersionId } from '../../model/index.ts';
import type { Attempts } from '../vault.ts';
import { type Context, instantOf } from './context.ts';
import type { Database } from './database.ts';
import { raiseSerial } from './meta.ts';

/** Nobody looks back further; older rows are removed when the account spends again. */
const KEPT_MS = 90 * 24 * 3600 * 1000;

/**
 * States of a ticket: `open` (the login may be under way, or its process died), `refused` (a failed login), `cleared` (a person
 * let us forget it; kept so that a refusal that arrives later still counts). A ticket that was given back is removed.
 */
export function openAttempts({ db, clock }: Pick<Context, 'db' | 'clock'>): Attempts {
  return {
    async spend({ record, version }, { max, windowMs, expected = false, lockAt, firstIsFree = false, sentAt }) {
      const now = clock();
      return db.write(() => {
        const refusal = db.one<{ at: number }>('SELECT at FROM refusal WHERE version = ?', version);
        const isSentSince = refusal !== undefined && sentAt !== undefined && Date.parse(sentAt) > refusal.at;
        if (refusal !== undefined && !isSentSince) return { granted: false, reason: 'refused' };
        const all = spentTickets(db, record, now - windowMs, expected ? version : null);
        const spent = all.filter((t) => !t.cleared);
        const isFree = lockAt === undefined || (firstIsFree && !all.some((t) => t.version === version && t.failed));
        const exhausted = blockedBy(spent, max) ?? (isFree ? null : blockedBy(all, lockAt - 1));
        if (exhausted !== null) {
          const { blocking } = exhausted;
          const until = blocking === undefined ? {} : { until: instantOf(blocking.at + windowMs) };
          return { granted: false, reason: 'exhausted', ...until };
        }
        const ticket = randomUUID();
        db.run('DELETE FROM attempt WHERE record = ? AND at < ?', record, now - KEPT_MS);
        db.run("INSERT INTO attempt (ticket, record, version, at, state) VALUES (?, ?, ?, ?, 'open')", ticket, record, version, now);
        return { granted: true, ticket };
      });
    },
    async succeed(ticket) {
      db.write(() => {
        db.run(
          "DELETE FROM attempt WHERE state = 'open' AND version = (SELECT version FROM attempt WHERE ticket = ?1) AND ticket <> ?1",
          ticket,
        );
        // A good login sets the target's own count back.
        db.run("DELETE FROM attempt WHERE state = 'cleared' AND record = (SELECT record FROM attempt WHERE ticket = ?)", ticket);
        if (db.run('DELETE FROM refusal WHERE version = (SELECT version FROM attempt WHERE ticket = ?)', ticket) > 0) raiseSerial(db);
        db.run('DELETE FROM attempt WHERE ticket = ?', ticket);
      });
    },
    async giveBack(ticket) {
      db.write(() => db.run('DELETE FROM attempt WHERE ticket = ?', ticket));
    },
    async refuse(ticket, code) {
      db.write(() => {
        db.run("UPDATE attempt SET state = 'refused' WHERE ticket = ?", ticket);
        db.run(
          'INSERT OR REPLACE INTO refusal (version, record, code, at) SELECT version, record, ?, ? FROM attempt WHERE ticket = ?',
          ...[code, clock(), ticket],
        );
        raiseSerial(db);
      });
    },
    async clear(record) {
      db.write(() => {
        db.run("UPDATE attempt SET state = 'cleared' WHERE record = ?", record);
        if (db.run('DELETE FROM refusal WHERE record = ?', record) > 0) raiseSerial(db);
      });
    },
    async spent(record, windowMs) {
      return spentTickets(db, record, clock() - windowMs, null).filter((t) => !t.cleared).length;
    },
  };
}

interface Spent {
  readonly at: number;
  readonly version: VersionId;
  /** The target is known to have refused it. */
  readonly failed: boolean;
  /** A person let us forget it; the target did not. */
  readonly cleared: boolean;
}

/** Oldest first. Open tickets of the `expected` version count as one, the newest. */
function spentTickets(db: Database, record: RecordId, after: number, expected: VersionId | null): Spent[] {
  const rows = db.all<{ at: number; state: string; version: string }>(
    'SELECT at, state, version FROM attempt WHERE record = ? AND at > ? ORDER BY at',
    ...[record, after],
  );
  const isExpected = (row: { state: string; version: string }) => row.state === 'open' && row.version === expected;
  const newest = rows.findLast(isExpected);
  return rows
    .filter((row) => row === newest || !isExpected(row))
    .map(({ at, version, state }) => ({ at, version, failed: state !== 'open', cleared: state === 'cleared' }));
}

/** Where `max` are used up: the one that has to leave the window first (none could where `max` is 0). */
function blockedBy(spent: readonly Spent[], max: number): { readonly blocking: Spent | undefined } | null {
  return spent.length >= max ? { blocking: max > 0 ? spent[spent.length - max] : undefined } : null;
}

export function readRefusedVersions(db: Database): VersionId[] {
  return db.all<{ version: string }>('SELECT version FROM refusal ORDER BY version').map((row) => row.version);
}

/** A version that is erased needs no refusal any more. */
export function forgetRefusal(db: Database, version: VersionId): void {
  db.run('DELETE FROM refusal WHERE version = ?', version);
}

/** Of a record that is deleted. */
export function forgetAttempts(db: Database, record: RecordId): void {
  db.run('DELETE FROM refusal WHERE record = ?', record);
  db.run('DELETE FROM attempt WHERE record = ?', record);
}
