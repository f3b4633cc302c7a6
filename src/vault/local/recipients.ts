import type { VaultRecord } from '../../model/index.ts';
import { createSealer } from '../age.ts';
import { deriveKeys, encodeMasterKey, forgetKeys, forgetMasterKey, type MasterKey, renewMasterKey, type VaultKeys } from '../keys.ts';
import { checkAdded, withoutRecipient } from '../recipients.ts';
import type { NewRecipient, Recipient, Sealer } from '../vault.ts';
import { VaultError } from '../vault-error.ts';
import { appendEvents, rekeyEvents } from './audit.ts';
import { type Context, instantOf } from './context.ts';
import type { Database } from './database.ts';
import { checkKey, checkRecipientsMac, type Meta, raiseSerial, readMeta, writeMeta } from './meta.ts';
import { rekeyRecords } from './records.ts';
import { openMasterKey } from './unlock.ts';

/** `Vault.addRecipient`: the same key, sealed anew to all. */
export async function addRecipient({ db, keys, clock, actor }: Context, sealer: Sealer, added: NewRecipient): Promise<void> {
  const meta = readGenuineMeta(db, keys);
  await checkAdded(meta.recipients, added);
  const now = instantOf(clock());
  const recipients: readonly Recipient[] = [...meta.recipients, { ...added, since: now }];
  const master = await openMasterKey(meta, sealer);
  const key = await sealMasterKey(master, recipients);
  forgetMasterKey(master);
  db.write(() => {
    checkUnchanged(db, keys, meta);
    writeMeta(db, keys, { key, recipients });
    appendEvents(db, keys, [{ action: 'recipient.add', detail: detailOf(added) }], now, actor);
  });
}

/** `Vault.removeRecipient`: another key, and everything under the old one made anew or gone. README.md has the reasons. */
export async function removeRecipient(context: Context, sealer: Sealer, gone: string): Promise<{ readonly erased: boolean }> {
  const { db, keys, clock, actor } = context;
  const meta = readGenuineMeta(db, keys);
  const recipients = withoutRecipient(meta.recipients, gone);
  const old = await openMasterKey(meta, sealer);
  const master = renewMasterKey(old);
  const next = deriveKeys(master);
  const key = await sealMasterKey(master, recipients);
  forgetMasterKey(old);
  forgetMasterKey(master);
  try {
    db.write(() => {
      checkUnchanged(db, keys, meta);
      refuseUnfinished(rekeyRecords(db, keys, next));
      rekeyEvents(db, keys, next);
      writeMeta(db, next, { key, recipients });
      appendEvents(db, next, [{ action: 'recipient.remove', detail: { recipient: gone, key: next.id } }], instantOf(clock()), actor);
      raiseSerial(db);
    });
  } finally {
    forgetKeys(next);
  }
  return { erased: db.purge() };
}

function readGenuineMeta(db: Database, keys: VaultKeys): Meta {
  return db.read(() => {
    checkKey(db, keys);
    const meta = readMeta(db);
    checkRecipientsMac(keys, meta);
    return meta;
  });
}

async function sealMasterKey(master: MasterKey, recipients: readonly Recipient[]): Promise<Buffer> {
  const bytes = encodeMasterKey(master);
  const sealer = createSealer(
    recipients.map((one) => one.recipient),
    [],
  );
  try {
    return Buffer.from(await sealer.seal(bytes));
  } finally {
    bytes.fill(0);
  }
}

/** Sealing takes time, outside of the transaction. */
function checkUnchanged(db: Database, keys: VaultKeys, { recipientsMac }: Meta): void {
  checkKey(db, keys);
  if (readMeta(db).recipientsMac === recipientsMac) return;
  throw new VaultError('PAM5009', 'somebody else changed the recipients meanwhile');
}

/** The journal entry of a rotation in flight is sealed to the one who is to go, and a runner at work on it would lose its key. */
function refuseUnfinished(records: readonly VaultRecord[]): void {
  const unfinished = records.filter((record) => record.rotation.active !== undefined).map((record) => record.address);
  if (unfinished.length === 0) return;
  throw new VaultError('PAM5019', `a rotation is unfinished: ${unfinished.join(', ')}`, { hint: 'run: pam recover' });
}

function detailOf({ recipient, role, label }: NewRecipient): Record<string, string> {
  return { recipient, role, ...(label === undefined ? {} : { label }) };
}
