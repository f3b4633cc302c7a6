import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Decrypter } from 'age-encryption';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { generateIdentity, type NewRecipient } from '../../../src/vault/index.ts';
import { Database } from '../../../src/vault/local/database.ts';
import { createLocalVault, openLocalVault } from '../../../src/vault/local/index.ts';
import { APPLICATION_ID, FORMAT_VERSION } from '../../../src/vault/local/schema.ts';
import { header, putWith } from '../../contract/vault-fixture.ts';
import { asRecipients, createLocalFixture, type LocalFixture } from './fixture.ts';

let fixture: LocalFixture;
beforeEach(async () => {
  fixture = await createLocalFixture();
});
afterEach(() => fixture[Symbol.asyncDispose]());

/** Changes the file as somebody with an editor for SQLite would. */
function edit(sql: string): void {
  const db = new Database(fixture.path);
  db.exec(sql);
  db.close();
}

const mode = (path: string) => (statSync(path).mode & 0o777).toString(8);

describe('making a vault', () => {
  test('nobody else may read the file, what SQLite keeps beside it, or a folder made for it', async () => {
    const vault = await (await fixture.open()).unlock([fixture.identities.runner]);
    await vault.write({ puts: [putWith('app', [[header('current'), 's']])] }, []);
    const modes = ['', '-wal', '-shm'].map((suffix) => mode(fixture.path + suffix));
    expect([mode(dirname(fixture.path)), ...modes]).toEqual(['700', '600', '600', '600']);
    await vault[Symbol.asyncDispose]();
  });
  test('leaves one file', () => {
    expect(readdirSync(dirname(fixture.path))).toEqual(['vault.db']);
  });
  test('refuses a path that is taken, whatever is there', async () => {
    const recipients = await newRecipients(2);
    await expect(createLocalVault(fixture.path, { recipients, clock: fixture.clock })).rejects.toMatchObject({ code: 'PAM5016' });
    const note = join(fixture.folder, 'note.txt');
    writeFileSync(note, '');
    await expect(createLocalVault(note, { recipients, clock: fixture.clock })).rejects.toMatchObject({ code: 'PAM5016' });
  });
  test('of two that make the same vault, one wins', async () => {
    const path = join(fixture.folder, 'race.db');
    const recipients = await newRecipients(2);
    const results = await Promise.allSettled([1, 2].map(() => createLocalVault(path, { recipients, clock: fixture.clock })));
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(readdirSync(fixture.folder).sort()).toEqual(['.pam', 'race.db']);
  });
  test('leaves nothing where it cannot be made', async () => {
    const file = join(fixture.folder, 'file');
    writeFileSync(file, '');
    const making = createLocalVault(join(file, 'vault.db'), { recipients: await newRecipients(2), clock: fixture.clock });
    await expect(making).rejects.toMatchObject({ code: 'PAM5010' });
    expect(readdirSync(fixture.folder).sort()).toEqual(['.pam', 'file']);
  });
  test('needs two different recipients', async () => {
    const [one = ''] = (await newRecipients(1)).map(({ recipient }) => recipient);
    const path = join(fixture.folder, 'x.db');
    for (const recipients of [[], [one], [one, one]]) {
      await expect(createLocalVault(path, { recipients: asRecipients(...recipients), clock: fixture.clock })).rejects.toMatchObject({
        code: 'PAM5013',
      });
    }
    expect(existsSync(path)).toBe(false);
  });
  test('refuses an identity given as a recipient without repeating it', async () => {
    const { identity, recipient } = await generateIdentity();
    const recipients = asRecipients(recipient, identity);
    const error: unknown = await createLocalVault(join(fixture.folder, 'x.db'), { recipients, clock: fixture.clock }).catch(
      (e: unknown) => e,
    );
    expect(error).toMatchObject({ code: 'PAM5013' });
    expect(`${error} ${JSON.stringify(error)} ${(error as Error).cause}`).not.toContain(identity);
  });
  test('the key in it is an age file that each recipient opens', async () => {
    const db = new Database(fixture.path);
    const key = db.one<{ value: ArrayBuffer }>("SELECT value FROM meta WHERE name = 'key'")?.value ?? new ArrayBuffer(0);
    db.close();
    expect(Buffer.from(key).toString('latin1')).toMatch(/^age-encryption\.org\/v1\n-> X25519 /);
    for (const identity of [fixture.identities.runner, fixture.identities.recovery]) {
      const decrypter = new Decrypter();
      decrypter.addIdentity(identity);
      expect(await decrypter.decrypt(new Uint8Array(key))).toHaveLength(64);
    }
  });
});

