import { createSealer } from '../age.ts';
import { decodeMasterKey, deriveKeys, type VaultKeys } from '../keys.ts';
import { recipientsMac, sameMac } from '../mac.ts';
import type { Sealer, VaultReader } from '../vault.ts';
import { VaultError } from '../vault-error.ts';
import { readEvents } from './audit.ts';
import type { Context } from './context.ts';
import type { Database } from './database.ts';
import { readHeldLeases } from './leases.ts';
import { readMeta } from './meta.ts';
import { readSnapshot } from './records.ts';
import { findRun, listRuns, readRun } from './runs.ts';
import { createVault } from './vault.ts';

/** A vault whose key is closed. The vault that `unlock` gives works on the same connection: disposing either closes both. */
export function createReader(lineage: string, context: Omit<Context, 'keys'>): VaultReader {
  const { db, clock } = context;
  const reader: VaultReader = {
    lineage,
    snapshot: async () => readSnapshot(db, null),
    listRuns: async (limit) => listRuns(db, limit),
    readRun: async (id) => readRun(db, id),
    findRun: async (digest) => findRun(db, digest),
    heldLeases: async () => readHeldLeases(db, clock),
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

/**
 * Everything that decides where secrets go is checked here: the key must be the one whose lineage stands in the vault (and in
 * pam.yaml), and the recipients must carry its MAC.
 */
async function unlockKeys(db: Database, identities: readonly string[]): Promise<{ keys: VaultKeys; sealer: Sealer }> {
  const { lineage, key, recipients, recipientsMac: mac } = readMeta(db);
  const sealer = createSealer(recipients, identities);
  const opened = await sealer.open(key);
  const master = decodeMasterKey(opened);
  opened.fill(0);
  const keys = master === null ? null : deriveKeys(master);
  master?.seed.fill(0);
  master?.key.fill(0);
  if (keys === null || keys.lineage !== lineage)
    throw new VaultError('PAM5006', 'the key in the vault is not the one that it was made with');
  if (!sameMac(recipientsMac(keys, recipients), mac)) throw new VaultError('PAM5006', 'the recipients are not as pam wrote them');
  return { keys, sealer };
}
