import type { RecordId, Secret, Snapshot, VaultRecord } from '../../model/index.ts';
import { checkBatch, findErased, type SecretName } from '../batch.ts';
import type { VaultKeys } from '../keys.ts';
import { forgedRecords, recordBody, recordMac, sameMac } from '../mac.ts';
import { openSecret, resealSecret, sealSecret } from '../sealing.ts';
import type { RecordPut, SecretRef, WriteBatch } from '../vault.ts';
import { VaultError } from '../vault-error.ts';
import { forgetAttempts, forgetRefusal, readRefusedVersions } from './attempts.ts';
import { appendEvents } from './audit.ts';
import { type Context, instantOf } from './context.ts';
import { Database } from './database.ts';
import { checkKey, raiseSerial, readMeta } from './meta.ts';

interface RecordRow {
  readonly id: string;
  /** Canonical JSON of the record without its MAC. */
  readonly body: string;
  readonly mac: string;
}

/** In the order of owner, then address, which is that of the index. With `keys` every MAC is checked first (PAM5006). */
export function readSnapshot(db: Database, keys: VaultKeys | null): Snapshot {
  return db.read(() => {
    const { lineage, serial } = readMeta(db);
    if (keys !== null) checkKey(db, keys);
    const rows = db.all<RecordRow>(
      `SELECT id, body, mac FROM record ORDER BY body ->> '$.owner.project', body ->> '$.owner.environment', body ->> '$.address'`,
    );
    return { formatVersion: 1, lineage, serial, records: openRows(rows, keys), refusedVersions: readRefusedVersions(db) };
  });
}

export function readRecord({ db, keys }: Context, id: RecordId): VaultRecord | null {
  return db.read(() => {
    checkKey(db, keys);
    const [record] = openRows(db.all<RecordRow>('SELECT id, body, mac FROM record WHERE id = ?', id), keys);
    return record ?? null;
  });
}

export function readSecret({ db, keys }: Context, ref: SecretRef): Secret {
  const { record, field, version } = ref;
  const row = db.read(() => {
    checkKey(db, keys);
    return db.one<{ sealed: ArrayBuffer }>(
      'SELECT sealed FROM secret WHERE record = ? AND field = ? AND version = ?',
      ...[record, field, version],
    );
  });
  if (row === undefined) throw new VaultError('PAM5012', `record ${record} has no ${field} in version ${version}`);
  return openSecret(keys, ref, Buffer.from(row.sealed));
}

/** `Vault.write`: one transaction, in the order that README.md gives. `checkLeases` runs inside it. */
export function writeRecords({ db, keys, clock, actor }: Context, batch: WriteBatch, checkLeases: () => void): readonly VaultRecord[] {
  checkBatch(batch);
  const { puts, deletes = [], audit = [] } = batch;
  const sealed = puts.flatMap((put) => sealAll(keys, put));
  const now = instantOf(clock());

  const { rows, erased } = db.write(() => {
    checkKey(db, keys);
    checkLeases();
    const old = readOld(db, keys, [...puts.map((put) => put.record.id), ...deletes.map(({ id }) => id)]);
    for (const { record, expected } of puts) checkRevision(old.get(record.id), record.id, expected);
    for (const { id, expected } of deletes) checkRevision(old.get(id), id, expected);

    const erased = eraseUnlisted(db, puts) + deletes.reduce((sum, { id }) => sum + eraseAll(db, id), 0);
    // All replaced rows go first, so that two records can exchange their addresses.
    for (const id of old.keys()) db.run('DELETE FROM record WHERE id = ?', id);
    const rows = puts.map(({ record, expected }) => insertRecord(db, keys, { ...record, revision: (expected ?? 0) + 1, updatedAt: now }));
    for (const secret of sealed) db.run('INSERT INTO secret (record, field, version, sealed) VALUES (?, ?, ?, ?)', ...secret);
    appendEvents(db, keys, audit, now, actor);
    if (puts.length + deletes.length > 0) raiseSerial(db);
    return { rows, erased };
  });

  if (erased > 0) db.checkpoint();
  return openRows(rows, null);
}

/**
 * Inside a write transaction: every MAC and every ciphertext made anew under another key, revisions and contents as they are.
 * Returns the records. PAM5006 when one is forged. A secret that does not decrypt is left as it is.
 */
