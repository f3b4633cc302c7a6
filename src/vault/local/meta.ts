import { isArrayBuffer } from 'node:util/types';
import { canonicalJson } from '../../model/index.ts';
import type { VaultKeys } from '../keys.ts';
import { recipientsMac, sameMac } from '../mac.ts';
import type { Recipient } from '../vault.ts';
import { VaultError } from '../vault-error.ts';
import type { Database } from './database.ts';

/** The one row of each name in `meta`. */
export interface Meta {
  readonly lineage: string;
  /** Rises with everything that changes a snapshot, so that equal serials mean equal snapshots. */
  readonly serial: number;
  /** Age file with the master key. */
  readonly key: Buffer;
  /** `VaultKeys.id` of that key. */
  readonly keyId: string;
  readonly recipients: readonly Recipient[];
  readonly recipientsMac: string;
}

/** Throws VaultError PAM5003 where a row is missing. */
export function readMeta(db: Database): Meta {
  const rows = new Map(db.all<{ name: string; value: unknown }>('SELECT name, value FROM meta').map(({ name, value }) => [name, value]));
  const [lineage, serial, key, keyId] = ['lineage', 'serial', 'key', 'keyId'].map((name) => rows.get(name));
  const [list, mac] = [rows.get('recipients'), rows.get('recipientsMac')];
  const recipients = typeof list === 'string' ? parseRecipients(list) : null;
  if (typeof lineage !== 'string' || typeof serial !== 'number' || !isArrayBuffer(key) || typeof keyId !== 'string') throw damaged();
  if (recipients === null || typeof mac !== 'string') throw damaged();
  return { lineage, serial, key: Buffer.from(key), keyId, recipients, recipientsMac: mac };
}

/** The recipients and the key sealed to them, at whose `keyId` and MAC `keys` are. */
export type MetaChange = Pick<Meta, 'key' | 'recipients'>;

export function writeMeta(db: Database, keys: VaultKeys, { key, recipients }: MetaChange): void {
  const rows = { key, keyId: keys.id, recipients: canonicalJson(recipients), recipientsMac: recipientsMac(keys, recipients) };
  for (const [name, value] of Object.entries(rows)) db.run('UPDATE meta SET value = ? WHERE name = ?', value, name);
}

export function raiseSerial(db: Database): void {
  db.run("UPDATE meta SET value = value + 1 WHERE name = 'serial'");
}

/** Nobody has changed the key since it was opened; else VaultError PAM5018. To be called in the transaction that uses it. */
export function checkKey(db: Database, keys: VaultKeys): void {
  if (db.one<{ value: unknown }>("SELECT value FROM meta WHERE name = 'keyId'")?.value === keys.id) return;
  throw new VaultError('PAM5018', 'the vault got a new key since this command opened it, because a recipient was removed', {
    hint: 'run the command again',
  });
}

/** The list decides who is sent secrets: VaultError PAM5006 unless it carries its MAC. */
export function checkRecipientsMac(keys: VaultKeys, meta: Meta): void {
  if (sameMac(recipientsMac(keys, meta.recipients), meta.recipientsMac)) return;
  throw new VaultError('PAM5006', 'the recipients are not as pam wrote them');
}

function parseRecipients(text: string): readonly Recipient[] | null {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) && value.every(isRecipient) ? value : null;
  } catch {
    return null;
  }
}

function isRecipient(value: unknown): value is Recipient {
  return typeof value === 'object' && value !== null && 'recipient' in value && typeof value.recipient === 'string';
}

function damaged(): VaultError {
  return new VaultError('PAM5003', 'the vault lacks its lineage, key or recipients');
}
