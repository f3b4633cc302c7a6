import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { generateIdentity, readIdentityFile, recipientOf, writeIdentityFile } from '../../src/vault/index.ts';
import { Database } from '../../src/vault/local/database.ts';
import { makeProject, type PamResult, type TestProject } from './project.ts';

let project: TestProject;
beforeEach(async () => {
  project = await makeProject({ SECRET: 'kept-secret-1' });
  await project.declare([
    { apiVersion: 'pam/v1', kind: 'PamUser', metadata: { name: 'app' }, spec: { login: 'app', password: { fromEnv: 'SECRET' } } },
  ]);
  await pam(['apply', '--auto-approve']);
});
afterEach(() => project[Symbol.asyncDispose]());

async function pam(args: readonly string[], code = 0, env: Readonly<Record<string, string | undefined>> = {}): Promise<PamResult> {
  const result = await project.pam(args, { env });
  expect(result.code, `pam ${args.join(' ')}: ${result.stdout}${result.stderr}`).toBe(code);
  return result;
}

const codeOf = (result: PamResult) => result.json<{ errors: { code: string }[] }>().errors[0]?.code;
const secret = async (env = {}) => (await pam(['secret', 'get', 'PamUser/app'], 0, env)).stdout;

/** One more identity, in a file of its own. */
async function newIdentity(): Promise<{ recipient: string; env: { PAM_IDENTITY_FILE: string } }> {
  const pair = await generateIdentity();
  const file = join(project.home, `${pair.recipient.slice(-8)}.txt`);
  await writeIdentityFile(file, pair, '2026-03-01T12:00:00.000Z');
  return { recipient: pair.recipient, env: { PAM_IDENTITY_FILE: file } };
}

const ownRecipient = async () => recipientOf((await readIdentityFile(project.identityFile))[0] ?? '');

function tamper(sql: string): void {
  const db = new Database(project.vaultFile);
  db.exec(sql);
  db.closeUnread();
}

describe('pam vault recipients', () => {
  interface Listed {
    readonly recipients: readonly { recipient: string; role: string; label?: string }[];
  }
  const noKey = { HOME: '/nonexistent' };

  test('list needs no key, and shows what add and remove did', async () => {
    const nightly = await newIdentity();
    await pam(['vault', 'recipients', 'add', nightly.recipient, '--label', 'nightly runner']);
    const { recipients } = (await pam(['vault', 'recipients', 'list', '--json'], 0, noKey)).json<Listed>();
    expect(recipients.map(({ role }) => role)).toEqual(['runner', 'recovery', 'runner']);
    expect(recipients[2]).toMatchObject({ recipient: nightly.recipient, label: 'nightly runner' });
    expect((await pam(['vault', 'recipients', 'list'])).stdout).toContain('nightly runner');
    expect(await secret(nightly.env)).toBe('kept-secret-1\n');

    const removed = (await pam(['vault', 'recipients', 'remove', nightly.recipient, '--json'])).json();
    expect(removed).toMatchObject({ removed: nightly.recipient, erased: true, journal: [] });
    await pam(['secret', 'get', 'PamUser/app'], 6, nightly.env);
    expect(await secret()).toBe('kept-secret-1\n');
    await pam(['plan', '--detailed-exitcode']);
  });
  test('the offline recovery identity opens everything, also after others were removed', async () => {
    const nightly = await newIdentity();
    await pam(['vault', 'recipients', 'add', nightly.recipient]);
    await pam(['vault', 'recipients', 'remove', nightly.recipient]);
    const recovery = readdirSync(join(project.home, '.config', 'pam')).find((name) => name.startsWith('recovery-')) ?? '';
    expect(await secret({ PAM_IDENTITY_FILE: join(project.home, '.config', 'pam', recovery) })).toBe('kept-secret-1\n');
  });
  test('your own identity is removed only when you say so', async () => {
    const mine = await ownRecipient();
    const next = await newIdentity();
    await pam(['vault', 'recipients', 'add', next.recipient]);
    const refused = await pam(['vault', 'recipients', 'remove', mine, '--json'], 3);
    expect(codeOf(refused)).toBe('PAM5019');
    await pam(['vault', 'recipients', 'remove', mine, '--own']);
    await pam(['secret', 'get', 'PamUser/app'], 6);
    expect(await secret(next.env)).toBe('kept-secret-1\n');
  });
  test('a runner and a recovery recipient stay', async () => {
    const { recipients } = (await pam(['vault', 'recipients', 'list', '--json'])).json<Listed>();
    for (const { recipient } of recipients) await pam(['vault', 'recipients', 'remove', recipient, '--own'], 3);
    const recovery = await newIdentity();
    await pam(['vault', 'recipients', 'add', recovery.recipient, '--recovery']);
    await pam(['vault', 'recipients', 'remove', recipients.find(({ role }) => role === 'recovery')?.recipient ?? '']);
  });
  test('nobody is removed while the journal holds an entry, whoever made it', async () => {
    const nightly = await newIdentity();
    await pam(['vault', 'recipients', 'add', nightly.recipient]);
    await mkdir(project.journalFolder);
    writeFileSync(join(project.journalFolder, '0c9b6a52-6a0e-4a5e-9f6e-3f0f6f1f7d11.journal'), 'pam-journal/1 ');
    const refused = await pam(['vault', 'recipients', 'remove', nightly.recipient], 3);
    expect(refused.stderr).toContain('pam recover');
    await rm(project.journalFolder, { recursive: true });
    await pam(['vault', 'recipients', 'remove', nightly.recipient]);
  });
  test('a run that opened the vault before writes nothing after, and does its work when it is run again', async () => {
    const nightly = await newIdentity();
    await pam(['vault', 'recipients', 'add', nightly.recipient]);
    await project.declare([{ apiVersion: 'pam/v1', kind: 'PamUser', metadata: { name: 'app' }, spec: { login: 'renamed' } }]);
    const running = await project.withVault(async (vault) => {
      const [record] = (await vault.snapshot()).records;
      if (record === undefined) throw new Error('no record');
      const holder = { host: hostname(), pid: process.pid, user: 'deploy', command: 'apply', since: '2026-03-01T12:00:00.000Z' };
      const lease = await vault.lease({ type: 'project', owner: record.owner }, { waitMs: 0, holder });
      const apply = project.start(['apply', '--auto-approve', '--lock-timeout', '5m']);
      await apply.said('waiting up to');
      await pam(['vault', 'recipients', 'remove', nightly.recipient]);
      await lease.release();
      return apply;
    });
    const result = await running.result;
    expect(result.code, result.stdout + result.stderr).toBe(5);
    expect(result.stderr).toContain('PAM5018');
    await pam(['apply', '--auto-approve']);
    await pam(['plan', '--detailed-exitcode']);
  });
  test('an identity given for a recipient is not repeated', async () => {
    const { identity } = await generateIdentity();
    const refused = await pam(['vault', 'recipients', 'add', identity], 8);
    expect(refused.stdout + refused.stderr).not.toContain(identity);
  });
});

