import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeProject, type TestProject } from './project.ts';

let project: TestProject;

beforeEach(async () => {
  project = await makeProject({ SECRET: 'kept-secret-1' });
});

afterEach(() => project[Symbol.asyncDispose]());

const user = (name: string, metadata: object = {}, spec: object = {}) => ({
  apiVersion: 'pam/v1',
  kind: 'PamUser',
  metadata: { name, ...metadata },
  spec: { login: name, ...spec },
});
const users = (...names: string[]) => names.map((n) => user(n));

interface PlanJson {
  readonly digest: string;
  readonly changes: readonly { id: string; kind: string; address: string; blocked?: { code: string; reason: string } }[];
}

async function apply(args: readonly string[] = ['--auto-approve'], code = 0): Promise<void> {
  const result = await project.pam(['apply', ...args]);
  expect(result.code, result.stderr + result.stdout).toBe(code);
}

async function plan(args: readonly string[] = []): Promise<PlanJson> {
  const result = await project.pam(['plan', '--json', ...args]);
  expect(result.code, result.stderr).toBe(0);
  return result.json<PlanJson>();
}

const ids = (p: PlanJson) => p.changes.map((c) => c.id);

async function addresses(args: readonly string[] = []): Promise<string[]> {
  return (await project.pam(['list', '--json', ...args]))
    .json<{ records: { address: string; status: string }[] }>()
    .records.map((r) => `${r.address} ${r.status}`);
}

test('a renamed resource moves and keeps its secret; nothing is created anew', async () => {
  await project.declare([user('old', {}, { password: { fromEnv: 'SECRET' } })]);
  await apply();
  await project.declare([user('new', { moved: { from: 'old' } }, { login: 'old', password: { fromEnv: 'SECRET' } })]);
  expect(ids(await plan())).toEqual(['move PamUser/new']);
  await apply();
  expect(await addresses()).toEqual(['PamUser/new managed']);
  expect((await project.pam(['secret', 'get', 'PamUser/new'])).stdout).toBe('kept-secret-1\n');
  expect(ids(await plan())).toEqual([]);
});

test('a removed manifest releases, a returning one adopts, secret and all', async () => {
  await project.declare([user('a', {}, { password: { fromEnv: 'SECRET' } }), ...users('b', 'c', 'd')]);
  await apply();
  await project.declare(users('b', 'c', 'd'));
  expect(ids(await plan())).toEqual(['release PamUser/a']);
  await apply();
  expect(await addresses()).toContain('PamUser/a released');
  expect(ids(await plan())).toEqual([]);
  await project.declare([user('a', {}, { password: { fromEnv: 'SECRET' } }), ...users('b', 'c', 'd')]);
  expect(ids(await plan())).toEqual(['adopt PamUser/a']);
  await apply();
  expect((await project.pam(['secret', 'get', 'PamUser/a'])).stdout).toBe('kept-secret-1\n');
});

test('retire, then remove, deletes the record and its secret, and keeps its audit events', async () => {
  await project.declare([user('a', {}, { password: { fromEnv: 'SECRET' } }), ...users('b', 'c', 'd')]);
  await apply();
  await project.declare([user('a', { lifecycle: { retire: true } }, { password: { fromEnv: 'SECRET' } }), ...users('b', 'c', 'd')]);
  expect(ids(await plan())).toEqual(['retire PamUser/a']);
  await apply();
  await project.declare(users('b', 'c', 'd'));
  expect(ids(await plan())).toEqual(['delete PamUser/a']);
  await apply();
  expect(await addresses()).not.toContain('PamUser/a managed');
  await project.withVault(async (vault) => {
    const actions: string[] = [];
    for await (const event of vault.audit()) if (event.address === 'PamUser/a') actions.push(event.action);
    expect(actions).toEqual(['record.create', 'secret.candidate', 'secret.ingest', 'record.retire', 'record.delete']);
  });
});

test('protect blocks the release until it is taken away by a change of its own', async () => {
  await project.declare([user('a', { lifecycle: { protect: true } }), ...users('b', 'c', 'd')]);
  await apply();
  await project.declare(users('b', 'c', 'd'));
  expect((await plan()).changes[0]?.blocked?.code).toBe('PAM2007');
  await apply(['--auto-approve'], 3);
  await project.declare(users('a', 'b', 'c', 'd'));
  await apply();
  await project.declare(users('b', 'c', 'd'));
  await apply();
  expect(await addresses()).toContain('PamUser/a released');
});

test('an empty manifest set beside records is blocked, and -f or --target never release', async () => {
  await project.declare(users('a', 'b'));
  await apply();
  await project.write('other.yaml', JSON.stringify(user('a')));
  await project.write('manifests/all.yaml', '# nothing\n');
  await apply(['--auto-approve'], 3);
  expect(ids(await plan(['-f', 'other.yaml']))).toEqual([]);
  expect(ids(await plan(['--target', 'PamUser/a']))).toEqual([]);
  expect(await addresses()).toEqual(['PamUser/a managed', 'PamUser/b managed']);
});

