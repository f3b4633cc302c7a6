import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { VaultRecord } from '../../../src/model/index.ts';
import { type Restored, recipientOf, verifyAuditChain } from '../../../src/vault/index.ts';
import { Database } from '../../../src/vault/local/database.ts';
import {
  backupLocalVault,
  createLocalVault,
  openLocalVault,
  type RestoreOptions,
  restoreLocalVault,
} from '../../../src/vault/local/index.ts';
import { allEvents, refTo } from '../../contract/vault-bench.ts';
import { header, holder, OWNER, putWith } from '../../contract/vault-fixture.ts';
import { asRecipients, createLocalFixture, type LocalFixture } from './fixture.ts';

let fixture: LocalFixture;
let record: VaultRecord;
let copy: string;
beforeEach(async () => {
  fixture = await createLocalFixture();
  copy = join(fixture.folder, 'copy.db');
  await using vault = await unlock(fixture.path);
  const secrets = [header('current'), header('previous')].map((one) => [one, `secret ${one.state}`] as const);
  const [written] = await vault.write(
    { puts: [putWith('app', secrets)], audit: [{ action: 'record.create', address: 'PamUser/app' }] },
    [],
  );
  if (written === undefined) throw new Error('nothing was written');
  record = written;
});
afterEach(() => fixture[Symbol.asyncDispose]());

async function unlock(path: string, identity = fixture.identities.runner) {
  const reader = await openLocalVault(path, { clock: fixture.clock, host: 'h', lineage: fixture.lineage, timers: fixture.timers });
  return reader.unlock([identity]);
}

/** Into a folder of its own, where no vault was: what stands for the place that the lost one had. */
const place = () => join(fixture.folder, 'new', 'vault.db');
function restore(file = copy, changes: Partial<RestoreOptions> = {}): Promise<Restored> {
  const options = { lineage: fixture.lineage, identities: [fixture.identities.runner], clock: fixture.clock, host: 'h' };
  return restoreLocalVault(file, place(), { ...options, replace: false, ...changes });
}

/** Changes a file as somebody with an editor for SQLite would, and leaves nothing beside it. */
function edit(path: string, sql: string): void {
  const db = new Database(path);
  db.exec(sql);
  db.closeUnread();
}

function damage(path: string, at: number, length: number): void {
  const file = openSync(path, 'r+');
  writeSync(file, Buffer.alloc(length, 0xa5), 0, length, at);
  closeSync(file);
}

describe('a backup', () => {
  test('is one private file, says what is in it, and leaves nothing else', async () => {
    const folder = join(fixture.folder, 'backups');
    const file = join(folder, "it's a copy.db");
    const backup = await backupLocalVault(fixture.path, file, { lineage: fixture.lineage });
    expect(backup).toMatchObject({ lineage: fixture.lineage, serial: 1, records: 1, bytes: statSync(file).size });
    expect(backup.recipients).toHaveLength(2);
    expect(readdirSync(folder)).toEqual(["it's a copy.db"]);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });
  test('opens for every recipient, with secrets and a trail that verifies', async () => {
    await backupLocalVault(fixture.path, copy);
    for (const identity of [fixture.identities.runner, fixture.identities.recovery]) {
      await using vault = await unlock(copy, identity);
      expect((await vault.authenticate()).records).toEqual([record]);
      expect((await vault.readSecret(refTo(record, 1))).reveal()).toBe('secret previous');
      await verifyAuditChain(vault.audit(), (event) => vault.isAuthentic(event));
    }
  });
  test('holds what is committed and not yet copied out of the log', async () => {
    await using vault = await unlock(fixture.path);
    await vault.write({ puts: [putWith('later', [])] }, []);
    expect(statSync(`${fixture.path}-wal`).size).toBeGreaterThan(0);
    expect((await backupLocalVault(fixture.path, copy)).records).toBe(2);
  });
  test('never overwrites', async () => {
    for (const text of ['', 'precious']) {
      writeFileSync(copy, text);
      await expect(backupLocalVault(fixture.path, copy)).rejects.toMatchObject({ code: 'PAM5016' });
      expect(readFileSync(copy, 'utf8')).toBe(text);
    }
  });
  test('where it cannot be written leaves nothing', async () => {
    const file = join(fixture.folder, 'file');
    writeFileSync(file, '');
    await expect(backupLocalVault(fixture.path, join(file, 'copy.db'))).rejects.toMatchObject({ code: 'PAM5010' });
    await expect(backupLocalVault(join(fixture.folder, 'missing.db'), copy)).rejects.toMatchObject({ code: 'PAM5001' });
    await expect(backupLocalVault(fixture.path, copy, { lineage: 'another' })).rejects.toMatchObject({ code: 'PAM5002' });
    expect(readdirSync(fixture.folder).sort()).toEqual(['.pam', 'file']);
  });
});