describe('pam vault backup and restore', () => {
  test('a lost vault comes back, and what comes next is said', async () => {
    await pam(['vault', 'backup', 'copy.db'], 0, { HOME: '/nonexistent' });
    await pam(['vault', 'backup', 'copy.db'], 8);
    await rm(project.vaultFile);
    await pam(['plan'], 8);
    const restored = await pam(['vault', 'restore', 'copy.db', '--json']);
    expect(restored.json()).toMatchObject({ records: 1, replaced: null, next: ['pam recover --from-journal', 'pam verify'] });
    expect(await secret()).toBe('kept-secret-1\n');
    await pam(['plan', '--detailed-exitcode']);
    await pam(['audit', 'verify']);
  });
  test('a vault that is there is replaced only when told, and kept', async () => {
    await pam(['vault', 'backup', '../copy.db']);
    await pam(['vault', 'restore', '../copy.db'], 8);
    const { replaced } = (await pam(['vault', 'restore', '../copy.db', '--replace', '--json'])).json<{ replaced: string }>();
    expect(replaced).toMatch(/^\.pam\/vault\.db\.replaced-\d{8}T\d{9}Z$/);
    expect(readdirSync(join(project.root, '.pam')).sort()).toEqual(['vault.db', replaced.slice('.pam/'.length)]);
    expect(await secret()).toBe('kept-secret-1\n');
  });
  test('the vault of another project is refused', async () => {
    await using other = await makeProject();
    await other.pam(['vault', 'backup', join(project.root, 'other.db')]);
    await rm(project.vaultFile);
    const refused = await pam(['vault', 'restore', 'other.db', '--json'], 8);
    expect(codeOf(refused)).toBe('PAM5002');
  });
  test('a file name is relative to -C', async () => {
    await project.pam(['vault', 'backup', 'here.db', '-C', project.root], { cwd: project.home });
    expect(readdirSync(project.root)).toContain('here.db');
    const recipients = await project.pam(['vault', 'recipients', 'list', '-C', project.root], { cwd: project.home });
    expect(recipients.code).toBe(0);
  });
  test('in a CI job whose disk goes with it, nothing is restored or removed', async () => {
    await pam(['vault', 'backup', 'copy.db'], 0, { CI: 'true' });
    await pam(['vault', 'restore', 'copy.db', '--replace'], 8, { CI: 'true' });
    await pam(['vault', 'recipients', 'remove', await ownRecipient(), '--own'], 8, { CI: 'true' });
    await pam(['lock', 'break', 'project', '--yes'], 8, { CI: 'true' });
  });
});

