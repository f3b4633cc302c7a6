import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Secret, versionIn } from '../../src/model/index.ts';
import { leaks } from '../contract/canary.ts';
import { type PostgresServer, startPostgres } from '../servers/postgres.ts';
import { makeProject, type TestProject } from './project.ts';

let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres();
  for (const login of ['reader', 'writer']) await server.query(`CREATE ROLE ${login} LOGIN PASSWORD '${login}-Old-Secret-1'`);
});
afterAll(() => server?.stop());

/** What Commander would import: a server, its administrator and two accounts, with the secrets that they have. */
const keeper = (): object => ({
  project: 'Orders',
  pam_configuration: { environment: 'local', title: 'On premises', gateway_name: 'gw' },
  pam_data: {
    resources: [
      {
        type: 'pamDatabase',
        title: 'Orders DB',
        host: server.host,
        port: String(server.port),
        use_ssl: false,
        database_type: 'postgresql',
        pam_settings: { connection: { protocol: 'postgresql', administrative_credentials: 'postgres' } },
        users: [
          { type: 'pamUser', login: 'postgres', password: server.adminPassword },
          {
            type: 'pamUser',
            login: 'reader',
            password: 'reader-Old-Secret-1',
            colour: 'green',
            rotation_settings: { rotation: 'general', schedule: { type: 'CRON', cron: '30 3 * * 0' }, password_complexity: '32,2,2,2,2' },
          },
          { type: 'pamUser', login: 'writer', password: 'writer-Old-Secret-1' },
        ],
      },
    ],
  },
});

const SECRETS = ['reader-Old-Secret-1', 'writer-Old-Secret-1'].map(Secret.fromText);

async function run(project: TestProject, ...args: readonly string[]) {
  const result = await project.pam(args);
  expect(result, `pam ${args.join(' ')}\n${result.stdout}${result.stderr}`).toMatchObject({ code: 0 });
  return result;
}

test('a project of Commander becomes manifests that apply on the live server: proved, nothing rotated, an empty plan', async () => {
  await using project = await makeProject();
  await project.write('keeper.json', JSON.stringify(keeper(), null, 2));
  const hashes = () => server.query('SELECT rolname, rolpassword FROM pg_authid ORDER BY rolname');
  const before = await hashes();
  const args = ['import', '--from', 'keeper-project', 'keeper.json', '--out', 'manifests/keeper.yaml', '--secrets-dir', '.pam/imported'];
  const { stdout, stderr } = await run(project, ...args);
  expect(stdout).toBe('Wrote 5 manifests to manifests/keeper.yaml. Next: pam plan\n');
  expect(stderr).toContain('$.pam_data.resources[0].users[1].colour is not known: left out');
  expect(stderr).toContain('written as Quartz "0 30 3 ? * SUN"');
  expect(stderr).toContain(
    'PamUser/orders-db-reader password ($.pam_data.resources[0].users[1].password): ../.pam/imported/orders-db-reader.password',
  );

  const file = join(project.root, '.pam/imported/orders-db-reader.password');
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(await readFile(file, 'utf8')).toBe('reader-Old-Secret-1');
  const manifests = await readFile(join(project.root, 'manifests/keeper.yaml'), 'utf8');
  for (const secret of [...SECRETS, Secret.fromText(server.adminPassword)])
    expect(leaks(`${manifests}\n${stdout}\n${stderr}`, secret)).toEqual([]);

  await run(project, 'validate');
  await run(project, 'fmt', '--check');
  const plan = (await run(project, 'plan', '--json')).json<{ changes: { kind: string }[] }>();
  expect([...new Set(plan.changes.map((c) => c.kind))].sort()).toEqual(['create', 'ingest', 'link']);
  await run(project, 'apply', '--auto-approve');
  await run(project, 'plan', '--detailed-exitcode');
  expect(await hashes()).toEqual(before);
  const stored = await project.readVault(async (vault) => {
    const record = (await vault.snapshot()).records.find((r) => r.address === 'PamUser/orders-db-writer');
    const current = record === undefined ? undefined : versionIn(record, 'password', 'current');
    expect(current?.proof).toBeDefined();
    return vault.readSecret({ record: record?.id ?? '', field: 'password', version: current?.id ?? '' });
  });
  expect(stored.reveal()).toBe('writer-Old-Secret-1');
  // Neither manifests nor secrets are written over.
  expect(await project.pam(args)).toMatchObject({ code: 8, stderr: expect.stringContaining('PAM9020') });
});

test('where the manifests cannot be written, no file with a secret stays behind', async () => {
  await using project = await makeProject();
  await project.write('keeper.json', JSON.stringify(keeper()));
  const args = ['import', '--from', 'keeper-project', 'keeper.json', '--out', 'pam.yaml/keeper.yaml', '--secrets-dir', 'imported'];
  expect(await project.pam(args)).toMatchObject({ code: 8, stderr: expect.stringContaining('PAM9004') });
  expect(await readdir(join(project.root, 'imported'))).toEqual([]);
});

test('without files the manifests name variables, and JSON tells which', async () => {
  await using project = await makeProject();
  await project.write('keeper.json', JSON.stringify(keeper()));
  const result = await run(project, 'import', '--from', 'keeper-project', 'keeper.json', '--json');
  const { secrets, warnings, manifests } = result.json<{
    secrets: { address: string; source: { fromEnv: string } }[];
    warnings: { code: string }[];
    manifests: string;
  }>();
  expect(secrets.map((s) => s.source.fromEnv)).toEqual(['POSTGRES', 'READER', 'WRITER'].map((n) => `ORDERS_DB_${n}_PASSWORD`));
  expect(manifests).toContain('password: { fromEnv: ORDERS_DB_READER_PASSWORD, version: 1 }');
  expect([...new Set(warnings.map((w) => w.code))]).toEqual(['PAM9024']);
  for (const secret of SECRETS) expect(leaks(result.stdout + result.stderr, secret)).toEqual([]);
});

test('what the manifests would be refused for is told at its place in the file, and nothing is written', async () => {
  await using project = await makeProject();
  const directory = { type: 'pamDirectory', title: 'People', directory_type: 'openldap', host: 'ldap.example.org' };
  const data = { resources: [{ ...directory, users: [{ type: 'pamUser', login: 'jane', password: 'jane-Secret-1' }] }] };
  await project.write('keeper.json', JSON.stringify({ pam_data: data }, null, 2));
  const result = await project.pam(['import', '--from', 'keeper-project', 'keeper.json', '--out', 'manifests/x.yaml', '--json']);
  expect(result.code).toBe(8);
  expect(result.json()).toMatchObject({ errors: [{ code: 'PAM1046', source: { file: 'keeper.json', line: 10 } }] });
  expect(leaks(result.stdout + result.stderr, Secret.fromText('jane-Secret-1'))).toEqual([]);
  await expect(stat(join(project.root, 'manifests/x.yaml'))).rejects.toThrow('ENOENT');
  expect(await project.pam(['import', '--from', 'keeper-project', 'nowhere.json'])).toMatchObject({
    code: 8,
    stderr: expect.stringContaining('PAM9004'),
  });
});
