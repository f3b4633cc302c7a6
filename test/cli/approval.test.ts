import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeProject, type TestProject } from './project.ts';

let project: TestProject;
const user = (name: string, login = name) => ({ apiVersion: 'pam/v1', kind: 'PamUser', metadata: { name }, spec: { login } });

beforeEach(async () => {
  project = await makeProject();
  await project.declare([user('a'), user('b')]);
  expect((await project.pam(['apply', '--auto-approve'])).code).toBe(0);
  await project.declare([user('a', 'a2'), user('b')]);
});

afterEach(() => project[Symbol.asyncDispose]());

const approve = async (...flags: string[]) =>
  (await project.pam(['plan', '--json', ...flags])).json<{ digest: string; expiresAt?: string }>();
const apply = async (...args: string[]) => {
  const result = await project.pam(['apply', '--json', ...args]);
  return [result.code, ...(result.json<{ errors?: { code: string }[] }>().errors ?? []).map((e) => e.code)];
};

test('one value of one manifest that changed after the approval is refused', async () => {
  const { digest } = await approve();
  await project.declare([user('a', 'a3'), user('b')]);
  expect(await apply('--approve', digest)).toEqual([4, 'PAM3002']);
  const { stderr } = await project.pam(['apply', '--approve', digest]);
  expect(stderr, 'what it would do now').toContain('it would update PamUser/a');
});

test('a limit that was granted is part of the approval, with its number', async () => {
  const { digest } = await approve('--grant', 'rotate=5');
  expect(await apply('--approve', digest)).toEqual([4, 'PAM3002']);
  expect(await apply('--approve', digest, '--grant', 'rotate=6')).toEqual([4, 'PAM3002']);
  expect(await apply('--approve', digest, '--grant', 'rotate=5')).toEqual([0]);
});

test('a record that the plan touches and that moved since is named, with what was expected and found', async () => {
  expect((await project.pam(['plan', '--out', 'plan.json'])).code).toBe(0);
  await project.declare([user('a', 'a9'), user('b')]);
  expect(await apply('--auto-approve')).toEqual([0]);
  const { code, stderr } = await project.pam(['apply', 'plan.json']);
  expect(code).toBe(4);
  expect(stderr).toMatch(/error\[PAM3001\]: PamUser\/a is not as the plan found it: expected [0-9a-f]{12}, found [0-9a-f]{12}/);
});

test('a comment, and another change that was applied meanwhile, make nothing stale', async () => {
  const { digest } = await approve('--target', 'PamUser/a');
  const file = join(project.root, 'manifests/all.yaml');
  await writeFile(file, `# a comment\n${await readFile(file, 'utf8')}`);
  await project.write('manifests/c.yaml', JSON.stringify(user('c')));
  expect(await apply('--auto-approve', '--target', 'PamUser/c')).toEqual([0]);
  expect(await apply('--approve', digest, '--target', 'PamUser/a')).toEqual([0]);
});

test('an end that was asked for holds for digests and saved plans, and cannot be taken away', async () => {
  const past = '2020-01-01T00:00:00.000Z';
  const { digest, expiresAt } = await approve('--expires', past, '--out', 'plan.json');
  expect(expiresAt).toBe(past);
  expect(await apply('plan.json')).toEqual([4, 'PAM3005']);
  expect(await apply('--approve', digest, '--expires', past)).toEqual([4, 'PAM3005']);
  expect(await apply('--approve', digest)).toEqual([4, 'PAM3002']);
  const { expiresAt: _, ...stripped } = JSON.parse(await readFile(join(project.root, 'plan.json'), 'utf8')) as Record<string, unknown>;
  await project.write('plan.json', JSON.stringify(stripped));
  expect(await apply('plan.json')).toEqual([8, 'PAM2015']);
  const later = await approve('--expires', '48h');
  expect(await apply('--approve', later.digest, '--expires', later.expiresAt ?? '')).toEqual([0]);
});
