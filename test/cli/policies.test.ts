import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeProject, type TestProject } from './project.ts';

let project: TestProject;

beforeEach(async () => {
  project = await makeProject();
  await project.declare([user('app')]);
});

afterEach(() => project[Symbol.asyncDispose]());

const user = (name: string, metadata: object = {}) => ({
  apiVersion: 'pam/v1',
  kind: 'PamUser',
  metadata: { name, ...metadata },
  spec: { login: name },
});

/** pam.yaml with these policies, and a rule that wants a team of every user. */
async function guard(severity: 'warning' | 'error'): Promise<void> {
  const lineage = await project.withVault(async (vault) => vault.lineage);
  await project.write(
    'pam.yaml',
    `project: work\nvault: { type: local, path: .pam/vault.db, lineage: ${lineage} }\npolicies: { files: [ policies/*.yaml ] }\n`,
  );
  await project.write(
    'policies/team.yaml',
    `- { id: team, on: resource, require: has(resource.labels.team), severity: ${severity}, message: has no team, hint: set one }\n`,
  );
}

const codes = (result: { json<T>(): T }) => result.json<{ errors: { code: string }[] }>().errors.map((e) => e.code);

test('an error stops an apply and a plan says so beforehand; the same digest comes out with and without rules', async () => {
  const before = (await project.pam(['plan', '--json'])).json<{ digest: string }>().digest;
  await guard('error');
  const plan = await project.pam(['plan', '--json', '--detailed-exitcode']);
  expect(plan.code).toBe(3);
  expect(plan.json<{ findings: object[]; digest: string }>()).toMatchObject({
    findings: [
      {
        rule: 'team',
        severity: 'error',
        address: 'PamUser/app',
        message: 'has no team',
        hint: 'set one',
        source: { file: 'manifests/all.yaml' },
      },
    ],
  });
  const other = (await project.pam(['plan', '--json', '--env', 'default'])).json<{ digest: string }>().digest;
  expect(other === before).toBe(true);
  const applied = await project.pam(['apply', '--auto-approve', '--json']);
  expect([applied.code, codes(applied)]).toEqual([3, ['PAM2034']]);
});

test('a saved plan and a digest are judged by the rules of today', async () => {
  const { digest } = (await project.pam(['plan', '--json', '--out', 'plan.json'])).json<{ digest: string }>();
  await guard('error');
  for (const approval of [['plan.json'], ['--approve', digest]]) {
    const { code, stderr } = await project.pam(['apply', ...approval]);
    expect(code, stderr).toBe(3);
    expect(stderr).toContain('error[PAM2034]: PamUser/app: has no team (rule team)');
  }
  await guard('warning');
  const { code, stderr } = await project.pam(['apply', 'plan.json']);
  expect(code, stderr).toBe(0);
  expect(stderr).toContain('has no team (team)');
});

test('a warning stops nothing, and an apply with nothing to do has nothing to stop', async () => {
  await guard('warning');
  expect((await project.pam(['apply', '--auto-approve'])).code).toBe(0);
  expect((await project.pam(['plan', '--detailed-exitcode'])).code).toBe(0);
  await guard('error');
  expect((await project.pam(['apply', '--auto-approve'])).code).toBe(0);
  expect((await project.pam(['plan', '--detailed-exitcode'])).code).toBe(3);
});

test('a wrong rule is an error of validate, plan and apply, and none of recover and list', async () => {
  await guard('error');
  await project.write('policies/bad.yaml', '- { id: bad, on: resource, require: resource.knd == 1, message: m }\n');
  for (const args of [['validate'], ['plan'], ['apply', '--auto-approve'], ['test']]) {
    const { code, stderr } = await project.pam(args);
    expect(code, args[0]).toBe(8);
    expect(stderr).toContain('policies/bad.yaml:1:');
  }
  for (const args of [['list'], ['recover']]) expect((await project.pam(args)).code, args[0]).toBe(0);
});

test('pam test shows what is missing and what was not expected, like a diff', async () => {
  await guard('error');
  const test = (expected: string) => `name: teams\nmanifests: [ ../../manifests/all.yaml ]\nrules: [ team ]\nexpect: [ ${expected} ]\n`;
  await project.write('policies/tests/a.yaml', test('{ rule: team, address: PamUser/app }'));
  expect((await project.pam(['test'])).code).toBe(0);
  await writeFile(join(project.root, 'policies/tests/a.yaml'), test('{ rule: team, address: PamUser/other, severity: error }'));
  const { code, stdout } = await project.pam(['test']);
  expect(code).toBe(1);
  expect(stdout.split('\n').slice(0, 3)).toEqual([
    '✗ teams (policies/tests/a.yaml:1)',
    '    - error team PamUser/other',
    '    + error team PamUser/app: has no team',
  ]);
  const json = (await project.pam(['test', 'policies/tests/a.yaml', '--json'])).json<{ exit: number; tests: { passed: boolean }[] }>();
  expect([json.exit, json.tests.map((t) => t.passed)]).toEqual([1, [false]]);
});

test('pam test without a test, with an unknown rule, or with a broken manifest is no success', async () => {
  await guard('error');
  const run = async () => codes(await project.pam(['test', '--json']));
  expect(await run()).toEqual(['PAM2035']);
  await project.write('policies/tests/a.yaml', 'name: a\nmanifests: []\nexpect: [ { rule: taem } ]\n');
  expect(await run()).toEqual(['PAM2032']);
  await project.write('policies/tests/a.yaml', 'name: a\nmanifests: [ { kind: PamUser } ]\nexpect: []\n');
  expect(await run()).toContain('PAM1014');
  await project.write('policies/tests/a.yaml', 'name: a\nmanifests: [ gone.yaml ]\nexpect: []\n');
  expect(await run()).toEqual(['PAM1023']);
});
