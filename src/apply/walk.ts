import type { Change } from '../model/index.ts';
import type { Ledger, RowResult } from './ledger.ts';

export interface WalkOptions {
  readonly parallelism: number;
  readonly failFast: boolean;
  readonly stop: AbortSignal;
  /** Rows with the same key share `perKey` places (a target); undefined = no such limit. */
  keyOf(change: Change): string | undefined;
  readonly perKey: number;
  run(change: Change): Promise<RowResult>;
  onStart(change: Change): void;
}

/**
 * Walks rows in dependency order with bounded concurrency. A row starts once everything that it depends on has succeeded; what
 * depends on a row that did not is skipped, and says because of which. After `stop`, or a failure with `failFast`, nothing
 * new starts, and the rest is `not attempted`.
 */
export async function walk(changes: readonly Change[], ledger: Ledger, options: WalkOptions): Promise<void> {
  const ids = new Set(changes.map((c) => c.id));
  const waiting = new Map(changes.map((c) => [c.id, c]));
  const running = new Map<string, Promise<void>>();
  const busy = new Map<string, number>();
  let halted = false;

  async function start(change: Change): Promise<void> {
    const key = options.keyOf(change);
    if (key !== undefined) busy.set(key, (busy.get(key) ?? 0) + 1);
    options.onStart(change);
    try {
      const result = await options.run(change).catch((error: unknown): RowResult => {
        // A bug of ours in one row must not leave the others behind.
        return { outcome: 'failed', code: 'PAM9003', detail: `unexpected ${error instanceof Error ? error.name : 'error'}` };
      });
      await ledger.record(change, result);
      if (options.failFast && (result.outcome === 'failed' || result.outcome === 'unknown')) halted = true;
    } finally {
      if (key !== undefined) busy.set(key, (busy.get(key) ?? 1) - 1);
      running.delete(change.id);
    }
  }

  while (waiting.size > 0 || running.size > 0) {
    const skipped: (readonly [Change, RowResult])[] = [];
    for (const change of [...waiting.values()]) {
      const failed = change.dependsOn.find((id) => isBad(ledger.outcomeOf(id)));
      if (failed !== undefined) {
        waiting.delete(change.id);
        skipped.push([change, { outcome: 'skipped', because: failed, detail: `waits for ${failed}` }]);
        continue;
      }
      if (halted || options.stop.aborted || running.size >= options.parallelism) continue;
      const ready = change.dependsOn.every((id) => !ids.has(id) || ledger.outcomeOf(id) === 'succeeded');
      const key = options.keyOf(change);
      if (!ready || (key !== undefined && (busy.get(key) ?? 0) >= options.perKey)) continue;
      waiting.delete(change.id);
      running.set(change.id, start(change));
    }
    if (skipped.length > 0) {
      await ledger.recordAll(skipped);
      continue;
    }
    if (running.size > 0) {
      await Promise.race(running.values()).catch(async (error: unknown) => {
        // The ledger cannot be written: what is in flight comes to a safe state first.
        await Promise.allSettled(running.values());
        throw error;
      });
    } else if (waiting.size > 0) {
      await ledger.recordAll(
        [...waiting.values()].map(
          (c) => [c, { outcome: 'not attempted' as const, detail: halted ? 'stopped at the first failure' : 'interrupted' }] as const,
        ),
      );
      waiting.clear();
    }
  }
}

function isBad(outcome: string | undefined): boolean {
  return outcome !== undefined && outcome !== 'succeeded';
}
