import { isPamError } from '../errors/index.ts';
import { effectivePolicy } from '../graph/index.ts';
import { type Address, type Change, linkOf, type Owner, type Snapshot, sameOwner, type VaultRecord } from '../model/index.ts';
import { scheduledTime } from '../plan/index.ts';
import { scheduleHash } from '../policy/index.ts';
import type { Lease, RecordPut, Vault, WriteBatch } from '../vault/vault.ts';
import type { Ledger, RowResult } from './ledger.ts';
import { applyRecordRows, draftOf } from './rows.ts';
import { groupByAddress } from './settle.ts';

/** Objects of one transaction: large enough that a thousand records are a few writes, small enough to keep readers flowing. */
const BATCH = 500;

export interface RecordContext {
  readonly vault: Vault;
  readonly owner: Owner;
  readonly asOf: string;
  readonly newId: () => string;
  readonly lease: Lease;
  failpoint(name: 'apply.records-written'): Promise<void>;
}

/** Writes all record rows, whole objects at a time, in a few large transactions. Every row ends in the ledger. */
export async function writeRecords(
  ctx: RecordContext,
  rows: readonly Change[],
  snapshot: Snapshot,
  ledger: Ledger,
  stop: AbortSignal,
): Promise<void> {
  const records = new Map(snapshot.records.filter((r) => sameOwner(r.owner, ctx.owner)).map((r) => [r.address, r]));
  const objects = [...groupByAddress(rows)];
  for (let at = 0; at < objects.length; at += BATCH) {
    const chunk = objects.slice(at, at + BATCH);
    const changes = chunk.flatMap(([, group]) => group);
    if (stop.aborted) {
      await ledger.recordAll(changes.map((c) => [c, { outcome: 'not attempted' as const, detail: 'interrupted' }] as const));
      continue;
    }
    const result = await writeChunk(ctx, chunk, records);
    await ledger.recordAll(changes.map((c) => [c, result] as const));
    await ctx.failpoint('apply.records-written');
  }
}

async function writeChunk(
  ctx: RecordContext,
  chunk: readonly (readonly [Address, readonly Change[]])[],
  records: ReadonlyMap<Address, VaultRecord>,
): Promise<RowResult> {
  const puts: RecordPut[] = [];
  const deletes: { id: string; expected: number }[] = [];
  const audit: NonNullable<WriteBatch['audit']>[number][] = [];
  for (const [address, group] of chunk) {
    const move = group.find((c) => c.kind === 'move');
    const before = records.get(address) ?? (move === undefined ? undefined : records.get(move.from));
    const draft = applyRecordRows(before, group, ctx);
    if (draft === null && before !== undefined) deletes.push({ id: before.id, expected: before.revision });
    if (draft !== null) puts.push({ record: draft, expected: before?.revision ?? null });
    const record = draft?.id ?? before?.id;
    audit.push({
      action: `record.${group[0]?.kind ?? 'update'}`,
      address,
      ...(record === undefined ? {} : { record }),
      detail: { rows: group.map((c) => c.kind).join(',') },
    });
  }
  try {
    await ctx.vault.write({ puts, deletes, audit }, [ctx.lease]);
    return { outcome: 'succeeded' };
  } catch (error) {
    if (!isPamError(error)) throw error;
    return { outcome: 'failed', code: error.code, detail: error.message };
  }
}

/**
 * Brings the stored next times in line with the policies on record. No row of a plan: the times are server-managed, and until
 * they are written a plan computes the same instants from the anchor.
 */
export async function reschedule(ctx: RecordContext): Promise<void> {
  const snapshot = await ctx.vault.snapshot();
  const records = new Map(snapshot.records.filter((r) => sameOwner(r.owner, ctx.owner)).map((r) => [r.address, r]));
  const puts: RecordPut[] = [];
  for (const record of records.values()) {
    if (
      record.status !== 'managed' ||
      record.fields['rotation'] === undefined ||
      (linkOf(record, 'belongs-to') ?? linkOf(record, 'iam-of')) === undefined
    )
      continue;
    const { schedule } = effectivePolicy(record, (a) => records.get(a));
    const hash = schedule === undefined ? undefined : scheduleHash(schedule);
    if (hash === record.rotation.scheduleHash) continue;
    const { nextAt: _n, scheduleHash: _s, ...rest } = record.rotation;
    const next = schedule === undefined ? null : scheduledTime(record, record, schedule);
    const rotation = { ...rest, ...(next === null ? {} : { nextAt: next }), ...(hash === undefined ? {} : { scheduleHash: hash }) };
    puts.push({ record: { ...draftOf(record), rotation }, expected: record.revision });
  }
  for (let at = 0; at < puts.length; at += BATCH) {
    await ctx.vault.write({ puts: puts.slice(at, at + BATCH) }, [ctx.lease]).catch((error: unknown) => {
      // A rotation wrote one of the records meanwhile; it set the time itself, and the next apply does the others.
      if (!isPamError(error) || error.code !== 'PAM5009') throw error;
    });
  }
}
