import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { makeProject, type TestProject } from '../cli/project.ts';
import { hasServer } from '../servers/missing.ts';
import { git, makeNpmDouble } from './github.ts';

const ROOT = new URL('../../', import.meta.url).pathname;
const FOLDER = join(ROOT, 'examples/ci');
const read = (path: string) => readFileSync(join(FOLDER, path), 'utf8');

/** A project with `pam` in tools/pam, as the README makes it, and a double of `npm`. */
let project: TestProject;
let bin: string;
const run = (script: string, env: Record<string, string | undefined> = {}) => {
  const { status, stdout, stderr } = spawnSync('bash', ['-eo', 'pipefail', '-c', script], {
    cwd: project.root,
    env: { ...project.env, PATH: `${bin}:${process.env['PATH']}`, ...env },
    encoding: 'utf8',
  });
  return { code: status, output: stdout + stderr };
};

beforeAll(async () => {
  project = await makeProject({ KEPT: 'a-kept-Pass+w0rd' });
  bin = join(project.home, 'bin');
  mkdirSync(bin);
  makeNpmDouble(project.home, ROOT);
  mkdirSync(join(project.root, 'tools/pam'), { recursive: true });
  expect(run('cd tools/pam && npm init --yes && npm install --save-exact --ignore-scripts ./pam-as-code-0.1.0.tgz').code).toBe(0);
  await project.write('pam.yaml', readFileSync(join(project.root, 'pam.yaml'), 'utf8').replace('vault:', 'vault:\n  durable: true'));
  await project.write(
    'manifests/kept.yaml',
    'apiVersion: pam/v1\nkind: PamUser\nmetadata:\n  name: kept\nspec:\n  login: kept\n  password: { fromEnv: KEPT }\n',
  );
  expect((await project.pam(['fmt'])).code).toBe(0);
});
afterAll(() => project[Symbol.asyncDispose]());

describe('GitLab', () => {
  interface GitlabJob {
    readonly extends?: string;
    readonly stage?: string;
    readonly tags?: readonly string[];
    readonly needs?: readonly string[];
    readonly rules?: readonly { readonly if: string; readonly when?: string }[];
    readonly script?: readonly string[];
    readonly before_script?: readonly string[];
    readonly artifacts?: { readonly paths?: readonly string[]; readonly reports?: Readonly<Record<string, string>> };
  }
  const file = parse(read('gitlab/pam.gitlab-ci.yml')) as Record<string, GitlabJob>;
  const jobs = Object.entries(file).filter(([name]) => !name.startsWith('.'));

  /** As a runner puts the lines together. */
  const runJob = (name: string, env: Record<string, string> = {}) => {
    const job = file[name];
    const lines = [...(file[job?.extends ?? '']?.before_script ?? []), ...(job?.script ?? [])];
    const done = run(lines.join('\n'), { CI: 'true', GITLAB_CI: 'true', CI_PROJECT_DIR: project.root, ...env });
    for (const path of [...(job?.artifacts?.paths ?? []), ...Object.values(job?.artifacts?.reports ?? {})])
      expect(existsSync(join(project.root, path)), `${name} leaves ${path}\n${done.output}`).toBe(true);
    return done;
  };

  test('every job says when it runs, needs jobs that there are, and none of a merge request meets the vault', () => {
    for (const [name, job] of jobs) {
      expect(job.rules?.length, name).toBeGreaterThan(0);
      for (const need of job.needs ?? []) expect(file).toHaveProperty(need);
      if (job.rules?.some((r) => r.if.includes('merge_request')) === true) expect(job.tags).toBeUndefined();
      else expect(job.tags).toEqual(['pam']);
      expect(['test', 'deploy', '.post']).toContain(job.stage);
    }
  });

  test('the jobs do what they say, one after the other', async () => {
    expect(runJob('pam-snapshot')).toMatchObject({ code: 0 });
    writeFileSync(
      join(bin, 'curl'),
      `#!/bin/sh\n# A double of curl: the snapshot that the project published.\necho "$@" > "$HOME/curl.log"\nfor a; do case $last in --output) out=$a;; esac; last=$a; done\ncp published.json "$out"\n`,
      { mode: 0o755 },
    );
    cpSync(join(project.root, 'snapshot.json'), join(project.root, 'published.json'));
    const url = {
      CI_API_V4_URL: 'https://gitlab.example.com/api/v4',
      CI_MERGE_REQUEST_PROJECT_ID: '7',
      CI_MERGE_REQUEST_TARGET_BRANCH_NAME: 'main',
    };
    const plan = runJob('pam-plan', { ...url, CI_JOB_TOKEN: 'token', HOME: project.home });
    expect(plan, plan.output).toMatchObject({ code: 0, output: expect.stringContaining('1 to create') });
    expect(readFileSync(join(project.home, 'curl.log'), 'utf8')).toContain(
      'https://gitlab.example.com/api/v4/projects/7/jobs/artifacts/main/raw/snapshot.json?job=pam-snapshot',
    );
    expect(JSON.parse(readFileSync(join(project.root, 'reports/plan.gitlab-terraform.json'), 'utf8'))).toMatchObject({ create: 1 });

    expect(runJob('pam-plan-merged')).toMatchObject({ code: 0 });
    const applied = runJob('pam-apply');
    expect(applied, applied.output).toMatchObject({ code: 0 });
    const nightly = runJob('pam-nightly');
    expect(nightly, nightly.output).toMatchObject({ code: 0 });
  });
});

