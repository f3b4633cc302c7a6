import { rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { generateIdentity, writeIdentityFile } from '../../src/vault/index.ts';
import { makeProject, type TestProject } from './project.ts';

const user = (name: string, spec: object = {}) => ({
  apiVersion: 'pam/v1',
  kind: 'PamUser',
  metadata: { name },
  spec: { login: name, ...spec },
});
const WRONG = `sha256:${'0'.repeat(64)}`;

/** What a project looks like when the command runs. */
interface Scene {
  readonly project: TestProject;
  /** An identity that is no recipient of the vault. */
  readonly stranger: string;
}

let scene: Scene;

beforeAll(async () => {
  const project = await makeProject();
  await project.declare([user('a'), user('b'), user('c'), user('d')]);
  expect((await project.pam(['apply', '--auto-approve'])).code).toBe(0);
  const stranger = join(project.home, 'stranger.txt');
  await writeIdentityFile(stranger, await generateIdentity(), '2027-01-01T00:00:00.000Z');
  scene = { project, stranger };
});

afterAll(() => scene.project[Symbol.asyncDispose]());

/** Text and JSON must end alike; what a scene changed is put back. */
async function exitOf(
  args: readonly string[],
  prepare: (s: Scene) => Promise<void> = async () => {},
  env: Record<string, string> = {},
): Promise<number | null> {
  const codes: (number | null)[] = [];
  for (const format of [[], ['--json']]) {
    await scene.project.declare([user('a'), user('b'), user('c'), user('d')]);
    await prepare(scene);
    const result = await scene.project.pam([...args.map((a) => a.replace('STRANGER', scene.stranger)), ...format], { env });
    expect(result.stderr + result.stdout, 'no stack trace').not.toMatch(/^\s+at .*:\d+:\d+\)?$/m);
    if (format.length > 0) expect(() => JSON.parse(result.stdout), `${args.join(' ')}: ${result.stdout}${result.stderr}`).not.toThrow();
    codes.push(result.code);
  }
  expect(codes[1]).toBe(codes[0]);
  return codes[0] ?? null;
}

/** Runs with the project lease held by somebody else. */
async function whileLeased<T>(work: () => Promise<T>): Promise<T> {
  return scene.project.withVault(async (vault) => {
    const holder = { host: hostname(), pid: process.pid, user: 'test', command: 'apply', since: '2027-01-01T00:00:00.000Z' };
    const lease = await vault.lease({ type: 'project', owner: { project: 'work', environment: 'default' } }, { waitMs: 0, holder });
    try {
      return await work();
    } finally {
      await lease.release();
    }
  });
}

const broken = ({ project }: Scene) => project.write('manifests/all.yaml', 'kind: [\n');
const oneMore = ({ project }: Scene) => project.declare([user('a'), user('b'), user('c'), user('d'), user('e')]);
const fewer = ({ project }: Scene) => project.declare([user('a'), user('b')]);

describe('one case per code', () => {
  test.each<[number, string, string[], (((s: Scene) => Promise<void>) | undefined)?, Record<string, string>?]>([
    [0, 'nothing to do', ['plan', '--detailed-exitcode']],
    [0, 'nothing to apply', ['apply', '--auto-approve']],
    [0, 'differences without --detailed-exitcode', ['plan'], oneMore],
    [1, 'a record that is not there', ['show', 'PamUser/nobody']],
    [2, 'differences', ['plan', '--detailed-exitcode'], oneMore],
    [2, 'drift', ['drift'], oneMore],
    [2, 'layout', ['fmt', '--check']],
    [3, 'a limit is exceeded', ['apply', '--auto-approve'], fewer],
    [3, 'blocked rows in a plan', ['plan', '--detailed-exitcode'], fewer],
    [4, 'nothing was approved', ['apply']],
    [4, 'nothing was approved for a rotation', ['rotate', 'PamUser/a']],
    [4, 'another digest', ['apply', '--approve', WRONG], oneMore],
    [6, 'a foreign identity', ['apply', '--auto-approve', '--identity', 'STRANGER']],
    [8, 'an invalid manifest', ['plan'], broken],
    [8, 'an unknown flag', ['plan', '--bogus']],
    [8, 'an unknown command', ['plna']],
    [8, 'two approvals', ['apply', '--auto-approve', '--approve', WRONG]],
    [8, 'a selector that nothing fits', ['plan', '--target', 'PamUser/nobody']],
    [8, 'a local vault in CI', ['apply', '--auto-approve'], undefined, { CI: 'true' }],
    [8, 'no project', ['plan', '-C', '/']],
  ])('%i: %s', async (code, _, args, prepare, env) => {
    expect(await exitOf(args, prepare, env)).toBe(code);
  });

  test('5: the lease is held by another apply', async () => {
    expect(await whileLeased(() => exitOf(['apply', '--auto-approve']))).toBe(5);
  });

  test('7: applied in part, the records but not the credential', async () => {
    const project = await makeProject({ ADMIN: 'not-the-password' });
    try {
      await project.declare([
        { apiVersion: 'pam/v1', kind: 'PamConfiguration', metadata: { name: 'net' }, spec: { type: 'network' } },
        // The discard port: nothing listens there.
        {
          apiVersion: 'pam/v1',
          kind: 'PamDatabase',
          metadata: { name: 'db' },
          spec: { configuration: 'net', databaseType: 'postgresql', host: '127.0.0.1', port: 9 },
        },
        user('admin', { resource: 'PamDatabase/db', password: { fromEnv: 'ADMIN' } }),
      ]);
      expect((await project.pam(['apply', '--auto-approve', '--json'])).code).toBe(7);
      // The second time nothing succeeds beside the failure.
      expect((await project.pam(['apply', '--auto-approve'])).code).toBe(1);
    } finally {
      await project[Symbol.asyncDispose]();
    }
  });

  test('8: a vault that is not there is an error, never an empty one', async () => {
    const project = await makeProject();
    try {
      await project.declare([user('a')]);
      await rm(project.vaultFile);
      const { code, stderr } = await project.pam(['plan']);
      expect(code).toBe(8);
      expect(stderr).toContain('PAM5001');
    } finally {
      await project[Symbol.asyncDispose]();
    }
  });
});

describe('refusals before anything ran win in the order 8, 6, 5, 4, 3', () => {
  test('an invalid manifest before a foreign identity', async () => {
    expect(await exitOf(['apply', '--auto-approve', '--identity', 'STRANGER'], broken)).toBe(8);
  });

  test('a foreign identity before a held lease', async () => {
    expect(await whileLeased(() => exitOf(['apply', '--auto-approve', '--identity', 'STRANGER']))).toBe(6);
  });

  test('a held lease before another digest', async () => {
    expect(await whileLeased(() => exitOf(['apply', '--approve', WRONG]))).toBe(5);
  });

  test('another digest before an exceeded limit', async () => {
    expect(await exitOf(['apply', '--approve', WRONG], fewer)).toBe(4);
  });
});
