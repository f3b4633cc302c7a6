import type { Owner, Snapshot } from '../model/index.ts';
import { sameOwner } from '../model/index.ts';
import type { RecordDraft } from '../vault/vault.ts';
import { instant, type RotateContext } from './context.ts';
import type { JournalEntry } from './journal.ts';
import { listUnfinished } from './recover.ts';

export interface Restored {
  readonly address: string;
  readonly outcome: 'restored' | 'failed';
  readonly detail: string;
}

/**
 * Puts back what only the journal knows, after the vault was lost or restored from before the record: a record with the account's
 * secrets as candidates. Where the manifests have made a new record of the address meanwhile, the secrets go there.
 * Nothing is sent to a target; the next apply links the record, and `pam recover` asks which of the secrets is live.
 */
export async function restoreFromJournal(ctx: RotateContext, snapshot: Snapshot, owner: Owner): Promise<readonly Restored[]> {
  const results: Restored[] = [];
  for (const { rotationId, record, entry, damaged } of await listUnfinished(ctx, snapshot.records)) {
    if (record !== null) continue;
    if (entry === null) {
      results.push({ address: rotationId, outcome: 'failed', detail: damaged ?? 'unreadable' });
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
      const versions = missing.map((c) => ({
        id: c.version,
        field: head.field,
        state: 'candidate' as const,
        origin: 'recovered' as const,
        createdAt: head.startedAt,
      }));
      await ctx.vault.write(
        {
          puts: [
            {
              record: { ...draft, versions: [...draft.versions, ...versions] },
              expected,
              secrets: missing.map((c) => ({ field: head.field, version: c.version, secret: c.secret })),
            },
          ],
          audit: [{ action: 'rotation.restore', address: head.address, record: draft.id, detail: { rotation: rotationId } }],
        },
        [lease],
      );
      // The vault holds them now; the entry stays where the record is the one it was made for, so that recovery can go on from it.
      if (draft.id !== head.record) await ctx.journal.close(rotationId);
      results.push({ address: head.address, outcome: 'restored', detail: `${missing.length} secrets are candidates again` });
    } finally {
      await lease.release();
    }
  }
  return results;
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

function draftOf(record: Snapshot['records'][number]): RecordDraft {
  const { revision: _r, mac: _m, updatedAt: _u, ...draft } = record;
  return draft;
}
