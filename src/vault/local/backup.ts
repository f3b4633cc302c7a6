import { existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Backup } from '../vault.ts';
import { VaultError } from '../vault-error.ts';
import { Database, quote } from './database.ts';
import { readMeta } from './meta.ts';
import { checkHeader, checkLineage, openDatabase } from './open.ts';
import { alreadyThere, placeFile } from './place.ts';

/**
 * Copies the vault at `path` as it is at one moment into a new file, private and on the disk when this returns. Needs no key and
 * hinders no writer. VaultError of `openLocalVault`; PAM5016 when `target` is there already, PAM5010 when it cannot be written.
 */
export async function backupLocalVault(path: string, target: string, options: { readonly lineage?: string } = {}): Promise<Backup> {
  checkHeader(path);
  if (existsSync(target)) throw alreadyThere(target);
  const { db, lineage } = openDatabase(resolve(path));
  try {
    checkLineage(path, lineage, options.lineage);
    let copy: Backup | undefined;
    await placeFile(target, (temporary) => {
      db.exec(`VACUUM INTO ${quote(temporary)}`);
      copy = inspectCopy(temporary);
    });
    if (copy === undefined) throw new Error('the file was placed without being made');
    return copy;
  } finally {
    db.close();
  }
}

/** Reads a file that nobody writes; VaultError PAM5003 when SQLite finds it damaged. */
export function inspectCopy(path: string): Backup {
  const db = new Database(path, { immutable: true });
  try {
    checkIntegrity(db, path);
    const { lineage, serial, recipients } = readMeta(db);
    const records = db.one<{ n: number }>('SELECT count(*) AS n FROM record')?.n ?? 0;
    return { lineage, serial, records, recipients, bytes: statSync(path).size };
  } finally {
    db.close();
  }
}

/** Reads every page, and every index against its table. */
export function checkIntegrity(db: Database, path: string): void {
  const answers = db.all<{ integrity_check: string }>('PRAGMA integrity_check');
  if (answers.length === 1 && answers[0]?.integrity_check === 'ok') return;
  throw new VaultError('PAM5003', `the vault ${path} is damaged: ${answers.length} faults, the first: ${answers[0]?.integrity_check}`);
}