test('the hook for git refuses a commit with a manifest that is not laid out or not valid', () => {
  git(project.root, 'init', '--quiet');
  mkdirSync(join(project.root, 'ci/hooks'), { recursive: true });
  cpSync(join(FOLDER, 'pre-commit/pre-commit'), join(project.root, 'ci/hooks/pre-commit'));
  git(project.root, 'config', 'core.hooksPath', 'ci/hooks');
  const commit = () => run('git add --all && git -c user.name=A -c user.email=a@example.com commit --message x');
  const manifest = join(project.root, 'manifests/kept.yaml');
  const sound = readFileSync(manifest, 'utf8');

  writeFileSync(manifest, sound.replace('login: kept', 'login:    kept'));
  expect(commit()).toMatchObject({ code: 1, output: expect.stringContaining('1 to lay out') });
  writeFileSync(manifest, sound.replace('login: kept', 'logim: kept'));
  expect(commit()).toMatchObject({ code: 1, output: expect.stringContaining('PAM1013') });
  expect(run('git rev-parse --verify HEAD').code).not.toBe(0);
  writeFileSync(manifest, sound);
  expect(commit()).toMatchObject({ code: 0 });
});

test('the hooks for pre-commit.com run what the hook for git runs', () => {
  const { repos } = parse(read('pre-commit/pre-commit-config.yaml')) as {
    repos: { repo: string; hooks: { id: string; entry: string; language: string; files: string }[] }[];
  };
  expect(repos.map((r) => r.repo)).toEqual(['local']);
  for (const hook of repos[0]?.hooks ?? []) {
    expect(run(hook.entry)).toMatchObject({ code: 0 });
    expect('manifests/prod/orders.yaml').toMatch(new RegExp(hook.files));
    expect('README.md').not.toMatch(new RegExp(hook.files));
  }
});