describe('opening a vault', () => {
  const open = (path: string, lineage?: string) =>
    openLocalVault(path, { clock: fixture.clock, host: 'h', ...(lineage === undefined ? {} : { lineage }) });

  test('a missing one is an error and is not made', async () => {
    const path = join(fixture.folder, 'missing.db');
    await expect(open(path)).rejects.toMatchObject({ code: 'PAM5001' });
    expect(existsSync(path)).toBe(false);
  });
  test('another lineage is refused', async () => {
    await expect(open(fixture.path, '00000000-0000-8000-8000-000000000000')).rejects.toMatchObject({ code: 'PAM5002' });
    const reader = await open(fixture.path, fixture.lineage);
    expect(reader.lineage).toBe(fixture.lineage);
    await reader[Symbol.asyncDispose]();
  });
  test('what is no vault is refused, and nothing is written beside it', async () => {
    const folder = join(fixture.folder, 'foreign');
    mkdirSync(folder);
    writeFileSync(join(folder, 'empty'), '');
    writeFileSync(join(folder, 'text'), 'not a database at all\n'.repeat(500));
    const foreign = new Database(join(folder, 'other.db'));
    foreign.exec('CREATE TABLE t (a)');
    foreign.closeUnread();
    for (const name of ['empty', 'text', 'other.db', '.']) {
      await expect(open(join(folder, name))).rejects.toMatchObject({ code: 'PAM5003' });
    }
    expect(readdirSync(folder).sort()).toEqual(['empty', 'other.db', 'text']);
  });
  test('a vault that lacks its tables or its key is damaged', async () => {
    edit("DELETE FROM meta WHERE name = 'key'");
    await expect(open(fixture.path)).rejects.toMatchObject({ code: 'PAM5003' });
    edit('DROP TABLE meta');
    await expect(open(fixture.path)).rejects.toMatchObject({ code: 'PAM5003' });
  });
  test('a vault whose pages are overwritten is damaged', async () => {
    const size = statSync(fixture.path).size;
    const { openSync, writeSync, closeSync } = await import('node:fs');
    const file = openSync(fixture.path, 'r+');
    writeSync(file, Buffer.alloc(size - 100, 0xa5), 0, size - 100, 100);
    closeSync(file);
    await expect(open(fixture.path)).rejects.toMatchObject({ code: 'PAM5003' });
  });
  test('a newer format is refused', async () => {
    edit(`PRAGMA user_version = ${FORMAT_VERSION + 1}`);
    await expect(open(fixture.path)).rejects.toMatchObject({ code: 'PAM5004' });
  });
  test('other programs can tell the file by its application id', () => {
    const db = new Database(fixture.path);
    expect(db.one('PRAGMA application_id')).toEqual({ application_id: APPLICATION_ID });
    db.close();
  });
  test('after it is closed the file alone is the whole vault', async () => {
    const vault = await (await fixture.open()).unlock([fixture.identities.runner]);
    await vault.write({ puts: [putWith('app', [[header('current'), 's']])] }, []);
    await vault[Symbol.asyncDispose]();
    await vault[Symbol.asyncDispose]();
    expect(statSync(`${fixture.path}-wal`, { throwIfNoEntry: false })?.size ?? 0).toBe(0);
  });
});

describe('a vault that is full', () => {
  test('refuses the whole write, stays readable, and takes writes again', () => {
    const db = new Database(fixture.path);
    const count = () => db.one<{ n: number }>('SELECT count(*) AS n FROM ledger')?.n;
    const fill = (rows: number) =>
      db.write(() => {
        for (let i = 0; i < rows; i += 1) db.run('INSERT INTO ledger (run, entry) VALUES (?, ?)', 'r', 'x'.repeat(2000));
      });
    fill(3);
    const pages = db.one<{ page_count: number }>('PRAGMA page_count')?.page_count ?? 0;
    db.exec(`PRAGMA max_page_count = ${pages + 5}`);
    expect(() => fill(50)).toThrow(expect.objectContaining({ code: 'PAM5010' }));
    expect(count()).toBe(3);
    fill(1);
    db.exec('PRAGMA max_page_count = 100000');
    fill(50);
    expect(count()).toBe(54);
    db.close();
  });
});

async function newRecipients(count: number): Promise<readonly NewRecipient[]> {
  const pairs = await Promise.all(Array.from({ length: count }, generateIdentity));
  return asRecipients(...pairs.map(({ recipient }) => recipient));
}
