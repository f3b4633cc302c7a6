import type { RecordId, Secret, VaultRecord, VersionHeader } from '../model/index.ts';
import type { Lease } from '../vault/vault.ts';
import { instant, type RotateContext, RotationError } from './context.ts';
import { drive, type RotationResult, type Start } from './drive.ts';
import type { JournalEntry, JournalNote, JournalRead } from './journal.ts';
import type { Logins } from './logins.ts';
import { retireLeftovers } from './retire.ts';
import { describeSubject, type Lookup, type Through } from './subject.ts';
import { stage } from './versions.ts';
import { describeOld, refOf, update, type Work } from './work.ts';

/** A rotation that some run began and did not close, or closed with an old secret still on the target. */
export interface Unfinished {
  readonly rotationId: string;
  /** Null where the vault has no such record (lost, restored from an older backup): `recover --from-journal` is for that. */
  readonly record: VaultRecord | null;
  readonly entry: JournalEntry | null;
  readonly damaged?: string;
}

/** Everything in flight, from the vault and from the journal; what only one of the two knows is in it as well. */
export async function listUnfinished(ctx: Pick<RotateContext, 'journal'>, records: readonly VaultRecord[]): Promise<readonly Unfinished[]> {
  const byId = new Map(records.map((r) => [r.id, r]));
  const found = new Map<string, Unfinished>();
  for (const rotationId of await ctx.journal.list()) {
    const read = await ctx.journal.read(rotationId);
    const entry = read.state === 'entry' ? read.entry : null;
    const problem = problemOf(read);
    const record = entry === null ? null : (byId.get(entry.head.record) ?? null);
    if (read.state !== 'absent') found.set(rotationId, { rotationId, record, entry, ...(problem === null ? {} : { damaged: problem }) });
  }
  for (const record of records) {
    const { active, retiring } = record.rotation;
    // Nothing is in flight, but something is still to be taken out of the target: it goes by the id of that version.
    if (active === undefined && retiring?.[0] !== undefined && ![...found.values()].some((u) => u.record?.id === record.id)) {
      found.set(retiring[0].version, { rotationId: retiring[0].version, record, entry: null });
    }
    if (active === undefined) continue;
    const known = found.get(active.id);
    found.set(active.id, {
      rotationId: active.id,
      record,
      entry: known?.entry ?? null,
      ...(known?.damaged === undefined ? {} : { damaged: known.damaged }),
    });
  }
  return [...found.values()].sort((a, b) => (a.rotationId < b.rotationId ? -1 : 1));
}

export interface RecoverOptions {
  /** A person asked for this very account: refusals and spent attempts are forgotten first, as with `pam verify`. */
  readonly clear?: boolean;
  /** `reconcile-credential`: a person said that the account is to be reset, whatever secret somebody has given it. */
  readonly through?: Through;
}

/** Recovers what is unfinished under the lease of its account. Null: there was nothing left to do. */
export async function recoverAccount(
  ctx: RotateContext,
  logins: Logins,
  id: RecordId,
  lookup: Lookup,
  options: RecoverOptions = {},
): Promise<RotationResult | null> {
  const lease = await ctx.vault.lease({ type: 'account', record: id }, { waitMs: ctx.leaseWaitMs, holder: ctx.holder, signal: ctx.stop });
  try {
    if (options.clear === true) await ctx.vault.attempts.clear(id);
    return await finishActive(ctx, logins, id, lookup, lease, options.through);
  } finally {
    await lease.release();
  }
}

/**
 * Finishes whatever is in flight for the account, with the same pending secret. Safe to run again at any point: it reads
 * vault and journal afresh and lets `nextStep` decide. The result of the last one counts.
 */
export async function finishActive(
  ctx: RotateContext,
  logins: Logins,
  id: RecordId,
  lookup: Lookup,
  lease: Lease,
  through: Through = 'usual',
): Promise<RotationResult | null> {
  let result: RotationResult | null = null;
  for (const rotationId of await rotationsOf(ctx, id)) {
    const record = await ctx.vault.readRecord(id);
    if (record === null) throw new RotationError('PAM4007', `record ${id} is gone`);
    ctx.emit({ type: 'recovering', address: record.address, rotationId });
    await ctx.failpoint('recover.found');
    result = await finishRotation(ctx, logins, record, rotationId, lookup, lease, through);
    if (result !== null && result.outcome !== 'rotated' && result.outcome !== 'unchanged') return result;
  }
  await retireLeftovers(ctx, logins, id, lookup, lease);
  return result;
}

/** Journal entries of the record first (oldest first), then what only the vault knows. */
async function rotationsOf(ctx: RotateContext, id: RecordId): Promise<readonly string[]> {
  const entries: JournalEntry[] = [];
  for (const rotationId of await ctx.journal.list()) {
    const read = await ctx.journal.read(rotationId);
    if (read.state === 'entry' && read.entry.head.record === id) entries.push(read.entry);
  }
  entries.sort((a, b) => (a.head.startedAt < b.head.startedAt ? -1 : 1));
  const ids = entries.map((e) => e.head.rotationId);
  const active = (await ctx.vault.readRecord(id))?.rotation.active?.id;
  return active === undefined || ids.includes(active) ? ids : [...ids, active];
}

