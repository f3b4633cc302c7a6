import { chmodSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { generateIdentity, type Vault, verifyAuditChain } from '../../../src/vault/index.ts';
import { Database } from '../../../src/vault/local/database.ts';
import { backupLocalVault, openLocalVault } from '../../../src/vault/local/index.ts';
import { draft, header, holder, OWNER, putWith } from '../../contract/vault-fixture.ts';
import type { Task } from './child.ts';
import { type ChildOptions, compileChild } from './child-process.ts';
import { createLocalFixture, type LocalFixture } from './fixture.ts';

// Each child takes half a second to start, longer on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

let children: Awaited<ReturnType<typeof compileChild>>;
let fixture: LocalFixture;
let vault: Vault;

beforeAll(async () => {
  children = await compileChild();
});
afterAll(() => children.stop());
beforeEach(async () => {
  fixture = await createLocalFixture();
  vault = await openVault();
});
afterEach(async () => {
  await vault[Symbol.asyncDispose]();
  await fixture[Symbol.asyncDispose]();
});

async function openVault(): Promise<Vault> {
  // The children work at the real time.
  const reader = await openLocalVault(fixture.path, { clock: Date.now, host: 'runner-1' });
  return reader.unlock([fixture.identities.runner]);
}

function start(task: Task, options: ChildOptions = {}) {
  return children.start({ path: fixture.path, identity: fixture.identities.runner, task }, options);
}

async function expectAllStored(names: readonly string[], bytes: number): Promise<void> {
  const { records } = await vault.authenticate();
  const byAddress = new Map<string, (typeof records)[number]>(records.map((record) => [record.address, record]));
  for (const name of names) {
    const record = byAddress.get(`PamUser/${name}`);
    const secret = await vault.readSecret({ record: record?.id ?? '', field: 'password', version: record?.versions[0]?.id ?? '' });
    expect(secret.reveal()).toBe(name.padEnd(bytes, 'x'));
  }
  const db = new Database(fixture.path);
  expect(db.all('PRAGMA integrity_check')).toEqual([{ integrity_check: 'ok' }]);
  db.close();
}

describe('killed while it commits', () => {
  test('what was acknowledged is there, the rest is whole or absent, and the next process goes on', async () => {
    const acknowledged: string[] = [];
    for (let kill = 0; kill < 5; kill += 1) {
      const child = start({ do: 'commit', bytes: 200 });
      await child.said((line) => line.endsWith(`-${kill * 7}`));
      child.process.kill('SIGKILL');
      await child.ended();
      acknowledged.push(...child.lines);
    }
    expect(acknowledged.length).toBeGreaterThan(70);
    await expectAllStored(acknowledged, 200);
  });
});

describe('killed while it removes a recipient', () => {
  test('the vault has the old key or the new one, everything opens, and the next process goes on', async () => {
    const names = Array.from({ length: 300 }, (_, i) => `n${i}`);
    await vault.write({ puts: names.map((name) => putWith(name, [[header('current'), name.padEnd(200, 'x')]])) }, []);
    for (let kill = 0; kill < 5; kill += 1) {
      await vault[Symbol.asyncDispose]();
      const { recipient } = await generateIdentity();
      const child = start({ do: 'recipients', recipient });
      await child.said(() => child.lines.filter((line) => line === 'removing').length > kill);
      child.process.kill('SIGKILL');
      await child.ended();
      vault = await openVault();
      await expectAllStored(names, 200);
      await verifyAuditChain(vault.audit(), (event) => vault.isAuthentic(event));
    }
    const left = (await vault.recipients()).length;
    const { recipient } = await generateIdentity();
    await vault.addRecipient({ recipient, role: 'runner' });
    await vault.removeRecipient(recipient);
    vault = await openVault();
    expect(await vault.recipients()).toHaveLength(left);
    await expectAllStored(names, 200);
  });
});

describe('a backup while another process writes', () => {
  test('is whole and holds all that was acknowledged before it began', async () => {
    const child = start({ do: 'commit', bytes: 200 });
    for (let copy = 1; copy <= 4; copy += 1) {
      await child.said((line) => line.endsWith(`-${copy * 10}`));
      const before = [...child.lines];
      const file = join(fixture.folder, `copy-${copy}.db`);
      await backupLocalVault(fixture.path, file);
      const reader = await openLocalVault(file, { clock: Date.now, host: 'runner-1', lineage: fixture.lineage });
      await using opened = await reader.unlock([fixture.identities.recovery]);
      const addresses = (await opened.authenticate()).records.map(({ address }) => address);
      expect(addresses).toEqual(expect.arrayContaining(before.map((name) => `PamUser/${name}`)));
    }
    child.process.kill('SIGKILL');
    await child.ended();
  });
});

describe('a disk that is full', () => {
  test('a write is refused whole, and the vault goes on when there is space', async () => {
    const child = start({ do: 'commit', bytes: 20_000 }, { fileLimitKiB: 1500 });
    await child.ended();
    expect(child.lines.at(-1)).toBe('PAM5010');
    const acknowledged = child.lines.slice(0, -1);
    expect(acknowledged.length).toBeGreaterThan(10);
    expect((await vault.authenticate()).records).toHaveLength(acknowledged.length);
    await expectAllStored(acknowledged, 20_000);
    await vault.write({ puts: [putWith('after', [[header('current'), 'after']])] }, []);
  });
});

describe('a vault that cannot be written', () => {
  test('is read all the same, and a write is refused', async () => {
    await vault.write({ puts: [putWith('app', [])] }, []);
    await vault[Symbol.asyncDispose]();
    const folder = dirname(fixture.path);
    for (const suffix of ['-wal', '-shm']) rmSync(fixture.path + suffix, { force: true });
    chmodSync(fixture.path, 0o444);
    chmodSync(folder, 0o555);
    chmodSync(fixture.folder, 0o755);
    // Root may write anywhere, so it looks as somebody else.
    const child = start({ do: 'look' }, process.getuid?.() === 0 ? { uid: 65534 } : {});
    await child.ended();
    chmodSync(folder, 0o700);
    chmodSync(fixture.path, 0o600);
    expect(child.lines).toEqual(['1', 'PAM5010']);
    vault = await openVault();
  });
});

describe('two processes', () => {
  test('lose no update when they write one record', async () => {
    const [record] = await vault.write({ puts: [{ record: draft('counter'), expected: null }] }, []);
    const id = record?.id ?? '';
    const racing = [1, 2].map(() => start({ do: 'race', record: id, times: 100 }));
    for (const child of racing) await child.ended();
    expect(racing.map((child) => child.lines)).toEqual([['done'], ['done']]);
    expect((await vault.readRecord(id))?.revision).toBe(201);
  });
  test('cannot spend more attempts than the budget has', async () => {
    const record = draft('app').id;
    const racing = [1, 2, 3].map(() => start({ do: 'spend', record }));
    for (const child of racing) await child.ended();
    expect(racing.reduce((sum, child) => sum + Number(child.lines[0]), 0)).toBe(20);
    expect(await vault.attempts.spent(record, 3_600_000)).toBe(20);
  });
  test('hold the project lease one after the other', async () => {
    const [record] = await vault.write({ puts: [{ record: draft('counter'), expected: null }] }, []);
    const id = record?.id ?? '';
    const racing = [1, 2].map(() => start({ do: 'take turns', record: id, times: 30 }));
    for (const child of racing) await child.ended();
    expect(racing.map((child) => child.lines)).toEqual([['done'], ['done']]);
    expect((await vault.readRecord(id))?.revision).toBe(61);
  });
  test('respect the lease of one that lives, and take it over at once when it is killed', async () => {
    const scope = { type: 'project', owner: OWNER } as const;
    const child = start({ do: 'hold' });
    await child.said((line) => line === 'held');
    await expect(vault.lease(scope, { waitMs: 0, holder: holder() })).rejects.toMatchObject({ code: 'PAM5007' });
    child.process.kill('SIGKILL');
    await child.ended();
    const lease = await vault.lease(scope, { waitMs: 0, holder: holder() });
    expect(lease.epoch).toBe(2);
  });
});
