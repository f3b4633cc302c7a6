import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeProject, type TestProject } from './cli/project.ts';
import { type PostgresServer, startPostgres } from './servers/postgres.ts';

const EXAMPLES = new URL('../examples/', import.meta.url).pathname;
const folders = (await readdir(EXAMPLES, { withFileTypes: true })).filter((e) => e.isDirectory()).map((e) => e.name);
const projects = (
  await Promise.all(folders.map(async (name) => ((await readdir(join(EXAMPLES, name))).includes('pam.yaml') ? [name] : [])))
).flat();

let server: PostgresServer;

beforeAll(async () => {
  server = await startPostgres();
});

afterAll(() => server.stop());

/** The example as a project of its own: a vault, the port of the test server, roles that exist. */
async function copyOf(name: string, roles: readonly string[], env: Record<string, string> = {}): Promise<TestProject> {
  const project = await makeProject({ ...env });
  const lineage = await project.withVault(async (vault) => vault.lineage);
  await cp(join(EXAMPLES, name), project.root, { recursive: true });
  const file = join(project.root, 'pam.yaml');
  await writeFile(file, (await readFile(file, 'utf8')).replace('path: .pam/vault.db', `path: .pam/vault.db, lineage: ${lineage}`));
  for (const entry of await readdir(project.root, { recursive: true, withFileTypes: true })) {
    if (!entry.name.endsWith('.yaml')) continue;
    const path = join(entry.parentPath, entry.name);
    await writeFile(path, (await readFile(path, 'utf8')).replaceAll('port: 5432', `port: ${server.port}`));
  }
  for (const role of roles) await server.query(`DO $$ BEGIN CREATE ROLE ${role} LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$`);
  return project;
}

async function pam(project: TestProject, args: readonly string[], code = 0): Promise<string> {
  const result = await project.pam(args);
  expect(result.code, `${args.join(' ')}\n${result.stdout}${result.stderr}`).toBe(code);
  return result.stdout;
}

test('every example folder is a project, but for the pipelines', () => {
  expect(projects).toEqual(folders.filter((name) => name !== 'ci'));
  expect(projects.length).toBeGreaterThanOrEqual(3);
});

describe.each(projects)('examples/%s', (name) => {
  test('is valid and laid out, in every environment', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'pam-example-'));
    const project = await makeProject();
    try {
      await cp(join(EXAMPLES, name), folder, { recursive: true });
      const [, below = ''] = (await readFile(join(folder, 'pam.yaml'), 'utf8')).split(/^environments:$/m);
      const environments = [...below.matchAll(/^ {2}(\w+):$/gm)].map((m) => ['--env', m[1] ?? '']);
      for (const env of [[], ...environments]) {
        await pam(project, ['validate', '-C', folder, ...env]);
        await pam(project, ['fmt', '--check', '-C', folder, ...env]);
      }
    } finally {
      await rm(folder, { recursive: true });
      await project[Symbol.asyncDispose]();
    }
  });
});

test('examples/environments: each environment is applied by itself', async () => {
  await using project = await copyOf('environments', ['dev_app', 'prod_app', 'prod_monitor'], {
    DEV_DBA_PASSWORD: server.adminPassword,
    PROD_DBA_PASSWORD: server.adminPassword,
    PROD_MONITOR_PASSWORD: 'Monitor-Start-1',
    LICENSE_PORTAL_PASSWORD: 'kept',
  });
  await server.query(`ALTER ROLE prod_monitor PASSWORD 'Monitor-Start-1'`);
  await pam(project, ['apply', '--auto-approve']);
  expect(await pam(project, ['list', '--kind', 'PamUser'])).not.toContain('license-portal');
  await pam(project, ['apply', '--auto-approve', '--env', 'prod']);
  expect(await pam(project, ['secret', 'get', 'PamUser/license-portal', '--env', 'prod'])).toBe('kept\n');
  await pam(project, ['rotate', 'PamUser/monitor', '--auto-approve', '--env', 'prod']);
  await pam(project, ['verify', '--env', 'prod']);
  for (const env of [[], ['--env', 'prod']]) await pam(project, ['plan', '--detailed-exitcode', ...env]);
});

test('examples/incident: a new trigger rotates everything that one person knew, once', async () => {
  await using project = await copyOf('incident', ['backup', 'migration', 'dashboards'], { DBA_PASSWORD: server.adminPassword });
  await pam(project, ['apply', '--auto-approve']);
  const before = await pam(project, ['secret', 'get', 'PamUser/backup']);
  const other = await pam(project, ['secret', 'get', 'PamUser/dashboards']);
  const file = join(project.root, 'manifests', 'accounts.yaml');
  await writeFile(file, (await readFile(file, 'utf8')).replaceAll('trigger: hired-alex', 'trigger: left-alex'));
  const plan = JSON.parse(await pam(project, ['plan', '--json', '--target', 'label:known-by=alex'])) as {
    digest: string;
    changes: { kind: string; address: string }[];
  };
  expect(plan.changes.filter((c) => c.kind === 'rotate').map((c) => c.address)).toEqual(['PamUser/backup', 'PamUser/migration']);
  await pam(project, ['apply', '--approve', plan.digest, '--target', 'label:known-by=alex']);
  expect(await pam(project, ['secret', 'get', 'PamUser/backup'])).not.toBe(before);
  expect(await pam(project, ['secret', 'get', 'PamUser/dashboards'])).toBe(other);
  await pam(project, ['plan', '--detailed-exitcode']);
});

test('examples/policies: its tests pass, a rule that is not kept stops the apply, and a mended manifest goes through', async () => {
  await using project = await copyOf('policies', ['shop_app'], { SHOP_ADMIN_PASSWORD: server.adminPassword });
  expect(await pam(project, ['test'])).toContain('3 tests: 3 passed, 0 failed.');
  const file = join(project.root, 'manifests', 'shop.yaml');
  const good = await readFile(file, 'utf8');
  await writeFile(file, good.replace('every: 30d', 'every: 60d'));
  const plan = await pam(project, ['plan', '--detailed-exitcode'], 3);
  expect(plan).toContain('✗ PamUser/shop-app: may keep a secret for 60 days, longer than 45 (longest-period, stops apply)');
  const refused = await project.pam(['apply', '--auto-approve', '--json']);
  expect(refused.code).toBe(3);
  expect(refused.json<{ errors: { code: string }[] }>().errors.map((e) => e.code)).toEqual(['PAM2034']);
  expect(await pam(project, ['list'])).not.toContain('shop-app');
  await writeFile(file, good);
  await pam(project, ['apply', '--auto-approve']);
  await pam(project, ['plan', '--detailed-exitcode']);
});