describe('a restore', () => {
  test('makes the copy the vault, and the trail says so', async () => {
    await backupLocalVault(fixture.path, copy);
    const before = readFileSync(copy);
    fixture.clock.advance(1000);
    const restored = await restore();
    expect(restored).toMatchObject({ lineage: fixture.lineage, records: 1, lastEventAt: '2026-03-01T12:00:00.000Z', replaced: null });
    expect(restored).toMatchObject({ damaged: [], auditProblem: null });
    expect(restored.recipients.map((one) => one.recipient)).toContain(await recipientOf(fixture.identities.recovery));
    expect(readFileSync(copy).equals(before)).toBe(true);
    expect(readdirSync(dirname(place()))).toEqual(['vault.db']);
    expect(statSync(place()).mode & 0o777).toBe(0o600);
    await using vault = await unlock(place());
    expect((await vault.authenticate()).records).toEqual([record]);
    expect((await vault.readSecret(refTo(record))).reveal()).toBe('secret current');
    const { events } = await verifyAuditChain(vault.audit(), (event) => vault.isAuthentic(event));
    expect((await allEvents(vault)).at(-1)).toMatchObject({ sequence: events, at: '2026-03-01T12:00:01.000Z', action: 'vault.restore' });
    await vault.write({ puts: [putWith('later', [])] }, []);
    const journal = new Database(place());
    expect(journal.one('PRAGMA journal_mode')).toEqual({ journal_mode: 'wal' });
    journal.close();
  });
  test('works with the recovery identity alone', async () => {
    await backupLocalVault(fixture.path, copy);
    expect(await restore(copy, { identities: [fixture.identities.recovery] })).toMatchObject({ records: 1 });
  });
  test('takes the log that lies beside a copy made without pam', async () => {
    await using vault = await unlock(fixture.path);
    await vault.write({ puts: [putWith('later', [])] }, []);
    for (const suffix of ['', '-wal']) copyFileSync(fixture.path + suffix, copy + suffix);
    expect(await restore()).toMatchObject({ records: 2 });
    expect(existsSync(`${copy}-shm`)).toBe(false);
  });
  test('ends the leases of that day, and their epochs only rise', async () => {
    await using vault = await unlock(fixture.path);
    const scope = { type: 'project', owner: OWNER } as const;
    const lease = await vault.lease(scope, { waitMs: 0, holder: holder() });
    await backupLocalVault(fixture.path, copy);
    await restore();
    await using opened = await unlock(place());
    expect(await opened.heldLeases()).toEqual([]);
    expect((await opened.lease(scope, { waitMs: 0, holder: holder() })).epoch).toBeGreaterThan(lease.epoch);
  });
  test('a copy put in place by hand is a vault all the same', async () => {
    await backupLocalVault(fixture.path, copy);
    mkdirSync(dirname(place()));
    copyFileSync(copy, place());
    await using vault = await unlock(place());
    await vault.write({ puts: [putWith('later', [])] }, []);
    expect(existsSync(`${place()}-wal`)).toBe(true);
  });

  test('refuses what is not whole, not ours or not ours to open, and changes nothing', async () => {
    await backupLocalVault(fixture.path, copy);
    const altered = (name: string, change: (path: string) => void): string => {
      const path = join(fixture.folder, name);
      copyFileSync(copy, path);
      change(path);
      return path;
    };
    const cases: readonly (readonly [string, string, Partial<RestoreOptions>?])[] = [
      [join(fixture.folder, 'missing.db'), 'PAM5001'],
      [altered('text', (path) => writeFileSync(path, 'no database')), 'PAM5003'],
      [altered('cut', (path) => writeFileSync(path, readFileSync(path).subarray(0, 9000))), 'PAM5003'],
      [altered('page', (path) => damage(path, 4096 + 10, 3000)), 'PAM5003'],
      [altered('keyless', (path) => edit(path, "DELETE FROM meta WHERE name = 'key'")), 'PAM5003'],
      [altered('forged', (path) => edit(path, "UPDATE record SET body = replace(body, 'payments', 'nobody')")), 'PAM5006'],
      [
        altered('list', (path) => edit(path, "UPDATE meta SET value = replace(value, 'runner', 'recovery') WHERE name = 'recipients'")),
        'PAM5006',
      ],
      [copy, 'PAM5002', { lineage: '00000000-0000-8000-8000-000000000000' }],
      [copy, 'PAM5005', { identities: [fixture.identities.stranger] }],
    ];
    for (const [file, code, changes] of cases) {
      await expect(restore(file, changes), file).rejects.toMatchObject({ code });
      expect(existsSync(dirname(place())) ? readdirSync(dirname(place())) : [], file).toEqual([]);
    }
  });
  test('goes on where only a secret or the trail is damaged, and says which', async () => {
    await backupLocalVault(fixture.path, copy);
    const version = record.versions[1]?.id ?? '';
    edit(copy, `UPDATE secret SET sealed = x'01' WHERE version = '${version}'; UPDATE audit SET body = replace(body, 'app', 'xxx')`);
    const { damaged, auditProblem } = await restore();
    expect(damaged).toEqual([{ record: record.id, field: 'password', version }]);
    expect(auditProblem).toContain('event 2');
    edit(copy, "UPDATE audit SET body = 'x' WHERE sequence = 2");
    const again = await restore(copy, { replace: true });
    expect(again).toMatchObject({ lastEventAt: null, auditProblem: expect.stringContaining('event 2') });
    await using vault = await unlock(place());
    expect((await vault.readSecret(refTo(record))).reveal()).toBe('secret current');
  });
});