async function finishRotation(
  ctx: RotateContext,
  logins: Logins,
  found: VaultRecord,
  rotationId: string,
  lookup: Lookup,
  lease: Lease,
  through: Through,
): Promise<RotationResult | null> {
  const read = await ctx.journal.read(rotationId);
  const problem = problemOf(read);
  if (problem !== null) {
    ctx.emit({
      type: 'warning',
      address: found.address,
      message: `the journal entry ${rotationId} is set aside (${problem}); going on from the vault`,
    });
    await ctx.journal.setAside(rotationId);
  }
  const entry = problem === null && read.state === 'entry' ? read.entry : null;
  const inJournal = entry?.head.candidates.find((c) => c.role === 'pending');
  const knows = found.versions.some((v) => v.id === inJournal?.version);
  if (entry !== null && !knows && (found.rotation.lastRotatedAt ?? '') > entry.head.startedAt) {
    // Older than the last rotation that the vault knows: nothing to go on with. But only the entry has this secret, and clocks lie.
    ctx.emit({
      type: 'warning',
      address: found.address,
      message: `the journal entry ${rotationId} is older than the last rotation and its secret is not in the vault: it is set aside`,
    });
    await ctx.journal.setAside(rotationId);
    return null;
  }
  const record = entry !== null && inJournal !== undefined && !knows ? await restorePending(ctx, found, entry, lease) : found;

  const active = record.rotation.active?.id === rotationId ? record.rotation.active : undefined;
  const field = active?.field ?? entry?.head.field;
  const header = record.versions.find((v) =>
    inJournal === undefined ? v.field === field && v.state === 'pending' : v.id === inJournal.version,
  );
  if (header === undefined || field === undefined) return null;
  if (active === undefined) {
    // Concluded in the vault, and killed before the entry was closed.
    await ctx.journal.close(rotationId);
    return header.state === 'candidate'
      ? null
      : { outcome: 'rotated', detail: header.proof === undefined ? 'unproved' : `proved by ${header.proof.method}` };
  }
  const subject = describeSubject(record, lookup, field, through);
  if (subject.target === null) {
    // It came back from the journal alone.
    return { outcome: 'unfinished', code: 'PAM4007', detail: `${record.address} is linked to no resource yet: apply its manifests` };
  }
  const current = record.versions.find((v) => v.field === field && v.state === 'current');
  const readVersion = async (v: VersionHeader) => ({ version: v.id, secret: await ctx.vault.readSecret(refOf(subject, v.id)) });
  const work: Work = {
    id: rotationId,
    reason: active.reason,
    pending: await readVersion(header),
    current: current === undefined ? null : await readVersion(current),
    ...(await describeOld(ctx, subject)),
    entry: entry === null ? null : await ctx.journal.resume(entry),
  };
  const start = startFrom(entry, header);
  return drive(ctx, logins, subject, lease, work, through === 'usual' ? start : toReset(start), null);
}

/** Why the entry is not to be relied on: what it says would be sent to the target. */
function problemOf(read: JournalRead): string | null {
  if (read.state === 'damaged') return read.reason;
  return read.state === 'entry' && read.entry.foreign === true ? 'it was not sealed with the key of this vault' : null;
}

/**
 * With no readable entry we cannot know that nothing was sent (the journal's disk may be lost), so it counts as unsettled:
 * asking the target costs nothing, and sending the same secret again is harmless.
 */
function startFrom(entry: JournalEntry | null, header: VersionHeader): Start {
  const common = { staged: true, journaled: entry !== null, committed: false, abandoned: false, header };
  if (entry === null) return { ...common, requests: 'unsettled', lastSend: null };
  return { ...common, requests: requestsOf(entry.notes), lastSend: entry.notes.findLast((n) => n.phase === 'armed') ?? null };
}

/** A person says that the secret is to be set: that the target once acknowledged it does not count any more. */
function toReset(start: Start): Start {
  return { ...start, reset: true, requests: start.requests === 'acked' ? 'unsettled' : start.requests };
}

function requestsOf(notes: readonly JournalNote[]): Start['requests'] {
  let state: Start['requests'] = 'clear';
  for (const note of notes) {
    if (note.phase === 'armed') state = 'unsettled';
    if (note.phase === 'acked' || note.phase === 'proved') state = 'acked';
  }
  // A refusal settles only a request that stood alone; `drive` notes it after each request, so count them.
  const armed = notes.filter((n) => n.phase === 'armed').length;
  const refused = notes.filter((n) => n.phase === 'refused').length;
  return state === 'unsettled' && armed === refused ? 'clear' : state;
}

/** The vault does not know the version (it was restored, or its write was lost): the same secret goes back in, never a new one. */
async function restorePending(ctx: RotateContext, record: VaultRecord, entry: JournalEntry, lease: Lease): Promise<VaultRecord> {
  const { head } = entry;
  const at = instant(ctx.clock.now());
  let restored = record;
  for (const candidate of head.candidates) {
    if (restored.versions.some((v) => v.id === candidate.version)) continue;
    const header: VersionHeader = {
      id: candidate.version,
      field: head.field,
      state: 'candidate',
      origin: 'recovered',
      createdAt: head.startedAt,
    };
    const secret: { field: typeof head.field; version: string; secret: Secret } = {
      field: head.field,
      version: candidate.version,
      secret: candidate.secret,
    };
    restored = await update(
      ctx,
      record.id,
      lease,
      (draft) =>
        candidate.role === 'pending'
          ? stage(draft, header, { id: head.rotationId, field: head.field, reason: head.reason, startedAt: at })
          : { ...draft, versions: [...draft.versions, header] },
      { secret, audit: { action: 'rotation.restore', detail: { rotation: head.rotationId, version: candidate.version } } },
    );
  }
  return restored;
}
