import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { VaultRecord } from '../../../src/model/index.ts';
import { generateIdentity, type Recipient, type SecretRef, type Vault, verifyAuditChain } from '../../../src/vault/index.ts';
import { Database } from '../../../src/vault/local/database.ts';
import { createLocalVault } from '../../../src/vault/local/index.ts';
import { draft, header, putWith } from '../../contract/vault-fixture.ts';
import { createLocalFixture, type LocalFixture } from './fixture.ts';

let fixture: LocalFixture;
let vault: Vault;
beforeEach(async () => {
  fixture = await createLocalFixture();
  vault = await (await fixture.open()).unlock([fixture.identities.runner]);
});
afterEach(async () => {
  await vault[Symbol.asyncDispose]();
  await fixture[Symbol.asyncDispose]();
});

/** What somebody can do who may write the file but has no key. */
function tamper(sql: string, ...values: (string | Buffer)[]): void {
  const db = new Database(fixture.path);
  expect(db.run(sql, ...values)).toBeGreaterThan(0);
  db.close();
}

async function write(...puts: Parameters<Vault['write']>[0]['puts']): Promise<readonly VaultRecord[]> {
  return vault.write({ puts }, []);
}

function refs(record: VaultRecord): SecretRef[] {
  return record.versions.map(({ field, id }) => ({ record: record.id, field, version: id }));
}

describe('records', () => {
  const database = draft('unused', { address: 'PamDatabase/orders-db', fields: { host: 'db1.example.internal', port: 5432 } });

  test('an endpoint changed by hand is found before a secret is read, and plan still reads it', async () => {
    await write({ record: database, expected: null });
    tamper(`UPDATE record SET body = replace(body, 'db1.example.internal', 'evil.example')`);
    await expect(vault.authenticate()).rejects.toMatchObject({
      code: 'PAM5006',
      message: expect.stringContaining('PamDatabase/orders-db'),
    });
    await expect(vault.readRecord(database.id)).rejects.toMatchObject({ code: 'PAM5006' });
    expect((await vault.snapshot()).records[0]?.fields).toMatchObject({ host: 'evil.example' });
  });
  test('every changed record is named', async () => {
    await write(...['a', 'b', 'c'].map((name) => ({ record: draft(name), expected: null })));
    tamper(`UPDATE record SET body = replace(body, 'payments', 'nobody') WHERE body ->> '$.address' <> 'PamUser/b'`);
    const error: unknown = await vault.authenticate().catch((e: unknown) => e);
    expect(String(error)).toContain('PamUser/a, PamUser/c');
    expect(String(error)).not.toContain('PamUser/b');
  });
  test('a change cannot be made genuine by the next write', async () => {
    await write({ record: database, expected: null });
    tamper(`UPDATE record SET body = replace(body, 'db1.example.internal', 'evil.example')`);
    await expect(write({ record: database, expected: 1 })).rejects.toMatchObject({ code: 'PAM5006' });
    const deletes = [{ id: database.id, expected: 1 }];
    await expect(vault.write({ puts: [], deletes }, [])).rejects.toMatchObject({ code: 'PAM5006' });
  });
  test('the revision, the owner and the versions cannot be changed either', async () => {
    await write(putWith('app', [[header('current'), 's']]));
    for (const [from, to] of [
      ['"revision":1', '"revision":9'],
      ['"project":"shop"', '"project":"mine"'],
      ['"current"', '"previous"'],
    ] as const) {
      tamper('UPDATE record SET body = replace(body, ?, ?)', from, to);
      await expect(vault.authenticate()).rejects.toMatchObject({ code: 'PAM5006' });
      tamper('UPDATE record SET body = replace(body, ?, ?)', to, from);
      await vault.authenticate();
    }
  });
  test('a record put in the place of another is found', async () => {
    const [a, b] = await write({ record: draft('a'), expected: null }, { record: draft('b'), expected: null });
    tamper('DELETE FROM record WHERE id = ?', a?.id ?? '');
    tamper('UPDATE record SET id = ? WHERE id = ?', a?.id ?? '', b?.id ?? '');
    await expect(vault.authenticate()).rejects.toMatchObject({ code: 'PAM5006' });
  });
  test('a record that is JSON no longer is damage', async () => {
    await write({ record: draft('a'), expected: null });
    const db = new Database(fixture.path);
    db.exec("DROP INDEX record_address; UPDATE record SET body = 'x'");
    db.close();
    await expect(vault.snapshot()).rejects.toMatchObject({ code: 'PAM5003' });
    await expect(vault.authenticate()).rejects.toMatchObject({ code: 'PAM5003' });
  });
});