describe('a restore where a vault is', () => {
  beforeEach(async () => {
    await backupLocalVault(fixture.path, copy);
    // Not the fixture's own: this process has that one open until its garbage is collected.
    await create();
  });
  async function create(): Promise<void> {
    const { runner, recovery } = fixture.identities;
    const recipients = asRecipients(await recipientOf(runner), await recipientOf(recovery));
    await createLocalVault(place(), { recipients, clock: fixture.clock });
  }

  test('is refused', async () => {
    const before = readFileSync(place());
    await expect(restore()).rejects.toMatchObject({ code: 'PAM5016' });
    expect(readFileSync(place()).equals(before)).toBe(true);
    expect(readdirSync(dirname(place()))).toEqual(['vault.db']);
  });
  test('keeps it under another name when it is told to replace it, as often as that happens', async () => {
    const first = await restore(copy, { replace: true });
    const second = await restore(copy, { replace: true });
    expect(first.replaced).toBe(`${place()}.replaced-20260301T120000000Z`);
    expect(second.replaced).toBe(`${place()}.replaced-20260301T120000000Z-2`);
    expect(readdirSync(dirname(place())).sort()).toEqual([
      'vault.db',
      'vault.db.replaced-20260301T120000000Z',
      'vault.db.replaced-20260301T120000000Z-2',
    ]);
    const again = await openLocalVault(second.replaced ?? '', { clock: fixture.clock, host: 'h', lineage: fixture.lineage });
    expect((await again.snapshot()).records).toEqual([record]);
    await again[Symbol.asyncDispose]();
  });
  test('keeps a damaged one with its log', async () => {
    damage(place(), 0, 100);
    writeFileSync(`${place()}-wal`, 'what was committed last');
    const { replaced } = await restore(copy, { replace: true });
    expect(readFileSync(`${replaced}-wal`, 'utf8')).toBe('what was committed last');
    expect(existsSync(`${place()}-wal`)).toBe(false);
  });
  test('is refused while somebody has it open', async () => {
    const reader = await openLocalVault(place(), { clock: fixture.clock, host: 'h' });
    await reader.snapshot();
    await expect(restore(copy, { replace: true })).rejects.toMatchObject({ code: 'PAM5007' });
    expect(readdirSync(dirname(place())).filter((name) => name.includes('replaced') || name.includes('new'))).toEqual([]);
    await reader[Symbol.asyncDispose]();
  });
  test('never reads the log of a vault that is gone into the restored one', async () => {
    const reader = await openLocalVault(place(), { clock: fixture.clock, host: 'h' });
    const vault = await reader.unlock([fixture.identities.runner]);
    await vault.write({ puts: [putWith('lost', [])] }, []);
    rmSync(place());
    expect(statSync(`${place()}-wal`).size).toBeGreaterThan(0);
    await expect(create()).rejects.toMatchObject({ code: 'PAM5016', message: expect.stringContaining('-wal') });
    await restore();
    expect(readdirSync(dirname(place())).filter((name) => name.endsWith('-wal'))).toEqual(['vault.db.replaced-20260301T120000000Z-wal']);
    await using opened = await unlock(place());
    expect((await opened.authenticate()).records).toEqual([record]);
  });
});