describe('pam audit', () => {
  test('verify checks the chain without a key, the MACs with one, and says which', async () => {
    expect((await pam(['audit', 'verify', '--json'])).json()).toMatchObject({ checked: ['chain', 'macs'] });
    expect((await pam(['audit', 'verify', '--json'], 0, { HOME: '/nonexistent' })).json()).toMatchObject({ checked: ['chain'] });
    const stranger = await newIdentity();
    await pam(['audit', 'verify'], 6, stranger.env);
  });
  test('verify names the first event that is not as pam wrote it', async () => {
    await secret();
    tamper("UPDATE audit SET body = replace(body, 'PamUser/app', 'PamUser/xxx') WHERE sequence = 2");
    for (const env of [{}, { HOME: '/nonexistent' }]) {
      const refused = await pam(['audit', 'verify', '--json'], 6, env);
      expect(codeOf(refused)).toBe('PAM5014');
      expect(refused.stdout).toContain('event 2');
    }
  });
  test('only the MACs tell a trail that somebody made anew', async () => {
    tamper("UPDATE audit SET mac = replace(mac, substr(mac, 1, 1), 'x') WHERE sequence = 1");
    await pam(['audit', 'verify'], 0, { HOME: '/nonexistent' });
    expect((await pam(['audit', 'verify'], 6)).stderr).toContain('event 1');
  });
  test('list shows the newest first, of one address where it is given', async () => {
    await secret();
    await secret();
    interface Events {
      readonly events: readonly { sequence: number; action: string; address?: string }[];
    }
    const list = async (...args: string[]) => (await pam(['audit', 'list', '--json', ...args])).json<Events>().events;
    const all = await list();
    expect(all.map(({ sequence }) => sequence)).toEqual(all.map((_, i) => all.length - i));
    expect(all.at(-1)).toMatchObject({ action: 'vault.create' });
    expect(await list('--limit', '2')).toEqual(all.slice(0, 2));
    expect((await list('--address', 'app')).map(({ address }) => address)).toEqual(all.slice(0, -1).flatMap((e) => e.address ?? []));
    expect(await list('--address', 'PamUser/other')).toEqual([]);
    expect((await pam(['audit', 'list'])).stdout).toContain('secret.read');
  });
});

describe('pam lock', () => {
  const holder = () => ({ host: hostname(), pid: process.pid, user: 'deploy', command: 'rotate', since: '2026-03-01T12:00:00.000Z' });

  test('show tells who holds what, and break fences him', async () => {
    expect((await pam(['lock', 'show', '--json'])).json()).toEqual({ leases: [] });
    await project.withVault(async (vault) => {
      const [record] = (await vault.snapshot()).records;
      if (record === undefined) throw new Error('no record');
      const lease = await vault.lease({ type: 'account', record: record.id }, { waitMs: 0, holder: holder() });
      await vault.lease({ type: 'project', owner: record.owner }, { waitMs: 0, holder: holder() });
      const shown = (await pam(['lock', 'show', '--json'], 0, { HOME: '/nonexistent' })).json<{ leases: unknown[] }>();
      expect(shown.leases).toMatchObject([
        { type: 'project', ...record.owner },
        { type: 'account', address: 'PamUser/app', holder: { user: 'deploy', pid: process.pid } },
      ]);
      expect((await pam(['lock', 'show'])).stdout).toMatch(/PamUser\/app +deploy@/);

      await pam(['lock', 'break', 'PamUser/app'], 4);
      expect((await pam(['lock', 'break', 'PamUser/app', '--yes', '--json'])).json()).toMatchObject({
        broken: true,
        holder: { user: 'deploy' },
      });
      const { revision, mac: _, updatedAt: __, ...draft } = record;
      await expect(vault.write({ puts: [{ record: draft, expected: revision }] }, [lease])).rejects.toMatchObject({ code: 'PAM5008' });
      await pam(['lock', 'break', 'project', '--yes']);
    });
    expect((await pam(['lock', 'break', 'project', '--yes', '--json'])).json()).toMatchObject({ broken: false, holder: null });
    const { events } = (await pam(['audit', 'list', '--json'])).json<{ events: { action: string }[] }>();
    expect(events.map(({ action }) => action).filter((action) => action === 'lease.break')).toHaveLength(2);
  });
  test('break needs the key, and a record', async () => {
    await pam(['lock', 'break', 'project', '--yes'], 6, { HOME: '/nonexistent' });
    await pam(['lock', 'break', 'PamUser/nobody', '--yes'], 1);
  });
});

test('no secret and no identity stands in what these commands print', async () => {
  const [identity = ''] = await readIdentityFile(project.identityFile);
  const copy = await pam(['vault', 'backup', 'copy.db']);
  const texts = await Promise.all(
    [
      ['vault', 'recipients', 'list'],
      ['vault', 'restore', 'copy.db', '--replace'],
      ['audit', 'list'],
      ['audit', 'verify'],
      ['lock', 'show'],
    ].map(async (args) => {
      const { stdout, stderr } = await project.pam([...args, '--json']);
      return stdout + stderr;
    }),
  );
  const bytes = readFileSync(join(project.root, 'copy.db'), 'latin1');
  for (const text of [copy.stdout, ...texts, bytes]) for (const known of ['kept-secret-1', identity]) expect(text).not.toContain(known);
});
