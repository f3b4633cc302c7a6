import type { VaultReader } from '../vault.ts';
import { readEvents } from './audit.ts';
import type { Context } from './context.ts';
import { readHeldLeases } from './leases.ts';
import { readMeta } from './meta.ts';
import { readSnapshot } from './records.ts';
import { findRun, listRuns, readRun } from './runs.ts';
import { unlockKeys } from './unlock.ts';
import { createVault } from './vault.ts';

/** A vault whose key is closed. The vault that `unlock` gives works on the same connection: disposing either closes both. */
export function createReader(lineage: string, context: Omit<Context, 'keys'>): VaultReader {
  const { db, clock, host } = context;
  const reader: VaultReader = {
    lineage,
    snapshot: async () => readSnapshot(db, null),
    listRuns: async (limit) => listRuns(db, limit),
    readRun: async (id) => readRun(db, id),
    findRun: async (digest) => findRun(db, digest),
    heldLeases: async () => readHeldLeases(db, clock, host),
    recipients: async () => readMeta(db).recipients,
    audit: () => readEvents(db),
    async unlock(identities) {
      const { keys, sealer } = await unlockKeys(db, identities);
      return createVault({ ...context, keys }, reader, sealer);
    },
    async [Symbol.asyncDispose]() {
      db.close();
    },
  };
  return reader;
}