export function rekeyRecords(db: Database, old: VaultKeys, next: VaultKeys): readonly VaultRecord[] {
  const rows = db.all<RecordRow>('SELECT id, body, mac FROM record');
  const records = openRows(rows, old);
  for (const { id, body } of rows) db.run('UPDATE record SET mac = ? WHERE id = ?', recordMac(next, body), id);
  for (const ref of db.all<SecretRef>('SELECT record, field, version FROM secret')) {
    const place = [ref.record, ref.field, ref.version];
    const row = db.one<{ sealed: ArrayBuffer }>('SELECT sealed FROM secret WHERE record = ? AND field = ? AND version = ?', ...place);
    const sealed = resealSecret(old, next, ref, Buffer.from(row?.sealed ?? new ArrayBuffer(0)));
    if (sealed !== null) db.run('UPDATE secret SET sealed = ? WHERE record = ? AND field = ? AND version = ?', sealed, ...place);
  }
  return records;
}

function sealAll(keys: VaultKeys, { record, secrets = [] }: RecordPut): [string, string, string, Buffer][] {
  return secrets.map(({ field, version, secret }) => [
    record.id,
    field,
    version,
    sealSecret(keys, { record: record.id, field, version }, secret),
  ]);
}

/** The MACs of what is to be replaced are checked: writing its next revision must not make a forged record genuine. */
function readOld(db: Database, keys: VaultKeys, ids: readonly RecordId[]): ReadonlyMap<RecordId, VaultRecord> {
  const rows = db.all<RecordRow>('SELECT id, body, mac FROM record WHERE id IN (SELECT value FROM json_each(?))', JSON.stringify(ids));
  return new Map(openRows(rows, keys).map((record) => [record.id, record]));
}

function checkRevision(record: VaultRecord | undefined, id: RecordId, expected: number | null): void {
  if ((record?.revision ?? null) === expected) return;
  const wanted = expected === null ? 'should not exist yet' : `was read at revision ${expected}`;
  const found = record === undefined ? 'is gone' : `is at revision ${record.revision}`;
  throw new VaultError('PAM5009', `${record?.address ?? `record ${id}`} ${wanted} and ${found}`);
}

function insertRecord(db: Database, keys: VaultKeys, record: Omit<VaultRecord, 'mac'>): RecordRow {
  const body = recordBody(record);
  const row = { id: record.id, body, mac: recordMac(keys, body) };
  try {
    db.run('INSERT INTO record (id, body, mac) VALUES (?, ?, ?)', row.id, row.body, row.mac);
  } catch (error) {
    if (!Database.isDuplicate(error)) throw error;
    throw new VaultError('PAM5009', `${record.address} is the address of another record`);
  }
  return row;
}

/** Erases the secrets whose version is listed no longer, and the refusals of them. Returns how many secrets. */
function eraseUnlisted(db: Database, puts: readonly RecordPut[]): number {
  const stored = db.all<SecretName & { record: RecordId }>(
    'SELECT record, field, version FROM secret WHERE record IN (SELECT value FROM json_each(?))',
    JSON.stringify(puts.map((put) => put.record.id)),
  );
  const byRecord = new Map<RecordId, (typeof stored)[number][]>(puts.map((put) => [put.record.id, []]));
  for (const secret of stored) byRecord.get(secret.record)?.push(secret);
  const unlisted = puts.flatMap((put) => findErased(put, byRecord.get(put.record.id) ?? []));
  for (const { record, field, version } of unlisted) {
    db.run('DELETE FROM secret WHERE record = ? AND field = ? AND version = ?', record, field, version);
    forgetRefusal(db, version);
  }
  return unlisted.length;
}

function eraseAll(db: Database, id: RecordId): number {
  forgetAttempts(db, id);
  return db.run('DELETE FROM secret WHERE record = ?', id);
}

/** With `keys`, PAM5006 names every record whose MAC is wrong or that stands in the row of another; without, damage is PAM5003. */
function openRows(rows: readonly RecordRow[], keys: VaultKeys | null): VaultRecord[] {
  const forged: string[] = [];
  const records: VaultRecord[] = [];
  for (const row of rows) {
    const record = parseRow(row);
    if (keys !== null && (!sameMac(recordMac(keys, row.body), row.mac) || record?.id !== row.id)) {
      forged.push(record?.address ?? `record ${row.id}`);
    } else if (record === null) {
      throw new VaultError('PAM5003', `record ${row.id} of the vault is damaged`);
    } else {
      records.push(record);
    }
  }
  if (forged.length > 0) throw forgedRecords(forged);
  return records;
}

function parseRow({ body, mac }: RecordRow): VaultRecord | null {
  try {
    return { ...(JSON.parse(body) as Omit<VaultRecord, 'mac'>), mac };
  } catch {
    return null;
  }
}
