import type { Code, ExitCode } from '../errors/index.ts';
import { exitOf } from '../errors/index.ts';
import type { Change, Emit, LedgerEntry, Outcome } from '../model/index.ts';

/** What a row came to, before it has a time and an address. */
export interface RowResult {
  readonly outcome: Outcome;
  readonly code?: Code;
  readonly detail?: string;
  readonly because?: string;
  readonly already?: boolean;
}

/** Every operation ends here exactly once, and from here on disk (`Runs.append`) before anybody is told. */
export interface Ledger {
  readonly entries: readonly LedgerEntry[];
  record(change: Pick<Change, 'id' | 'address' | 'kind'>, result: RowResult): Promise<void>;
  recordAll(results: readonly (readonly [Pick<Change, 'id' | 'address' | 'kind'>, RowResult])[]): Promise<void>;
  outcomeOf(id: string): Outcome | undefined;
}

export function createLedger(options: { now(): string; save(entries: readonly LedgerEntry[]): Promise<void>; emit: Emit }): Ledger {
  const entries: LedgerEntry[] = [];
  const outcomes = new Map<string, Outcome>();
  const recordAll: Ledger['recordAll'] = async (results) => {
    const fresh = results.map(([change, result]): LedgerEntry => {
      const { code, ...rest } = result;
      const exit = code === undefined ? undefined : failureClass(code);
      return {
        id: change.id,
        address: change.address,
        kind: change.kind,
        at: options.now(),
        ...rest,
        ...(code === undefined ? {} : { code }),
        ...(exit === undefined || result.outcome === 'succeeded' ? {} : { exit }),
      };
    });
    await options.save(fresh);
    for (const entry of fresh) {
      entries.push(entry);
      outcomes.set(entry.id, entry.outcome);
      options.emit({ type: 'finished', entry });
    }
  };
  return { entries, recordAll, record: (change, result) => recordAll([[change, result]]), outcomeOf: (id) => outcomes.get(id) };
}

function failureClass(code: Code): LedgerEntry['exit'] {
  const exit = exitOf(code);
  return exit === 3 || exit === 6 || exit === 7 ? exit : 1;
}

/** The precedence of the exit-code table after a start: 130, then 7, 6, 1 where something failed, 3 where only blocked rows are left, 0. */
export function exitOfLedger(entries: readonly LedgerEntry[], interrupted: boolean): ExitCode {
  if (interrupted) return 130;
  const failed = entries.filter((e) => e.outcome === 'failed' || e.outcome === 'unknown');
  if (failed.length > 0) {
    const succeeded = entries.some((e) => e.outcome === 'succeeded' && e.already !== true);
    if (succeeded || failed.some((e) => e.outcome === 'unknown' || e.exit === 7)) return 7;
    return failed.some((e) => e.exit === 6) ? 6 : 1;
  }
  return entries.some((e) => e.outcome === 'blocked') ? 3 : 0;
}
