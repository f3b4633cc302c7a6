import { randomBytes, randomUUID } from 'node:crypto';
import { readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hashOwned, Secret } from '../../src/model/index.ts';
import { createJournal, fileJournalStorage } from '../../src/rotate/index.ts';
import { createSealer } from '../../src/vault/index.ts';
import { type PostgresServer, startPostgres } from '../servers/postgres.ts';
import { makeScene, opens, type Scene } from './scene.ts';
import { editVault } from './vault-file.ts';

let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres({ logAll: true, settings: { max_connections: '100' } });
});
afterAll(() => server?.stop());

async function connections(): Promise<number> {
  return (await server.logText()).split('connection received').length - 1;
}

const apply = (scene: Scene, ...args: readonly string[]) => scene.project.pam(['apply', ...(args.length > 0 ? args : ['--auto-approve'])]);

async function planned(scene: Scene, ...args: readonly string[]): Promise<string> {
  const result = await scene.project.pam(['plan', '--json', ...args]);
  expect(result, result.stderr).toMatchObject({ code: 0 });
  return result.json<{ digest: string }>().digest;
}

describe('a vault file that somebody edited', () => {
  test.for([
    ['apply', ['apply', '--auto-approve']],
    ['rotate', ['rotate', 'PamUser/app-1', '--auto-approve']],
    ['verify', ['verify']],
    ['recover', ['recover']],
  ] as const)('another host in a record: %s exits 6 before any connection', async ([, args]) => {
    await using scene = await makeScene(server, { mode: 'superuser', accounts: 1, rotation: {} });
    expect(await apply(scene)).toMatchObject({ code: 0 });
    await scene.declare({ trigger: 'now' });
    await editVault(scene, `UPDATE record SET body = replace(body, '"host":"127.0.0.1"', '"host":"localhost"')`);
    const before = await connections();
    const result = await scene.project.pam(args);
    expect(result, result.stdout).toMatchObject({ code: 6 });
    expect(result.stderr).toContain('PAM5006');
    expect(result.stderr).toContain('PamDatabase/db');
    expect(await connections()).toBe(before);
  });

  test('a run that was put in under an approved digest carries nothing out', async () => {
    await using scene = await makeScene(server, { mode: 'superuser', accounts: 2, rotation: {} });
    expect(await apply(scene)).toMatchObject({ code: 0 });
    await scene.declare({ trigger: 'one' });
    const approved = await planned(scene);
    expect(await apply(scene, '--approve', approved)).toMatchObject({ code: 0 });
    // A plan that sends the credentials elsewhere, under the digest that was approved.
    const forged = await scene.project.pam(['plan', '--json']);
    const plan = forged.json<Record<string, unknown>>();
    const record = await scene.record('PamDatabase/db');
    const update = {
      id: 'update PamDatabase/db',
      address: 'PamDatabase/db',
      kind: 'update',
      dependsOn: [],
      precondition: hashOwned(record),
      fields: [{ path: 'host', before: '127.0.0.1', after: 'evil.example' }],
    };
    await editVault(
      scene,
      'UPDATE run SET plan = ? WHERE digest = ?',
      JSON.stringify({ ...plan, digest: approved, changes: [update] }),
      approved,
    );
    const result = await apply(scene, '--approve', approved);
    expect(result, result.stdout + result.stderr).toMatchObject({ code: 4 });
    expect((await scene.record('PamDatabase/db')).fields['host']).toBe('127.0.0.1');
  });
});

describe('a journal entry that somebody put in, sealed to our recipients', () => {
  /** What whoever can write the journal's folder, and read the recipients in the vault file, is able to make. */
  async function forge(scene: Scene, known: string): Promise<void> {
    const { id, address } = await scene.record('PamUser/app-1');
    const recipients = await scene.project.readVault((vault) => vault.recipients());
    const sealer = createSealer(
      recipients.map((r) => r.recipient),
      [],
    );
    const version = randomUUID();
    const { lineage } = await scene.project.readVault((vault) => vault.snapshot());
    await createJournal(fileJournalStorage(scene.project.journalFolder), sealer, randomBytes).open({
      rotationId: randomUUID(),
      lineage,
      record: id,
      address,
      field: 'password',
      reason: { type: 'request' },
      startedAt: new Date().toISOString(),
      login: 'postgres',
      target: null,
      candidates: [{ role: 'pending', version, secret: Secret.fromText(known) }],
    });
  }

  test.for([
    ['apply', ['apply', '--auto-approve']],
    ['recover', ['recover']],
    ['rotate', ['rotate', 'PamUser/app-2', '--auto-approve']],
  ] as const)('%s never sends its secret', async ([, args]) => {
    await using scene = await makeScene(server, { mode: 'superuser', accounts: 2, rotation: {} });
    expect(await apply(scene)).toMatchObject({ code: 0 });
    await forge(scene, 'known-to-somebody');
    await scene.project.pam(args);
    await scene.project.pam(['apply', '--auto-approve']);
    const [account] = scene.accounts;
    expect(await opens(server, account?.login ?? '', account?.password)).toBe(true);
    expect(await scene.stored('PamUser/app-1')).toBe(account?.password);
    expect((await scene.record('PamUser/app-1')).versions).toHaveLength(1);
    expect((await scene.project.journal()).map((name) => name.slice(36))).toEqual(['.damaged']);
  });
});

