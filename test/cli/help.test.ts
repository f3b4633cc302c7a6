import { spawnSync } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { generateIdentity, writeIdentityFile } from '../../src/vault/index.ts';
import { type PostgresServer, startPostgres } from '../servers/postgres.ts';
import { makeProject, type TestProject } from './project.ts';

interface Manifest {
  readonly commands: Readonly<Record<string, { readonly summary?: string; readonly examples?: readonly string[] }>>;
}

const ROOT = new URL('../../', import.meta.url).pathname;
const manifest = JSON.parse(await readFile(join(ROOT, 'oclif.manifest.json'), 'utf8')) as Manifest;
const commands = Object.entries(manifest.commands).map(([id, command]) => ({ name: id.replaceAll(':', ' '), ...command }));
const examples = commands.flatMap(({ name, examples: list = [] }) =>
  list.map((e) => e.replaceAll('<%= config.bin %>', 'pam').replaceAll('<%= command.id %>', name)),
);

/** Exit codes besides 0 that an example may have, since it shows what it is for: differences, or a question that needs a terminal. */
const CODES: Readonly<Record<string, number>> = {
  'pam apply': 4,
  'pam lock break PamUser/orders-app': 4,
  'pam secret get PamUser/orders-app --version pending --break-glass': 1,
};
/** Those that end the project as it was come last. */
const LAST = ['pam vault recipients remove', 'pam vault restore'];

let server: PostgresServer;
let project: TestProject;
/** What stands in an example for something of the reader's own. */
let own: Readonly<Record<string, string>>;

beforeAll(async () => {
  server = await startPostgres();
  for (const role of ['orders_app', 'billing_app', 'reporting', 'legacy_report']) await server.query(`CREATE ROLE ${role} LOGIN`);
  project = await makeProject({ ORDERS_ADMIN_PASSWORD: server.adminPassword });
  const manifestText = await readFile(join(ROOT, 'examples/postgres/manifests/orders.yaml'), 'utf8');
  await project.write('manifests/orders.yaml', manifestText.replace('port: 5432', `port: ${server.port}`));
  await project.write('prod/.keep', '');
  await project.write(
    'keeper.json',
    JSON.stringify({ pam_data: { users: [{ type: 'login', title: 'wiki', login: 'jane', password: 'p4ss' }] } }),
  );
  await project.write('policies/tests/naming.yaml', 'name: nothing is nothing\nmanifests: []\nexpect: []\n');
  const lineage = await project.withVault(async (vault) => vault.lineage);
  await project.write(
    'pam.yaml',
    `project: work\nvault: { type: local, path: .pam/vault.db, lineage: ${lineage} }\nenvironments:\n  prod: { manifests: [ "prod/*.yaml" ] }\n`,
  );
  expect((await project.pam(['apply', '--auto-approve'])).code).toBe(0);
  expect((await project.pam(['rotate', 'PamUser/orders-app', '--auto-approve'])).code).toBe(0);
  await writeFile(
    join(project.root, 'manifests/more.yaml'),
    'apiVersion: pam/v1\nkind: PamUser\nmetadata: { name: more }\nspec: { login: more }\n',
  );
  expect((await project.pam(['plan', '--out', 'plan.json'])).code).toBe(0);

  const [runner, recovery] = [await generateIdentity(), await generateIdentity()];
  await mkdir(join(project.root, 'backup'));
  const digest = (await project.pam(['plan', '--json'])).json<{ digest: string }>().digest;
  const runs = (await project.pam(['history', '--json'])).json<{ runs: { id: string }[] }>().runs;
  await writeIdentityFile(join(project.root, 'recovery.txt'), recovery, '2027-01-01T00:00:00.000Z');
  own = {
    'sha256:3a7bd3e2360a3d29eea436fcfb7e44c735d117c42d1c1835420b6b9942dd4f1b': digest,
    '4f9b3c1e-6d52-4a0e-9a43-0c7f2b6f3e11': runs[0]?.id ?? '',
    age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p: runner.recipient,
    age1lggyhqrw2nlhcxprm67z43rta597azn8gknawjehu9d9dl0jq3yqqvfafg: recovery.recipient,
    '/mnt/backup/vault-2026-03-01.db': 'backup/vault.db',
    '/mnt/backup/vault-$(date +%F).db': 'backup/vault.db',
    '~/.zsh/completions/_pam': 'backup/_pam',
    'psql-login': 'cat',
  };
});

afterAll(async () => {
  await project[Symbol.asyncDispose]();
  await server.stop();
});

test.each(commands)('pam $name has a summary and an example', ({ name, summary, examples: list }) => {
  expect(summary, name).toMatch(/\.$/);
  expect(list?.length ?? 0, name).toBeGreaterThan(0);
});

/** Runs the example as it stands, in a shell, with `pam` being the built program. */
function runExample(example: string): { code: number | null; output: string } {
  const line = Object.entries(own).reduce((text, [from, to]) => text.replaceAll(from, to), example);
  const pam = `pam() { "${process.execPath}" "${join(ROOT, 'dist/pam.js')}" "$@"; }`;
  const { status, stdout, stderr } = spawnSync('bash', ['-o', 'pipefail', '-c', `${pam}\n${line}`], {
    cwd: project.root,
    env: project.env as NodeJS.ProcessEnv,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return { code: status, output: stdout + stderr };
}

describe('every example of every help text runs as it stands', () => {
  const isLast = (e: string) => LAST.findIndex((l) => e.startsWith(l));
  const ordered = [...examples].sort((a, b) => isLast(a) - isLast(b));
  const elsewhere = new Set([
    'pam init',
    'pam vault restore /mnt/backup/vault-2026-03-01.db',
    'pam vault restore /mnt/backup/vault-2026-03-01.db --replace --identity recovery.txt',
  ]);

  test.each(ordered.filter((e) => !elsewhere.has(e)))('%s', (example) => {
    const { code, output } = runExample(example);
    expect(code, output).toBe(CODES[example] ?? 0);
  });

  test('pam init, in a folder that has no project', async () => {
    await mkdir(join(project.home, 'fresh'));
    const { code, stdout } = await project.pam(['init'], { cwd: join(project.home, 'fresh') });
    expect(code, stdout).toBe(0);
  });

  test('pam vault restore, with and without a vault that is there', async () => {
    const copy = join(project.home, 'copy.db');
    expect((await project.pam(['vault', 'backup', copy])).code).toBe(0);
    expect((await project.pam(['vault', 'restore', copy])).code).not.toBe(0);
    const { code, stdout, stderr } = await project.pam([
      'vault',
      'restore',
      copy,
      '--replace',
      '--identity',
      join(project.root, 'recovery.txt'),
    ]);
    expect(code, stdout + stderr).toBe(0);
  });
});
