import type { Owner, Snapshot, VersionHeader } from '../model/index.ts';
import { sameOwner } from '../model/index.ts';
import { draftOf, type RecordDraft } from '../vault/vault.ts';
import { instant, type RotateContext } from './context.ts';
import type { JournalCandidate, JournalEntry, JournalHead } from './journal.ts';
import { listUnfinished } from './recover.ts';
import { stage } from './versions.ts';

export interface Restored {
  readonly address: string;
  readonly outcome: 'restored' | 'failed';
  readonly detail: string;
}

/**
 * Puts back what only the journal knows, after the vault was lost or restored from before the record: a record with the account's
 * secrets and the rotation that was in flight. Where the manifests have made a new record of the address meanwhile, they go there.
 * Nothing is sent to a target; the next apply links the record, asks which of the secrets is live, and finishes the rotation.
 */
export async function restoreFromJournal(ctx: RotateContext, snapshot: Snapshot, owner: Owner): Promise<readonly Restored[]> {
  const results: Restored[] = [];
  for (const { rotationId, record, entry, damaged } of await listUnfinished(ctx, snapshot.records)) {
    if (record !== null) continue;
    // The entries of a vault that was lost cannot carry the MAC of the new one; those of this vault have to.
    if (entry === null || (entry.foreign === true && entry.head.lineage === ctx.vault.lineage)) {
      results.push({ address: entry?.head.address ?? rotationId, outcome: 'failed', detail: damaged ?? 'unreadable' });
      continue;
    }
    const known = snapshot.records.find((r) => r.address === entry.head.address && sameOwner(r.owner, owner));
    const lease = await ctx.vault.lease(
      { type: 'account', record: known?.id ?? entry.head.record },
      { waitMs: ctx.leaseWaitMs, holder: ctx.holder },
    );
    try {
      const { draft, expected } =
        known === undefined
          ? { draft: emptyRecord(ctx, entry, owner), expected: null }
          : { draft: draftOf(known), expected: known.revision };
      const { head } = entry;
      const missing = head.candidates.filter((c) => !draft.versions.some((v) => v.id === c.version));
      await ctx.vault.write(
        {
          puts: [
            {
              record: missing.reduce((record, candidate) => withCandidate(record, head, candidate), draft),
              expected,
              secrets: missing.map((c) => ({ field: head.field, version: c.version, secret: c.secret })),
            },
          ],
          audit: [{ action: 'rotation.restore', address: head.address, record: draft.id, detail: { rotation: rotationId } }],
        },
        [lease],
      );
      // The vault holds them now, and recovery seals a new entry before it sends anything.
      await ctx.journal.close(rotationId);
      results.push({
        address: head.address,
        outcome: 'restored',
        detail: `${missing.length} secrets are back; the next apply finds out which one is live`,
      });
    } finally {
      await lease.release();
    }
  }
  return results;
}

/** The pending secret is in flight again, and the one that was proved before it is current, not proved here. */
function withCandidate(record: RecordDraft, head: JournalHead, { role, version }: JournalCandidate): RecordDraft {
  const { field, rotationId: id, reason, startedAt } = head;
  const isTaken = record.versions.some((v) => v.field === field && v.state === role);
  const state = isTaken ? 'candidate' : role;
  const header: VersionHeader = { id: version, field, state, origin: 'recovered', createdAt: startedAt };
  return state === 'pending'
    ? stage(record, header, { id, field, reason, startedAt })
    : { ...record, versions: [...record.versions, header] };
}

function emptyRecord(ctx: RotateContext, entry: JournalEntry, owner: Owner): RecordDraft {
  const { head } = entry;
  return {
    id: head.record,
    address: head.address,
    owner,
    status: 'released',
    releasedAt: instant(ctx.clock.now()),
    fields: { login: head.login },
    links: [],
    inputs: {},
    versions: [],
    rotation: {},
    createdAt: instant(ctx.clock.now()),
  };
}
