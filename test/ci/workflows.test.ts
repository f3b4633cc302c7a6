import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { Step, Workflow } from './github.ts';
import { loadWorkflowParser } from './workflow-parser.ts';

const FOLDER = new URL('../../examples/ci/github/', import.meta.url).pathname;
const files = readdirSync(join(FOLDER, 'workflows'));
const texts = new Map(files.map((file) => [file, readFileSync(join(FOLDER, 'workflows', file), 'utf8')]));
const workflows = new Map([...texts].map(([file, text]) => [file, parse(text) as Workflow]));
const action = readFileSync(join(FOLDER, 'actions/pam/action.yml'), 'utf8');
const actionSteps = (parse(action) as { runs: { steps: readonly Step[] } }).runs.steps;

const problemsOf = await loadWorkflowParser();

test("GitHub's parser finds mistakes", async () => {
  const broken = `on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: echo $\{{ githb.x }}\n        envv: 1\n`;
  expect((await problemsOf('broken.yml', broken)).join('\n')).toMatch(/githb[\s\S]*envv|envv[\s\S]*githb/);
});

describe.each([...workflows])('%s', (file, workflow) => {
  const text = texts.get(file) ?? '';
  const jobs = Object.values(workflow.jobs);
  const steps = jobs.flatMap((job) => job.steps);

  test("is sound to GitHub's parser", async () => {
    expect(await problemsOf(file, text)).toEqual([]);
  });

  test('never runs code of a pull request with anything to lose', () => {
    expect(Object.keys(workflow.on)).not.toContain('pull_request_target');
    if (!('pull_request' in workflow.on)) return;
    expect(text).not.toContain('secrets.');
    for (const job of jobs) {
      expect(job.environment).toBeUndefined();
      expect(job['runs-on']).not.toContain('self-hosted');
      expect(Object.values(job.permissions ?? workflow.permissions)).not.toContain('write');
    }
  });

  test('gives each job what it needs and no more', () => {
    const isReadOnly = JSON.stringify(workflow.permissions) === '{"contents":"read"}';
    expect(isReadOnly || JSON.stringify(workflow.permissions) === '{}', 'permissions of the workflow').toBe(true);
    for (const job of jobs) {
      expect(job).toHaveProperty('timeout-minutes');
      const pushes = job.steps.some((s) => s.run?.includes('git push') === true);
      expect(job.permissions?.['contents'] === 'write', 'contents: write').toBe(pushes);
      for (const step of job.steps.filter((s) => s.uses?.startsWith('actions/checkout@') === true))
        expect(step.with?.['persist-credentials'] === false, 'the token stays in the work tree only to push').toBe(!pushes);
    }
  });

  test('shows secrets to the one step that needs them', () => {
    const { jobs: _, ...head } = workflow;
    expect(JSON.stringify(head)).not.toContain('secrets.');
    for (const job of jobs) {
      const { steps: own, ...rest } = job;
      expect(JSON.stringify(rest)).not.toContain('secrets.');
      const users = own.filter((s) => JSON.stringify(s).includes('secrets.'));
      expect(users.length).toBeLessThanOrEqual(1);
      for (const { env = {}, ...others } of users) {
        expect(job.environment, 'secrets are those of an environment').toBeDefined();
        expect(JSON.stringify(others)).not.toContain('secrets.');
        expect(Object.values(env).some((v) => v.includes('secrets.'))).toBe(true);
      }
    }
  });

  test('puts nothing into a script that somebody else can name', () => {
    for (const { run = '' } of steps) expect(run).not.toContain('${{');
    for (const { run = '' } of steps) execFileSync('bash', ['-n', '-c', run]);
  });

  test('pins what it uses by commit', () => {
    for (const { uses } of steps) if (uses !== undefined && !uses.startsWith('./')) expect(uses).toMatch(/@[0-9a-f]{40}$/);
    for (const line of text.split('\n').filter((l) => /uses: [^.]/.test(l))) expect(line).toMatch(/@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  });

  test('follows workflows that there are', () => {
    const { workflow_run } = workflow.on as { workflow_run?: { workflows: readonly string[] } };
    const names = [...workflows.values()].map((w) => w.name);
    for (const name of workflow_run?.workflows ?? []) expect(names).toContain(name);
  });
});

test('the action of its own does the same', () => {
  for (const line of action.split('\n').filter((l) => /uses: /.test(l))) expect(line).toMatch(/@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  for (const step of actionSteps.filter((s) => s.run !== undefined)) {
    expect(step.run).not.toContain('${{');
    expect(step.shell).toBe('bash');
  }
});
