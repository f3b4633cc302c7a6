import { existsSync } from 'node:fs';
import { canonicalJson } from '../../model/index.ts';
import { createSealer } from '../age.ts';
import { appendToChain } from '../audit-chain.ts';
import { deriveKeys, encodeMasterKey, forgetKeys, generateMasterKey } from '../keys.ts';
import { recipientsMac } from '../mac.ts';
import { checkFirstRecipients } from '../recipients.ts';
import type { NewRecipient, Recipient } from '../vault.ts';
import { type Clock, currentActor, instantOf } from './context.ts';
import { Database, quote } from './database.ts';
import { alreadyThere, placeFile } from './place.ts';
import { APPLICATION_ID, FORMAT_VERSION, SCHEMA } from './schema.ts';

export interface CreateOptions {
  /** At least two: a runner and the offline recovery one. */
  readonly recipients: readonly NewRecipient[];
  readonly clock: Clock;
  /** Who stands in the audit trail; default `user@host`. */
  readonly actor?: string;
}

/**
 * Makes an empty vault, readable by its owner only, and returns its lineage for pam.yaml. Only `init` calls this. The file appears
 * whole or not at all. VaultError PAM5013 (recipients), PAM5016 (there is a file already), PAM5010 (the file system refused).
 */
export async function createLocalVault(path: string, options: CreateOptions): Promise<{ readonly lineage: string }> {
  await checkFirstRecipients(options.recipients);
  if (existsSync(path)) throw alreadyThere(path);

  const now = instantOf(options.clock());
  const recipients: readonly Recipient[] = options.recipients.map((one) => ({ ...one, since: now }));
  const publicKeys = recipients.map((one) => one.recipient);
  const master = generateMasterKey();
  const keys = deriveKeys(master);
  const sealedKey = await createSealer(publicKeys, []).seal(encodeMasterKey(master));
  const first = appendToChain(
    keys,
    null,
    { action: 'vault.create', detail: { lineage: keys.lineage, recipients: publicKeys.join(' ') } },
    now,
    options.actor ?? currentActor(),
  );
  const { hash, mac, ...body } = first;
  const list = canonicalJson(recipients);

  await placeFile(path, (temporary) => {
    const db = new Database(temporary);
    try {
      // Literals through `exec` only: libsql closes a file at once where no statement was ever prepared on it, and a file that is
      // still open must not be renamed.
      db.exec(`
        PRAGMA application_id = ${APPLICATION_ID};
        PRAGMA user_version = ${FORMAT_VERSION};
        PRAGMA journal_mode = WAL;
        BEGIN;
        ${SCHEMA}
        INSERT INTO meta VALUES ('lineage', ${quote(keys.lineage)}), ('serial', 0), ('key', X'${Buffer.from(sealedKey).toString('hex')}'),
          ('keyId', ${quote(keys.id)}), ('recipients', ${quote(list)}), ('recipientsMac', ${quote(recipientsMac(keys, recipients))});
        INSERT INTO audit VALUES (${first.sequence}, ${quote(canonicalJson(body))}, ${quote(hash)}, ${quote(mac)});
        COMMIT;`);
    } finally {
      db.closeUnread();
    }
  });
  forgetKeys(keys);
  return { lineage: keys.lineage };
}