describe('a vault that is not the one', () => {
  test('a missing vault is an error, and never a plan to create everything', async () => {
    await using scene = await makeScene(server, { mode: 'superuser', accounts: 1 });
    expect(await apply(scene)).toMatchObject({ code: 0 });
    await rename(join(scene.project.root, '.pam'), join(scene.project.root, 'lost'));
    for (const args of [['plan'], ['apply', '--auto-approve'], ['verify'], ['list']]) {
      const result = await scene.project.pam(args);
      expect(result, args.join(' ')).toMatchObject({ code: 8, stdout: '' });
      expect(result.stderr).toContain('PAM5001');
    }
  });

  test('a vault of another lineage is an error', async () => {
    await using scene = await makeScene(server, { mode: 'superuser', accounts: 1 });
    const path = join(scene.project.root, 'pam.yaml');
    const text = (await readFile(path, 'utf8')).replace(/lineage: \S+/, 'lineage: 00000000-0000-4000-8000-000000000000');
    await scene.project.write('pam.yaml', text);
    for (const args of [['plan'], ['apply', '--auto-approve']]) {
      const result = await scene.project.pam(args);
      expect(result).toMatchObject({ code: 8, stdout: '' });
      expect(result.stderr).toContain('PAM5002');
    }
  });
});

describe('a saved plan', () => {
  test('that is stale is refused with the object named, while one about other objects is carried out', async () => {
    await using scene = await makeScene(server, { mode: 'superuser', accounts: 2, rotation: {} });
    expect(await apply(scene)).toMatchObject({ code: 0 });
    await scene.declare({ trigger: 'now' });
    await planned(scene, '--target', 'PamUser/app-1', '--out', 'one.json');
    await planned(scene, '--target', 'PamUser/app-2', '--out', 'two.json');
    // Another pull request changes the first account meanwhile.
    await scene.declare({ allowUnproved: true }, scene.accounts.slice(0, 1));
    expect(await apply(scene, '--auto-approve', '--target', 'PamUser/app-1')).toMatchObject({ code: 0 });
    const stale = await apply(scene, 'one.json');
    expect(stale).toMatchObject({ code: 4 });
    expect(stale.stderr).toContain('PamUser/app-1');
    expect(stale.stderr).not.toContain('PamUser/app-2');
    expect(await apply(scene, 'two.json')).toMatchObject({ code: 0 });
    expect([await scene.staged('PamUser/app-1'), await scene.staged('PamUser/app-2')]).toEqual([0, 1]);
  });

  test('does not rotate what was merely due when it was made, once the merged policy says otherwise', async () => {
    await using scene = await makeScene(server, {
      mode: 'superuser',
      accounts: 1,
      rotation: { policy: undefined, schedule: { cron: '* * * * * ?' } },
    });
    await scene.project.pam(['apply', '--auto-approve', '--only', 'records']);
    await expect
      .poll(() => scene.project.pam(['plan', '--detailed-exitcode', '--out', 'due.json']).then((r) => r.stdout))
      .toContain('rotate');
    await scene.declare({ enabled: false });
    expect(await apply(scene)).toMatchObject({ code: 0 });
    const result = await apply(scene, 'due.json');
    expect(result, result.stderr).toMatchObject({ code: 0 });
    expect(await scene.staged('PamUser/app-1')).toBe(0);
  });

  test('that was edited is refused', async () => {
    await using scene = await makeScene(server, { mode: 'superuser', accounts: 1 });
    await planned(scene, '--out', 'plan.json');
    const text = await readFile(join(scene.project.root, 'plan.json'), 'utf8');
    await scene.project.write('plan.json', text.replaceAll('127.0.0.1', 'evil.example'));
    const result = await apply(scene, 'plan.json');
    expect(result).toMatchObject({ code: 8 });
    expect(result.stderr).toContain('PAM2015');
  });
});

test('plan and validate need no key, no home and no secret, and give the same digest without them', async () => {
  await using scene = await makeScene(server, { mode: 'superuser', accounts: 2, rotation: {} });
  expect(await apply(scene)).toMatchObject({ code: 0 });
  await scene.declare({ trigger: 'now' });
  const digest = await planned(scene);
  const nothing = Object.fromEntries(
    Object.keys(scene.project.env)
      .filter((name) => name !== 'PATH')
      .map((name) => [name, undefined]),
  );
  await rm(scene.project.home, { recursive: true });
  const bare = await scene.project.pam(['plan', '--json'], { env: nothing });
  expect(bare, bare.stderr).toMatchObject({ code: 0 });
  expect(bare.json<{ digest: string }>().digest).toBe(digest);
  expect(await scene.project.pam(['validate'], { env: nothing })).toMatchObject({ code: 0 });
});
