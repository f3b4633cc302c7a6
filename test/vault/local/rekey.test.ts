import { createDecipheriv } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Decrypter } from 'age-encryption';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { canonicalJson, type VaultRecord } from '../../../src/model/index.ts';
import { recipientOf, type SecretRef, type Vault, verifyAuditChain } from '../../../src/vault/index.ts';
import { decodeMasterKey, deriveKeys, type VaultKeys } from '../../../src/vault/keys.ts';
import { Database } from '../../../src/vault/local/database.ts';
import { auditMac, recordMac } from '../../../src/vault/mac.ts';
import { again } from '../../contract/vault-bench.ts';
import { header, putWith } from '../../contract/vault-fixture.ts';
import { createLocalFixture, type LocalFixture } from './fixture.ts';

let fixture: LocalFixture;
let vault: Vault;
let removed: string;
beforeEach(async () => {
  fixture = await createLocalFixture();
  removed = await recipientOf(fixture.identities.stranger);
  vault = await unlock();
  await vault.addRecipient({ recipient: removed, role: 'runner' });
  vault = await unlock();
});
afterEach(async () => {
  await vault[Symbol.asyncDispose]();
  await fixture[Symbol.asyncDispose]();
});

const unlock = async () => (await fixture.open()).unlock([fixture.identities.runner]);

/** What somebody can read or change who has the file. */
function withFile<T>(work: (db: Database) => T): T {
  const db = new Database(fixture.path);
  try {
    return work(db);
  } finally {
    db.close();
  }
}

const sealedSecrets = () =>
  withFile((db) =>
    db.all<SecretRef & { sealed: ArrayBuffer }>('SELECT * FROM secret').map((row) => ({ ...row, sealed: Buffer.from(row.sealed) })),
  );
const ageFile = () =>
  withFile((db) => Buffer.from(db.one<{ value: ArrayBuffer }>("SELECT value FROM meta WHERE name = 'key'")?.value ?? new ArrayBuffer(0)));

/** The file, its log, its index, and whatever else lies beside. */
function bytesOnDisk(): Buffer {
  const folder = dirname(fixture.path);
  return Buffer.concat(readdirSync(folder).map((name) => readFileSync(join(folder, name))));
}

async function openKey(sealed: Buffer, identity: string): Promise<VaultKeys> {
  const decrypter = new Decrypter();
  decrypter.addIdentity(identity);
  const master = decodeMasterKey(await decrypter.decrypt(sealed));
  if (master === null) throw new Error('no master key');
  return deriveKeys(master);
}

/** Tries a wrapping key at each place of the bytes that looks like a secret, as every secret there is. How many data keys it opens. */
function countOpened(bytes: Buffer, { wrapping, lineage }: VaultKeys, refs: readonly SecretRef[]): number {
  const bound = refs.map(({ record, field, version }) => Buffer.from(canonicalJson({ lineage, record, field, version })));
  let opened = 0;
  for (let at = bytes.indexOf(1); at >= 0; at = bytes.indexOf(1, at + 1)) {
    const box = bytes.subarray(at + 1, at + 61);
    if (box.length < 60) break;
    for (const data of bound) {
      const decipher = createDecipheriv('aes-256-gcm', wrapping, box.subarray(0, 12), { authTagLength: 16 }).setAAD(data);
      decipher.setAuthTag(box.subarray(-16));
      decipher.update(box.subarray(12, -16));
      try {
        decipher.final();
        opened += 1;
      } catch {
        // not this one
      }
    }
  }
  return opened;
}

/** The offsets at which an age file begins that the identity opens. */
async function findKeys(bytes: Buffer, identity: string, length: number): Promise<number> {
  let found = 0;
  for (let at = bytes.indexOf('age-encryption.org/v1\n'); at >= 0; at = bytes.indexOf('age-encryption.org/v1\n', at + 1)) {
    found += await openKey(bytes.subarray(at, at + length), identity).then(
      () => 1,
      () => 0,
    );
  }
  return found;
}

/** Records come and go, so that the pages of the file are split and used again. */
async function fillVault(count: number): Promise<readonly VaultRecord[]> {
  const kept: VaultRecord[] = [];
  for (let i = 0; i < count; i += 1) {
    const secrets = [header('current'), header('previous')].map(
      (one) => [one, `secret ${i} `.padEnd(i % 10 === 0 ? 6000 : 40, 'x')] as const,
    );
    const [record] = await vault.write({ puts: [putWith(`n${i}`, secrets)], audit: [{ action: 'record.create' }] }, []);
    if (record === undefined) throw new Error('nothing was written');
    const [current] = record.versions;
    if (i % 3 === 0) await vault.write({ puts: [], deletes: [{ id: record.id, expected: 1 }] }, []);
    else if (i % 3 === 1 && current !== undefined)
      kept.push(...(await vault.write({ puts: [again(record, { versions: [current] })] }, [])));
    else kept.push(record);
  }
  return kept;
}