test('a limit names its grant, the grant passes, and the digest differs', async () => {
  await project.declare(users('a', 'b', 'c', 'd'));
  await apply();
  await project.declare(users('a'));
  const blocked = await plan();
  expect(blocked.changes.map((c) => c.blocked?.code)).toEqual(['PAM2010', 'PAM2010', 'PAM2010']);
  expect(blocked.changes[0]?.blocked?.reason).toContain('--grant release=3');
  const granted = await plan(['--grant', 'release=3']);
  expect(granted.digest).not.toBe(blocked.digest);
  // The digest that was approved without the grant does not carry it, nor the other way round.
  await apply(['--approve', blocked.digest], 3);
  await apply(['--approve', granted.digest], 4);
  await apply(['--approve', granted.digest, '--grant', 'release=3']);
  expect((await addresses()).filter((a) => a.endsWith('released'))).toHaveLength(3);
});

test('limits of pam.yaml count per kind, small sets too', async () => {
  await project.declare(users('a', 'b', 'c', 'd'));
  await apply();
  const file = await project.withVault(async (vault) => vault.lineage);
  await project.write(
    'pam.yaml',
    `project: work\nvault: { type: local, lineage: ${file} }\nlimits:\n  create: { max: 10, kinds: { PamUser: { max: 1 } } }\n`,
  );
  await project.declare(users('a', 'b', 'c', 'd', 'e', 'f'));
  const p = await plan();
  expect(p.changes.map((c) => c.blocked?.reason)).toEqual(expect.arrayContaining([expect.stringContaining('PamUser.create=2')]));
  await apply(['--auto-approve'], 3);
  await apply(['--auto-approve', '--grant', 'PamUser.create=2']);
});

test('a freeze stops everything and says why', async () => {
  await project.declare(users('a'));
  const lineage = await project.withVault(async (vault) => vault.lineage);
  await project.write(
    'pam.yaml',
    `project: work\nvault: { type: local, lineage: ${lineage} }\nfreeze:\n  - { from: 2020-01-01, to: 2100-01-01, reason: year end }\n`,
  );
  const result = await project.pam(['apply', '--auto-approve']);
  expect(result.code).toBe(3);
  expect(result.stderr).toContain('year end');
  expect(await addresses()).toEqual([]);
});

describe('ownership', () => {
  test('environments share a vault and never touch each other', async () => {
    const lineage = await project.withVault(async (vault) => vault.lineage);
    await project.write(
      'pam.yaml',
      `project: work\nvault: { type: local, lineage: ${lineage} }\nmanifests: [manifests/*.yaml]\nenvironments:\n  prod: { manifests: [prod/*.yaml] }\n`,
    );
    await project.declare(users('a', 'b'));
    await project.write('prod/all.yaml', JSON.stringify(user('a', { title: 'production' })));
    await apply();
    await apply(['--auto-approve', '--env', 'prod']);
    expect(await addresses()).toEqual(['PamUser/a managed', 'PamUser/b managed']);
    expect(await addresses(['--env', 'prod'])).toEqual(['PamUser/a managed']);
    const digests = [(await plan()).digest, (await plan(['--env', 'prod'])).digest];
    expect(new Set(digests).size).toBe(2);
    const unknown = await project.pam(['plan', '--env', 'staging']);
    expect(unknown.code).toBe(8);
    expect(unknown.stderr).toContain('PAM9005');
  });

  test('two projects in one vault never touch each other', async () => {
    await project.declare(users('a', 'b'));
    await apply();
    const lineage = await project.withVault(async (vault) => vault.lineage);
    await project.write('second/pam.yaml', `project: second\nvault: { type: local, path: ../.pam/vault.db, lineage: ${lineage} }\n`);
    await project.write('second/manifests/all.yaml', JSON.stringify(user('z')));
    const second = await project.pam(['apply', '--auto-approve', '-C', 'second']);
    expect(second.code, second.stderr).toBe(0);
    expect(await addresses(['-C', 'second'])).toEqual(['PamUser/z managed']);
    expect(await addresses()).toEqual(['PamUser/a managed', 'PamUser/b managed']);
    expect(ids(await plan())).toEqual([]);
  });
});

test('folders and labels select', async () => {
  await project.declare([user('a', { folder: 'prod/db', labels: { team: 'x' } }), user('b', { folder: 'dev' })]);
  expect(ids(await plan(['--target', 'folder:prod']))).toEqual(['create PamUser/a']);
  expect(ids(await plan(['--target', 'label:team=x']))).toEqual(['create PamUser/a']);
  expect(ids(await plan(['--exclude', 'folder:prod']))).toEqual(['create PamUser/b']);
});
