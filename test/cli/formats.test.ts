import { mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { COMMON_FORMATS } from '../../src/report/index.ts';
import { makeProject, type PamResult, type TestProject } from './project.ts';

const user = (name: string, spec: object = {}) => ({
  apiVersion: 'pam/v1',
  kind: 'PamUser',
  metadata: { name },
  spec: { login: name, ...spec },
});

/** What a project may look like when a command runs, and the exit code of each command then. */
interface Scene {
  readonly prepare: (project: TestProject) => Promise<void>;
  readonly exits: Readonly<Record<string, number>>;
  /** Text that a finding in every format has, by command. */
  readonly finds: Readonly<Record<string, string>>;
}

const four = [user('a'), user('b'), user('c'), user('d')];
const lay = async (project: TestProject, documents: readonly object[]) => {
  await project.declare(documents);
  expect((await project.pam(['fmt'])).code).toBe(0);
};

const SCENES: Readonly<Record<string, Scene>> = {
  'nothing to tell': {
    prepare: (project) => lay(project, four),
    exits: { validate: 0, plan: 0, 'plan --detailed-exitcode': 0, drift: 0, verify: 0, 'fmt --check': 0, 'audit verify': 0 },
    finds: {},
  },
  'blocked rows': {
    prepare: (project) => lay(project, four.slice(0, 1)),
    exits: { validate: 0, plan: 0, 'plan --detailed-exitcode': 3, drift: 2, verify: 0, 'fmt --check': 0, 'audit verify': 0 },
    finds: { plan: 'PAM2010', drift: 'pending' },
  },
  'drift and a layout': {
    prepare: (project) => project.declare([...four, user('e')]),
    exits: { validate: 0, plan: 0, 'plan --detailed-exitcode': 2, drift: 2, verify: 0, 'fmt --check': 2, 'audit verify': 0 },
    finds: { drift: 'PamUser/e', 'fmt --check': 'manifests/all.yaml' },
  },
  errors: {
    prepare: (project) => project.declare([...four, user('f', { resource: 'PamDatabase/nowhere' }), user('g', { bogus: 1 })]),
    exits: { validate: 8, plan: 8, 'plan --detailed-exitcode': 8, drift: 8, verify: 0, 'fmt --check': 2, 'audit verify': 0 },
    finds: { validate: 'PAM1042', plan: 'PAM1042', drift: 'PAM1042' },
  },
  'no project file': {
    prepare: (project) => rm(join(project.root, 'pam.yaml')),
    exits: { validate: 8, plan: 8, 'plan --detailed-exitcode': 8, drift: 8, verify: 8, 'fmt --check': 8, 'audit verify': 8 },
    finds: {
      validate: 'PAM9002',
      plan: 'PAM9002',
      drift: 'PAM9002',
      verify: 'PAM9002',
      'fmt --check': 'PAM9002',
      'audit verify': 'PAM9002',
    },
  },
};

let project: TestProject;

beforeAll(async () => {
  project = await makeProject();
  await project.declare(four);
  expect((await project.pam(['apply', '--auto-approve'])).code).toBe(0);
});

afterAll(() => project[Symbol.asyncDispose]());

/** A reader of each format that throws at what is none. */
const READERS: Readonly<Record<string, (stdout: string) => void>> = {
  json: (s) => JSON.parse(s),
  jsonl: (s) =>
    s
      .trimEnd()
      .split('\n')
      .map((l) => JSON.parse(l)),
  sarif: (s) => expect(JSON.parse(s)).toMatchObject({ version: '2.1.0' }),
  gitlab: (s) => expect(Array.isArray(JSON.parse(s))).toBe(true),
  junit: (s) => expect(s).toMatch(/^<\?xml [\s\S]*<\/testsuites>\n$/),
  markdown: (s) => expect(s).toMatch(/^<!-- pam:[\w%]+ project=\S+ environment=\S+ -->\n## /),
  github: (s) =>
    expect(
      s
        .trimEnd()
        .split('\n')
        .every((l) => /^::(error|warning|notice) .*::/.test(l)),
    ).toBe(true),
};

describe.each(Object.entries(SCENES))('%s', (_, scene) => {
  let saved: string;
  beforeAll(async () => {
    saved = await readFile(join(project.root, 'pam.yaml'), 'utf8');
    await scene.prepare(project);
  });
  afterAll(() => writeFile(join(project.root, 'pam.yaml'), saved));

  test.each(Object.entries(scene.exits))('pam %s ends with %i in every format, and stdout is of that format', async (line, code) => {
    const args = line.split(' ');
    const more = args[0] === 'plan' ? ['gitlab-terraform', 'html'] : [];
    for (const format of [...COMMON_FORMATS, ...more]) {
      const { code: actual, stdout, stderr } = await project.pam([...args, '--format', format]);
      expect(actual, `${format}: ${stdout}${stderr}`).toBe(code);
      expect(stdout + stderr).not.toMatch(/^\s+at .*:\d+:\d+\)?$/m);
      READERS[format]?.(stdout);
      const text = scene.finds[line];
      if (text !== undefined && READERS[format] !== undefined && format !== 'markdown') expect(stdout, format).toContain(text);
    }
  });
});

test('a format that a command does not have is a usage error', async () => {
  const { code, stderr } = await project.pam(['drift', '--format', 'gitlab-terraform']);
  expect({ code, stderr }).toMatchObject({ code: 8, stderr: expect.stringContaining('PAM9001') as string });
  expect((await project.pam(['list', '--format', 'sarif'])).code).toBe(8);
});

test('what the command line itself is wrong about is told in the format that it asks for', async () => {
  const unknownFlag = await project.pam(['plan', '--bogus', '--format', 'sarif']);
  expect(unknownFlag.code).toBe(8);
  expect(unknownFlag.stdout).toContain('PAM9001');
  READERS['sarif']?.(unknownFlag.stdout);
  const unknownCommand = await project.pam(['plna', '--format=jsonl']);
  expect(unknownCommand.json()).toMatchObject({ type: 'result', exit: 8, errors: [{ code: 'PAM9001' }] });
});

describe('--out-dir', () => {
  const files = async (folder: string) => (await readdir(join(project.root, folder))).sort();

  test('writes every format beside what goes to stdout, and nothing else', async () => {
    await project.declare([...four, user('e')]);
    const { code, stdout } = await project.pam(['plan', '--format', 'markdown', '--out-dir', 'reports/pr']);
    expect(code).toBe(0);
    const names = ['github.txt', 'gitlab-terraform.json', 'gitlab.json', 'html', 'json', 'jsonl', 'junit.xml', 'md', 'sarif', 'txt'];
    expect(await files('reports/pr')).toEqual(names.map((n) => `plan.${n}`));
    expect(await readFile(join(project.root, 'reports/pr/plan.md'), 'utf8')).toBe(stdout);
    const plan = JSON.parse(await readFile(join(project.root, 'reports/pr/plan.json'), 'utf8')) as { digest: string };
    expect((await project.pam(['plan', '--json'])).json()).toMatchObject({ digest: plan.digest });
    expect((await project.pam(['show', 'reports/pr/plan.json'])).code).toBe(0);
  });

  test('after a failure no file tells of an earlier run', async () => {
    await project.pam(['plan', '--out-dir', 'reports/stale']);
    await project.write('manifests/all.yaml', 'kind: [\n');
    expect((await project.pam(['plan', '--out-dir', 'reports/stale'])).code).toBe(8);
    for (const name of await files('reports/stale'))
      expect(await readFile(join(project.root, 'reports/stale', name), 'utf8'), name).toMatch(/PAM1001|never closed/);
    expect(await files('reports/stale')).not.toContain('plan.gitlab-terraform.json');
  });

  test('that cannot be written is an error, whatever the result was', async () => {
    await project.declare(four);
    await project.write('occupied', 'a file');
    const { code, stderr } = await project.pam(['validate', '--out-dir', 'occupied']);
    expect(code).toBe(8);
    expect(stderr.match(/PAM9004/g)).toHaveLength(1);
  });
});

test('--out follows a link, and leaves no temporary file', async () => {
  await project.declare(four);
  await mkdir(join(project.root, 'saved'));
  await writeFile(join(project.root, 'saved/real.json'), 'old');
  await symlink('real.json', join(project.root, 'saved/plan.json'));
  expect((await project.pam(['plan', '--out', 'saved/plan.json'])).code).toBe(0);
  expect((await readdir(join(project.root, 'saved'))).sort()).toEqual(['plan.json', 'real.json']);
  expect(JSON.parse(await readFile(join(project.root, 'saved/real.json'), 'utf8'))).toMatchObject({ formatVersion: 1 });
});

test('--format github appends the Markdown to the page of the job, and goes on where it cannot', async () => {
  await project.declare([...four, user('e')]);
  const page = join(project.home, 'summary.md');
  await writeFile(page, 'before\n');
  const run = (env: Record<string, string>): Promise<PamResult> => project.pam(['plan', '--format', 'github'], { env });
  expect((await run({ GITHUB_STEP_SUMMARY: page })).code).toBe(0);
  expect(await readFile(page, 'utf8')).toMatch(/^before\n<!-- pam:plan /);
  const failed = await run({ GITHUB_STEP_SUMMARY: join(project.home, 'nowhere/summary.md') });
  expect(failed).toMatchObject({ code: 0, stderr: expect.stringContaining('GITHUB_STEP_SUMMARY cannot be written') as string });
});

test('paths are those of the repository for tools that know no project', async () => {
  const top = join(project.root, '..');
  await mkdir(join(top, '.git'));
  try {
    await project.write('manifests/all.yaml', 'kind: [\n');
    expect((await project.pam(['validate', '--format', 'github'])).stdout).toContain('file=work/manifests/all.yaml,line=1,');
    expect((await project.pam(['validate', '--json'])).stdout).toContain('"file": "manifests/all.yaml"');
  } finally {
    await rm(join(top, '.git'), { recursive: true });
  }
});
