import { createSealer } from '../age.ts';
import { decodeMasterKey, deriveKeys, forgetMasterKey, lineageOf, type MasterKey, type VaultKeys } from '../keys.ts';
import type { Sealer } from '../vault.ts';
import { VaultError } from '../vault-error.ts';
import type { Database } from './database.ts';
import { checkRecipientsMac, type Meta, readMeta } from './meta.ts';

/**
 * Everything that decides where secrets go is checked here: the key must be the one whose lineage stands in the vault (and in
 * pam.yaml), and the recipients must carry its MAC. VaultError PAM5005, PAM5006, PAM5011.
 */
export async function unlockKeys(db: Database, identities: readonly string[]): Promise<{ keys: VaultKeys; sealer: Sealer }> {
  const meta = readMeta(db);
  const sealer = createSealer(
    meta.recipients.map((one) => one.recipient),
    identities,
  );
  const master = await openMasterKey(meta, sealer);
  const keys = deriveKeys(master);
  forgetMasterKey(master);
  if (keys.id !== meta.keyId) throw foreignKey();
  checkRecipientsMac(keys, meta);
  return { keys, sealer };
}

export async function openMasterKey({ key, lineage }: Meta, sealer: Sealer): Promise<MasterKey> {
  const opened = await sealer.open(key);
  const master = decodeMasterKey(opened);
  opened.fill(0);
  if (master === null || lineageOf(master) !== lineage) throw foreignKey();
  return master;
}

function foreignKey(): VaultError {
  return new VaultError('PAM5006', 'the key in the vault is not the one that it was made with');
}
