import { isArrayBuffer } from 'node:util/types';
import { VaultError } from '../vault-error.ts';
import type { Database } from './database.ts';

/** The one row of each name in `meta`. */
export interface Meta {
  readonly lineage: string;
  /** Rises with everything that changes a snapshot, so that equal serials mean equal snapshots. */
  readonly serial: number;
  /** Age file with the master key. */
  readonly key: Buffer;
  readonly recipients: readonly string[];
  readonly recipientsMac: string;
}

/** Throws VaultError PAM5003 where a row is missing. */
export function readMeta(db: Database): Meta {
  const rows = new Map(db.all<{ name: string; value: unknown }>('SELECT name, value FROM meta').map(({ name, value }) => [name, value]));
  const [lineage, serial, key] = [rows.get('lineage'), rows.get('serial'), rows.get('key')];
  const [list, recipientsMac] = [rows.get('recipients'), rows.get('recipientsMac')];
  const recipients = typeof list === 'string' ? parseTexts(list) : null;
  if (typeof lineage !== 'string' || typeof serial !== 'number' || !isArrayBuffer(key)) throw damaged();
  if (recipients === null || typeof recipientsMac !== 'string') throw damaged();
  return { lineage, serial, key: Buffer.from(key), recipients, recipientsMac };
}

export function raiseSerial(db: Database): void {
  db.run("UPDATE meta SET value = value + 1 WHERE name = 'serial'");
}

function parseTexts(text: string): readonly string[] | null {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) && value.every((item) => typeof item === 'string') ? value : null;
  } catch {
    return null;
  }
}

function damaged(): VaultError {
  return new VaultError('PAM5003', 'the vault lacks its lineage, key or recipients');
}
