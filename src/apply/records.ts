import { isPamError } from '../errors/index.ts';
import { effectivePolicy } from '../graph/index.ts';
import { type Address, type Change, linkOf, type Owner, type Snapshot, sameOwner, type VaultRecord } from '../model/index.ts';
import { scheduledTime } from '../plan/index.ts';
import { scheduleHash } from '../policy/index.ts';
import { draftOf, type Lease, type RecordPut, type Vault, type WriteBatch } from '../vault/vault.ts';
import type { Ledger, RowResult } from './ledger.ts';
import { applyRecordRows, preconditionOf } from './rows.ts';
import { groupByAddress } from './settle.ts';

/** Objects of one transaction: large enough that a thousand records are a few writes, small enough to keep readers flowing. */
const BATCH = 500;
const MAX_TRIES = 5;

export interface RecordContext {
  readonly vault: Vault;
  readonly owner: Owner;
  readonly asOf: string;
  readonly newId: () => string;
  readonly lease: Lease;
  failpoint(name: 'apply.records-written'): Promise<void>;
}

/**
 * Writes all record rows, whole objects at a time, in a few large transactions. Every row ends in the ledger.
 * VaultError PAM5008 when another apply took over: then nothing more is written.
 */
export async function writeRecords(ctx: RecordContext, rows: readonly Change[], ledger: Ledger, stop: AbortSignal): Promise<void> {
  const objects = [...groupByAddress(rows)];
  for (let at = 0; at < objects.length; at += BATCH) {
    const chunk = objects.slice(at, at + BATCH);
    if (stop.aborted) {
      const result: RowResult = { outcome: 'not attempted', detail: 'interrupted' };
      await ledger.recordAll(chunk.flatMap(([, group]) => group.map((c) => [c, result] as const)));
      continue;
    }
    await ledger.recordAll(await writeChunk(ctx, chunk));
    await ctx.failpoint('apply.records-written');
  }
}

type Group = readonly [Address, readonly Change[]];

/** One transaction; again when a rotation wrote one of the records in between, which owns none of what is changed here. */
async function writeChunk(ctx: RecordContext, chunk: readonly Group[]): Promise<(readonly [Change, RowResult])[]> {
  for (let tries = 1; ; tries++) {
    const records = ownRecords(await ctx.vault.snapshot(), ctx.owner);
    const refused = new Map<Address, RowResult>();
    const batch = buildBatch(ctx, chunk, records, refused);
    try {
      await ctx.vault.write(batch, [ctx.lease]);
      return results(chunk, (address) => refused.get(address) ?? { outcome: 'succeeded' });
    } catch (error) {
      if (!isPamError(error) || error.code === 'PAM5008' || error.code === 'PAM5018') throw error;
      if (error.code === 'PAM5009' && tries < MAX_TRIES) continue;
      return results(chunk, () => ({ outcome: 'failed', code: error.code, detail: error.message }));
    }
  }
}

function buildBatch(
  ctx: RecordContext,
  chunk: readonly Group[],
  records: ReadonlyMap<Address, VaultRecord>,
  refused: Map<Address, RowResult>,
): WriteBatch {
  const puts: RecordPut[] = [];
  const deletes: { id: string; expected: number }[] = [];
  const audit: NonNullable<WriteBatch['audit']>[number][] = [];
  for (const [address, group] of chunk) {
    const move = group.find((c) => c.kind === 'move');
    const before = records.get(address) ?? (move === undefined ? undefined : records.get(move.from));
    const reason = refusal(before, group);
    if (reason !== undefined) {
      refused.set(address, reason);
      continue;
    }
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
  return { puts, deletes, audit };
}

/** Checked again under the lease, right before the write: what the rows start from, and that no rotation is cut short. */
function refusal(before: VaultRecord | undefined, group: readonly Change[]): RowResult | undefined {
  const found = preconditionOf(before);
  const expected = group[0]?.precondition;
  if (found !== expected) return { outcome: 'failed', code: 'PAM3001', detail: 'the record was changed meanwhile' };
  const ends = group.some((c) => c.kind === 'delete' || c.kind === 'release');
  if (ends && before?.rotation.active !== undefined)
    return { outcome: 'failed', code: 'PAM4002', detail: 'a rotation of it is unfinished' };
  return undefined;
}

function results(chunk: readonly Group[], of: (address: Address) => RowResult): (readonly [Change, RowResult])[] {
  return chunk.flatMap(([address, group]) => group.map((c) => [c, of(address)] as const));
}

function ownRecords(snapshot: Snapshot, owner: Owner): ReadonlyMap<Address, VaultRecord> {
  return new Map(snapshot.records.filter((r) => sameOwner(r.owner, owner)).map((r) => [r.address, r]));
}

/**
 * Brings the stored next times in line with the policies on record. No row of a plan: the times are server-managed, and until
 * they are written a plan computes the same instants from the anchor.
 */
export async function reschedule(ctx: RecordContext): Promise<void> {
  const records = ownRecords(await ctx.vault.snapshot(), ctx.owner);
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