describe('secrets', () => {
  test('a ciphertext works in its own place only: not in another record, field or version', async () => {
    const [a, b] = await write(
      putWith('a', [
        [header('current'), 'a now'],
        [header('previous'), 'a old'],
        [header('current', 'privateKey'), 'a key'],
      ]),
      putWith('b', [[header('current'), 'b now']]),
    );
    if (a === undefined || b === undefined) throw new Error('nothing was written');
    const [now, old, key] = refs(a);
    const [other] = refs(b);
    for (const [from, to] of [
      [now, other],
      [now, old],
      [now, key],
    ] as const) {
      if (from === undefined || to === undefined) throw new Error('no such version');
      const place = 'record = ? AND field = ? AND version = ?';
      tamper(
        `UPDATE secret SET sealed = (SELECT sealed FROM secret WHERE ${place}) WHERE ${place}`,
        ...[from, to].flatMap(({ record, field, version }) => [record, field, version]),
      );
      await expect(vault.readSecret(to)).rejects.toMatchObject({ code: 'PAM5011' });
      expect((await vault.readSecret(from)).reveal()).toBe('a now');
    }
  });
  test('a changed bit, a cut end and an empty ciphertext are found', async () => {
    const [record] = await write(putWith('app', [[header('current'), 'secret']]));
    const [ref] = record === undefined ? [] : refs(record);
    if (ref === undefined) throw new Error('nothing was written');
    const db = new Database(fixture.path);
    const sealed = Buffer.from(db.one<{ sealed: ArrayBuffer }>('SELECT sealed FROM secret')?.sealed ?? new ArrayBuffer(0));
    db.close();
    const flipped = (at: number) => sealed.map((byte, index) => (index === at ? byte ^ 1 : byte));
    for (const broken of [
      flipped(0),
      flipped(5),
      flipped(70),
      flipped(sealed.length - 1),
      sealed.subarray(0, -1),
      sealed.subarray(0, 80),
      Buffer.alloc(0),
    ]) {
      tamper('UPDATE secret SET sealed = ?', Buffer.from(broken));
      await expect(vault.readSecret(ref)).rejects.toMatchObject({ code: 'PAM5011' });
    }
    tamper('UPDATE secret SET sealed = ?', sealed);
    expect((await vault.readSecret(ref)).reveal()).toBe('secret');
  });
  test('equal secrets have ciphertexts that share nothing', async () => {
    await write(
      putWith('app', [
        [header('current'), 'same'.repeat(10)],
        [header('previous'), 'same'.repeat(10)],
      ]),
    );
    const db = new Database(fixture.path);
    const [a, b] = db.all<{ sealed: ArrayBuffer }>('SELECT sealed FROM secret').map(({ sealed }) => Buffer.from(sealed));
    db.close();
    expect(a?.subarray(61).equals(b?.subarray(61) ?? Buffer.alloc(0))).toBe(false);
    expect(a?.subarray(1, 61).equals(b?.subarray(1, 61) ?? Buffer.alloc(0))).toBe(false);
  });
});

describe('key and recipients', () => {
  const unlock = async () => (await fixture.open()).unlock([fixture.identities.runner]);

  test('another key for our recipients is not taken, not even with records that carry its MAC', async () => {
    // The recipients are public and age files anonymous, so anybody can make a vault that our identity opens.
    const { recipients } = readMetaOf(fixture.path);
    const forged = `${fixture.path}.forged`;
    await createLocalVault(forged, { recipients, clock: fixture.clock });
    tamper("UPDATE meta SET value = ? WHERE name = 'key'", readMetaOf(forged).key);
    tamper("UPDATE meta SET value = ? WHERE name = 'keyId'", readMetaOf(forged).keyId);
    await expect(unlock()).rejects.toMatchObject({ code: 'PAM5006' });
  });
  test('a recipient slipped in is found before anything is sealed to it', async () => {
    const { recipient } = await generateIdentity();
    tamper(
      "UPDATE meta SET value = json_insert(value, '$[#]', json_object('recipient', ?, 'role', 'runner', 'since', '2026')) WHERE name = 'recipients'",
      recipient,
    );
    await expect(unlock()).rejects.toMatchObject({ code: 'PAM5006' });
  });
  test('a damaged key is told from a foreign one', async () => {
    const { key } = readMetaOf(fixture.path);
    tamper("UPDATE meta SET value = ? WHERE name = 'key'", Buffer.from(key.map((byte, i) => (i === key.length - 1 ? byte ^ 1 : byte))));
    await expect(unlock()).rejects.toMatchObject({ code: 'PAM5011' });
  });
});

describe('audit trail', () => {
  const verify = () => verifyAuditChain(vault.audit(), (event) => vault.isAuthentic(event));
  beforeEach(() => vault.appendAudit(['a', 'b', 'c'].map((name) => ({ action: 'secret.read', address: `PamUser/${name}` as const }))));

  test('a changed event is found', async () => {
    tamper("UPDATE audit SET body = replace(body, 'PamUser/b', 'PamUser/x')");
    await expect(verify()).rejects.toMatchObject({ code: 'PAM5014', message: expect.stringContaining('event 3') });
  });
  test('a removed event is found, and one that was moved', async () => {
    tamper('DELETE FROM audit WHERE sequence = 3');
    await expect(verify()).rejects.toMatchObject({ code: 'PAM5014', message: expect.stringContaining('event 3') });
    tamper('UPDATE audit SET sequence = 3 WHERE sequence = 4');
    await expect(verify()).rejects.toMatchObject({ code: 'PAM5014' });
  });
  test('a removed beginning is found', async () => {
    tamper('DELETE FROM audit WHERE sequence = 1');
    await expect(verify()).rejects.toMatchObject({ code: 'PAM5014', message: expect.stringContaining('event 1') });
  });
  test('a MAC that was not made with the key is found with the key only', async () => {
    tamper("UPDATE audit SET mac = replace(mac, substr(mac, 1, 1), '-') WHERE sequence = 2");
    await expect(verify()).rejects.toMatchObject({ code: 'PAM5014', message: expect.stringContaining('event 2') });
    expect(await verifyAuditChain(vault.audit())).toMatchObject({ events: 4 });
  });
});

function readMetaOf(path: string): { recipients: readonly Recipient[]; key: Buffer; keyId: string } {
  const db = new Database(path);
  const value = <T>(name: string) => db.one<{ value: T }>('SELECT value FROM meta WHERE name = ?', name)?.value;
  const meta = {
    recipients: JSON.parse(value<string>('recipients') ?? '[]'),
    keyId: value<string>('keyId') ?? '',
    key: Buffer.from(value<ArrayBuffer>('key') ?? new ArrayBuffer(0)),
  };
  db.close();
  return meta;
}