test('the CronJob runs a command that works, as nobody in particular', async () => {
  const [job, claim] = parseAllDocuments(read('kubernetes/cronjob.yaml')).map((d) => d.toJS() as Record<string, never>);
  expect(claim).toMatchObject({ kind: 'PersistentVolumeClaim', spec: { accessModes: ['ReadWriteOncePod'] } });
  expect(job).toMatchObject({
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    spec: { concurrencyPolicy: 'Forbid', jobTemplate: { spec: { backoffLimit: 0 } } },
  });
  const pod = (job as unknown as { spec: { jobTemplate: { spec: { template: { spec: Pod } } } } }).spec.jobTemplate.spec.template.spec;
  expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 10001 });
  const [container] = pod.containers;
  const volumes = pod.volumes.map((v) => v.name);
  for (const { name } of container?.volumeMounts ?? []) expect(volumes).toContain(name);
  expect(container?.securityContext).toEqual({
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ['ALL'] },
  });
  expect(pod.volumes.find((v) => v.name === 'identity')?.secret?.defaultMode).toBe(0o440);
  const { code, stderr } = await project.pam(container?.args ?? [], { env: { CI: 'true' } });
  expect(code, stderr).toBe(0);
});

interface Pod {
  readonly securityContext: object;
  readonly containers: readonly {
    readonly args: readonly string[];
    readonly securityContext: object;
    readonly volumeMounts: readonly { name: string }[];
  }[];
  readonly volumes: readonly { readonly name: string; readonly secret?: { readonly defaultMode: number } }[];
}

describe('systemd', () => {
  const service = read('systemd/pam-rotate.service');
  const value = (key: string) => new RegExp(`^${key}=(.*)$`, 'm').exec(service)?.[1] ?? '';

  test('the unit runs a command that works, with an identity that only it sees', async () => {
    const [program = '', ...args] = value('ExecStart').split(' ');
    expect(program).toBe('/opt/pam/node_modules/.bin/pam');
    expect(value('Environment')).toBe('PAM_IDENTITY_FILE=%d/identity');
    expect(value('LoadCredential')).toBe('identity:/etc/pam/identity.txt');
    const { code, stderr } = await project.pam(args, { env: { PAM_IDENTITY_FILE: project.identityFile, HOME: undefined } });
    expect(code, stderr).toBe(0);
  });

  test.runIf(hasServer('systemd'))('systemd finds nothing wrong with service and timer', () => {
    const folder = join(project.home, 'units');
    mkdirSync(folder);
    writeFileSync(join(folder, 'pam-rotate.service'), service.replace('/opt/pam/node_modules/.bin/pam', process.execPath));
    cpSync(join(FOLDER, 'systemd/pam-rotate.timer'), join(folder, 'pam-rotate.timer'));
    const found = spawnSync('systemd-analyze', ['verify', ...readdirSync(folder).map((f) => join(folder, f))], { encoding: 'utf8' });
    expect({ code: found.status, stderr: found.stderr.split('\n').filter((line) => line.includes('pam-rotate')) }).toEqual({
      code: 0,
      stderr: [],
    });
  });
});

test('the steps of the Dockerfile make a program that runs as a user without rights', () => {
  const steps = read('docker/Dockerfile')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1)] as const);
  const one = (name: string) => steps.filter(([n]) => n === name).map(([, rest]) => rest);
  expect(steps[0]).toEqual(['FROM', expect.stringMatching(/^node:22-/)]);
  expect(one('USER')).toEqual(['10001:10001']);
  const work = join(project.home, 'opt/pam');
  mkdirSync(work, { recursive: true });
  const context = join(project.root, 'tools/pam');
  writeFileSync(join(context, 'pam-as-code-0.1.0.tgz'), '');
  for (const source of one('COPY').flatMap((c) => c.split(' ').slice(0, -1)))
    execFileSync('sh', ['-c', `cp ${source} ${work}`], { cwd: context });
  for (const command of one('RUN')) expect(run(`cd ${work} && ${command.replace('npm cache clean --force', 'true')}`).code).toBe(0);
  const [entry = ''] = JSON.parse(one('ENTRYPOINT')[0] ?? '[]') as string[];
  const program = join(project.home, entry);
  expect(statSync(program).mode & 0o111).not.toBe(0);
  expect(run(`${program} --version`)).toMatchObject({ code: 0, output: expect.stringContaining('pam ') });
});