describe('after a recipient was removed', () => {
  test('his identity and the old key open nothing in the bytes of the vault, written before or after', async () => {
    await fillVault(30);
    const refs = sealedSecrets();
    const oldFile = ageFile();
    const oldKeys = await openKey(oldFile, fixture.identities.stranger);
    expect(countOpened(bytesOnDisk(), oldKeys, refs)).toBeGreaterThanOrEqual(refs.length);
    expect(await findKeys(bytesOnDisk(), fixture.identities.stranger, oldFile.length)).toBeGreaterThanOrEqual(1);

    expect(await vault.removeRecipient(removed)).toEqual({ erased: true });
    vault = await unlock();
    const [after] = await vault.write({ puts: [putWith('after', [[header('current'), 'later']])] }, []);
    const all = [...refs, { record: after?.id ?? '', field: 'password' as const, version: after?.versions[0]?.id ?? '' }];

    const disk = bytesOnDisk();
    expect(countOpened(disk, oldKeys, all)).toBe(0);
    expect(await findKeys(disk, fixture.identities.stranger, oldFile.length)).toBe(0);
    expect(refs.filter(({ sealed }) => disk.includes(sealed.subarray(0, 90)))).toEqual([]);
    const newFile = ageFile();
    for (const identity of [fixture.identities.runner, fixture.identities.recovery]) {
      expect(await findKeys(disk, identity, newFile.length)).toBeGreaterThanOrEqual(1);
      expect(countOpened(disk, await openKey(newFile, identity), all)).toBeGreaterThanOrEqual(all.length);
    }
  });
  test('the old key makes no MAC that counts', async () => {
    await fillVault(5);
    const oldKeys = await openKey(ageFile(), fixture.identities.stranger);
    await vault.removeRecipient(removed);
    const rows = withFile((db) => [
      ...db.all<{ body: string; mac: string }>('SELECT body, mac FROM record').map(({ body, mac }) => [recordMac(oldKeys, body), mac]),
      ...db.all<{ hash: string; mac: string }>('SELECT hash, mac FROM audit').map(({ hash, mac }) => [auditMac(oldKeys, hash), mac]),
    ]);
    expect(rows.length).toBeGreaterThan(5);
    for (const [old, now] of rows) expect(now).not.toBe(old);
  });
});

describe('removing a recipient', () => {
  test('is all or nothing: what fails half-way leaves the vault as it was', async () => {
    const records = await fillVault(6);
    withFile((db) =>
      db.exec("CREATE TRIGGER stop BEFORE UPDATE OF mac ON audit WHEN old.sequence = 4 BEGIN SELECT RAISE(ABORT, 'stop'); END"),
    );
    const before = withFile((db) => [db.all('SELECT * FROM meta'), db.all('SELECT * FROM record'), db.all('SELECT * FROM secret')]);
    await expect(vault.removeRecipient(removed)).rejects.toMatchObject({ code: 'PAM5010' });
    expect(withFile((db) => [db.all('SELECT * FROM meta'), db.all('SELECT * FROM record'), db.all('SELECT * FROM secret')])).toEqual(
      before,
    );
    expect((await vault.authenticate()).records).toHaveLength(records.length);
    withFile((db) => db.exec('DROP TRIGGER stop'));
    await vault.removeRecipient(removed);
  });
  test('does not make a forged record genuine', async () => {
    await fillVault(3);
    withFile((db) => db.run(`UPDATE record SET body = replace(body, 'payments', 'nobody')`));
    await expect(vault.removeRecipient(removed)).rejects.toMatchObject({ code: 'PAM5006' });
  });
  test('does not make a forged event genuine, and is not stopped by one', async () => {
    await vault.appendAudit([{ action: 'a.a' }, { action: 'b.b' }]);
    const [event] = withFile((db) => db.all<{ sequence: number; mac: string }>("SELECT sequence, mac FROM audit WHERE body LIKE '%a.a%'"));
    withFile((db) => db.run('UPDATE audit SET mac = ? WHERE sequence = ?', 'f'.repeat(64), event?.sequence ?? 0));
    await vault.removeRecipient(removed);
    vault = await unlock();
    const verify = verifyAuditChain(vault.audit(), (one) => vault.isAuthentic(one));
    await expect(verify).rejects.toMatchObject({ code: 'PAM5014', message: expect.stringContaining(`event ${event?.sequence}`) });
  });
  test('leaves a damaged secret damaged, and is not stopped by one', async () => {
    const [record] = await vault.write({ puts: [putWith('app', [[header('current'), 'x']])] }, []);
    withFile((db) => db.run("UPDATE secret SET sealed = x'01020304'"));
    await vault.removeRecipient(removed);
    vault = await unlock();
    const ref = { record: record?.id ?? '', field: 'password' as const, version: record?.versions[0]?.id ?? '' };
    await expect(vault.readSecret(ref)).rejects.toMatchObject({ code: 'PAM5011' });
  });
  test('says so when the old bytes could not be taken out of the log, because somebody reads', async () => {
    await fillVault(3);
    const reader = new Database(fixture.path);
    reader.exec('BEGIN');
    reader.all('SELECT * FROM record');
    expect(await vault.removeRecipient(removed)).toEqual({ erased: false });
    reader.exec('COMMIT');
    reader.close();
    vault = await unlock();
    expect((await vault.authenticate()).records).toHaveLength(2);
  });
});
