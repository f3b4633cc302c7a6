import type { LedgerEntry, Plan } from '../../model/index.ts';
import type { Run, RunSummary, Runs } from '../vault.ts';
import { type Context, instantOf } from './context.ts';
import type { Database } from './database.ts';

interface RunRow {
  readonly finished_at: string | null;
  readonly exit: number | null;
  /** JSON of Run without plan, end and exit. */
  readonly header: string;
}

/** A run and its ledger hold no secrets and carry no MAC: nothing that is read from them reaches a target unchecked. */
export function openRuns({ db, clock }: Pick<Context, 'db' | 'clock'>): Runs {
  return {
    async start({ plan, ...header }) {
      const changes = plan.changes.map(({ id, kind, address }) => ({ id, kind, address }));
      db.write(() =>
        db.run(
          'INSERT INTO run (id, digest, started_at, header, changes, plan) VALUES (?, ?, ?, ?, ?, ?)',
          ...[header.id, header.digest, header.startedAt, JSON.stringify(header), JSON.stringify(changes), JSON.stringify(plan)],
        ),
      );
    },
    async append(runId, entries) {
      db.write(() => {
        for (const entry of entries) db.run('INSERT INTO ledger (run, entry) VALUES (?, ?)', runId, JSON.stringify(entry));
      });
    },
    async finish(runId, exit) {
      db.write(() => db.run('UPDATE run SET finished_at = ?, exit = ? WHERE id = ?', instantOf(clock()), exit, runId));
    },
  };
}

export function listRuns(db: Database, limit: number): readonly RunSummary[] {
  return db
    .all<RunRow & { changes: string }>(
      'SELECT header, changes, finished_at, exit FROM run ORDER BY started_at DESC, rowid DESC LIMIT ?',
      limit,
    )
    .map((row) => ({ ...parseHeader(row), changes: JSON.parse(row.changes) as RunSummary['changes'] }));
}

export function readRun(db: Database, id: string): { run: Run; ledger: readonly LedgerEntry[] } | null {
  return db.read(() => {
    const row = db.one<RunRow & { plan: string }>('SELECT header, plan, finished_at, exit FROM run WHERE id = ?', id);
    if (row === undefined) return null;
    const ledger = db.all<{ entry: string }>('SELECT entry FROM ledger WHERE run = ? ORDER BY sequence', id);
    return { run: parseRun(row), ledger: ledger.map(({ entry }) => JSON.parse(entry) as LedgerEntry) };
  });
}

/** The newest run of that digest. */
export function findRun(db: Database, digest: string): Run | null {
  const row = db.one<RunRow & { plan: string }>(
    'SELECT header, plan, finished_at, exit FROM run WHERE digest = ? ORDER BY started_at DESC, rowid DESC LIMIT 1',
    digest,
  );
  return row === undefined ? null : parseRun(row);
}

function parseRun(row: RunRow & { plan: string }): Run {
  return { ...parseHeader(row), plan: JSON.parse(row.plan) as Plan };
}

function parseHeader({ header, finished_at, exit }: RunRow): Omit<Run, 'plan'> {
  return {
    ...(JSON.parse(header) as Omit<Run, 'plan' | 'finishedAt' | 'exit'>),
    ...(finished_at === null ? {} : { finishedAt: finished_at }),
    ...(exit === null ? {} : { exit }),
  };
}
