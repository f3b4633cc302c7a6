import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Secret } from '../../src/model/index.ts';
import { readTree } from '../cli/project.ts';
import { leaks } from '../contract/canary.ts';
import { type PostgresServer, startPostgres } from '../servers/postgres.ts';
import { MODES, type Mode, makeScene, type Scene } from './scene.ts';

let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres({ logAll: true, settings: { log_min_messages: 'debug1', log_error_verbosity: 'verbose' } });
});
afterAll(() => server?.stop());

const run = promisify(execFile);
const FORMATS: Readonly<Record<Mode, string>> = { superuser: 'text', createrole: 'json', self: 'jsonl' };
const WRONG = 'a-wrong-Pass+w0rd/with=signs&more';

/** Every secret that there is or was: what the test made up, and all that the vault has of any version. */
async function allSecrets(scene: Scene): Promise<readonly Secret[]> {
  const stored = await scene.project.readVault(async (vault) => {
    const refs = (await vault.snapshot()).records.flatMap((r) => r.versions.map((v) => ({ record: r.id, field: v.field, version: v.id })));
    return Promise.all(refs.map((ref) => vault.readSecret(ref)));
  });
  const known = [WRONG, scene.admin.password, ...scene.accounts.map((a) => a.password)].map((text) => Secret.fromText(text));
  return [...known, ...stored];
}

test.for(MODES)('no secret stands in anything that pam writes or sends in the clear, changes made by %s', async (mode) => {
  await using scene = await makeScene(server, { mode, accounts: 2, rotation: { initial: 'now' } });
  const { project } = scene;
  const said: string[] = [];
  const pam = async (args: readonly string[], env: Record<string, string | undefined> = {}) => {
    const { stdout, stderr, code } = await project.pam(args, { env });
    said.push(`$ ${args.join(' ')} (${code})`, stdout, stderr);
    return code;
  };
  const wrong = Object.fromEntries([scene.admin, ...scene.accounts].map((a) => [scene.variable(a), WRONG]));

  await pam(['validate', '--json', '--out-dir', 'reports']);
  await pam(['plan', '--json', '--out', 'plan.json', '--out-dir', 'reports']);
  await pam(['apply', '--auto-approve', '--verbose'], { ...wrong, PAM_DEBUG: '1' });
  await pam(['apply', '--auto-approve', '--format', 'jsonl'], { ...wrong, PAM_DEBUG: '1' });
  await pam(['apply', '--auto-approve', '--json'], { [scene.variable(scene.accounts[0] ?? scene.admin)]: undefined });
  await pam(['apply', '--auto-approve', '--verbose'], { PAM_TEST_FAILPOINT: 'rotate.answered' });
  const midway = await copyOf(scene);
  await pam(['recover', '--explain', '--json']);
  await pam(['recover', '--verbose', '--format', 'jsonl']);
  await pam(['apply', '--auto-approve', '--verbose', '--format', 'jsonl']);
  // Each format once: another one for each mode.
  const format = FORMATS[mode];
  await pam(['rotate', 'PamUser/app-1', '--auto-approve', '--verbose', '--format', format]);
  await pam(['verify', '--verbose', '--format', format]);
  for (const look of [['plan'], ['list'], ['history'], ['show', 'PamUser/app-1']]) await pam([...look, '--format', format]);
  // Errors: a literal secret in a manifest, an account that may not log in.
  await project.write(
    'manifests/literal.yaml',
    `kind: PamUser\napiVersion: pam/v1\nmetadata: { name: x }\nspec: { login: x, password: "${WRONG}" }\n`,
  );
  expect(await pam(['validate'])).toBe(8);
  expect(await pam(['plan', '--json', '--out-dir', 'failed'])).toBe(8);
  await run('rm', [join(project.root, 'manifests/literal.yaml')]);
  await server.query(`ALTER ROLE ${scene.accounts[1]?.login} NOLOGIN`);
  await pam(['rotate', 'PamUser/app-2', '--auto-approve', '--json'], { PAM_DEBUG: '1' });
  await pam(['verify', '--json', '--out-dir', 'reports'], { PAM_DEBUG: '1' });
  expect(await pam(['snapshot', '--out', 'snapshot.json'])).toBe(0);
  expect(await pam(['plan', '--snapshot', 'snapshot.json', '--json'])).toBe(0);

  const secrets = await allSecrets(scene);
  expect(secrets.length).toBeGreaterThan(6);
  const places = { output: said.join('\n'), midway, disk: await copyOf(scene), log: await server.logText() };
  expect(midway).toContain('pam-journal/1');
  expect(places.log).toContain('ALTER ROLE');
  for (const [place, text] of Object.entries(places)) expect(leaks(text, ...secrets), `in ${place}`).toEqual([]);
});

/** Everything below the project's folder, bytes as they are; copied first, since opening the vault's file here would touch its locks. */
async function copyOf(scene: Scene): Promise<string> {
  const copy = join(scene.project.home, `copy-${Math.random()}`);
  await run('cp', ['-r', scene.project.root, copy]);
  return readTree(copy);
}
