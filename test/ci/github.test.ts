import { execFileSync } from 'node:child_process';
import { existsSync, renameSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { opens } from '../faults/scene.ts';
import { hasServer } from '../servers/missing.ts';
import { type PostgresServer, startPostgres } from '../servers/postgres.ts';
import { git, LocalGitHub, makeNpmDouble, type RunResult } from './github.ts';

const ROOT = new URL('../../', import.meta.url).pathname;
const README = await readFile(join(ROOT, 'examples/ci/README.md'), 'utf8');
const blocks = [...README.matchAll(/^```sh\n(.*?)^```$/gms)].map((m) => m[1] ?? '');
/** A branch that would run a command wherever it became part of a script. */
const BRANCH = `orders-$(touch$\{IFS}$HOME/pwned)-';touch$\{IFS}pwned;'`;

/** The double of `gh` filters what it prints with it. */
const hasJq = hasServer('jq');

let server: PostgresServer;
let folder: string;
let hub: LocalGitHub;
let env: Record<string, string>;
let identity: string;
const place = (name: string) => join(folder, name);

/** Carries out the block of the README that holds the text, as a person in the repository would. */
function readme(text: string, cwd = place('accounts')): string {
  const found = blocks.filter((b) => b.includes(text));
  expect(found, text).toHaveLength(1);
  const person = {
    ...env,
    HOME: place('home'),
    PATH: `${place('accounts/tools/pam/node_modules/.bin')}:${place('hub/bin')}:${env['PATH']}`,
  };
  return execFileSync('bash', ['-euo', 'pipefail', '-c', found[0] ?? ''], {
    cwd,
    env: person,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

beforeAll(async () => {
  server = await startPostgres();
  for (const role of ['orders_app', 'billing_app', 'reporting']) await server.query(`CREATE ROLE ${role} LOGIN`);
  folder = await mkdtemp(join(tmpdir(), 'pam-ci-'));
  for (const name of ['home', 'runner-home', 'hub', 'accounts']) await mkdir(place(name));
  git(folder, 'init', '--quiet', '--bare', '--initial-branch=main', 'origin.git');
  hub = new LocalGitHub(place('hub'), place('origin.git'));
  makeNpmDouble(place('hub'), ROOT);
  git(place('accounts'), 'init', '--quiet', '--initial-branch=main');
  git(place('accounts'), 'remote', 'add', 'origin', place('origin.git'));
  for (const [key, value] of [
    ['user.name', 'A'],
    ['user.email', 'a@example.com'],
  ] as const)
    git(place('accounts'), 'config', key, value);
  env = { PATH: process.env['PATH'] ?? '', HOME: place('runner-home'), PAM: ROOT, ACCOUNTS: place('accounts'), STORE: place('store') };
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
  await server.stop();
});

/** As if the machine were another one than that which has the vault. */
function withoutStore<T>(work: () => T): T {
  renameSync(place('store'), place('away'));
  try {
    return work();
  } finally {
    renameSync(place('away'), place('store'));
  }
}

/** A run at the tip of a branch of the origin. */
function runAt(workflow: string, event: string, more: object = {}): RunResult {
  const sha = git(place('origin.git'), 'rev-parse', 'main');
  const secrets = {
    'pam-apply': { PAM_IDENTITY: identity, ORDERS_ADMIN_PASSWORD: server.adminPassword },
    'pam-nightly': { PAM_IDENTITY: identity },
  };
  return hub.run(workflow, { from: place('origin.git'), sha, ref: 'refs/heads/main', event, secrets, env, ...more });
}

/** The pull request of the fork, at its newest commit. */
function runPull(): RunResult {
  const sha = git(place('fork.git'), 'rev-parse', BRANCH);
  return hub.run('pam-plan.yml', {
    from: place('fork.git'),
    sha,
    ref: 'refs/pull/1/merge',
    event: 'pull_request',
    payload: { pull_request: { number: 1 } },
    env,
  });
}

function runComment(plan: RunResult, more: object = {}): RunResult {
  const sha = git(place('fork.git'), 'rev-parse', BRANCH);
  const workflow_run = {
    id: plan.id,
    event: 'pull_request',
    conclusion: plan.conclusion,
    head_branch: BRANCH,
    head_sha: sha,
    head_repository: { owner: { login: 'mallory' } },
    ...more,
  };
  return runAt('pam-comment.yml', 'workflow_run', { payload: { workflow_run } });
}

describe.runIf(hasJq)('from an empty repository', () => {
  test('to a project, by the README alone', async () => {
    readme('npm pack');
    readme('pam init --durable');
    identity = await readFile(place('home/.config/pam/identity.txt'), 'utf8');
    readme('examples/ci/github/.');
    expect(git(place('origin.git'), 'ls-tree', '-r', '--name-only', 'main').split('\n')).toEqual(
      expect.arrayContaining([
        '.github/actions/pam/action.yml',
        '.github/workflows/pam-plan.yml',
        'pam.yaml',
        'tools/pam/package-lock.json',
      ]),
    );
    expect(git(place('origin.git'), 'ls-tree', '-r', '--name-only', 'main')).not.toMatch(/vault|node_modules|identity/);
  });

  test('whose first push applies nothing, since nobody approved anything', () => {
    const { conclusion, log, codes } = runAt('pam-apply.yml', 'push');
    expect(conclusion, log).toBe('failure');
    expect(codes).toEqual({ 'Install pam': 0, 'Show the plan': 0, 'Find the digest that was approved': 4 });
    expect(log).toContain('nothing was approved');
  });

  test('and a published snapshot, without which a pull request says what to do', () => {
    const early = runAt('pam-plan.yml', 'pull_request', { payload: { pull_request: { number: 1 } } });
    expect({ conclusion: early.conclusion, code: early.codes['Fetch the snapshot'] }).toEqual({ conclusion: 'failure', code: 1 });
    expect(early.log).toContain('run the workflow "pam snapshot" once');
    const { conclusion, log } = runAt('pam-snapshot.yml', 'workflow_dispatch');
    expect(conclusion, log).toBe('success');
    expect(git(place('origin.git'), 'ls-tree', '-r', '--name-only', 'pam-snapshot')).toBe('snapshot.json');
    expect(git(place('origin.git'), 'rev-list', '--count', 'pam-snapshot')).toBe('1');
    const again = runAt('pam-snapshot.yml', 'schedule');
    expect(again.conclusion, again.log).toBe('success');
    expect(git(place('origin.git'), 'rev-list', '--count', 'pam-snapshot')).toBe('1');
  });
});

describe.runIf(hasJq)('a pull request from a fork', () => {
  let plan: RunResult;

  test('is planned with no secret and no vault in reach', async () => {
    readme('git switch --create orders');
    const manifest = join(place('accounts'), 'manifests/orders.yaml');
    await writeFile(manifest, (await readFile(manifest, 'utf8')).replace('port: 5432', `port: ${server.port}`));
    git(place('accounts'), 'commit', '--quiet', '--all', '--message', 'The port');
    git(folder, 'clone', '--quiet', '--bare', place('origin.git'), 'fork.git');
    git(place('accounts'), 'push', '--quiet', place('fork.git'), `HEAD:refs/heads/${BRANCH}`);
    const sha = git(place('fork.git'), 'rev-parse', BRANCH);
    hub.change((s) => s.pulls.push({ number: 1, state: 'open', head: { sha, ref: BRANCH, repo: { owner: { login: 'mallory' } } } }));

    plan = withoutStore(runPull);
    expect(plan.conclusion, plan.log).toBe('success');
    expect(plan.codes).toEqual({ 'Install pam': 0, 'Fetch the snapshot': 0, Plan: 0, Layout: 0 });
    expect(plan.log).toContain('::notice title=pam plan::Plan: 7 to create');
    expect(plan.summary).toContain('rotate password');
  });

  test('has one comment, which the next commit updates, and its alerts', () => {
    const first = runComment(plan);
    expect(first.conclusion, first.log).toBe('success');
    const second = runComment(plan);
    expect(second.conclusion, second.log).toBe('success');
    const { comments, sarifs, calls } = hub.state;
    expect(comments).toHaveLength(1);
    expect(comments[0]).toMatchObject({
      issue: 1,
      body: expect.stringMatching(/^<!-- pam:plan project=accounts environment=default -->\n[\s\S]*Digest: `sha256:/),
    });
    expect(sarifs.map((s) => s.ref)).toEqual(['refs/pull/1/head', 'refs/pull/1/head']);
    expect(sarifs[0]?.document.runs).toHaveLength(1);
    expect(calls.filter((c) => c.includes('PATCH'))).toHaveLength(1);
    expect(existsSync(place('runner-home/pwned'))).toBe(false);
  });

  test('is told where the repository has no code scanning, too', () => {
    hub.change((s) => Object.assign(s, { noCodeScanning: true }));
    const { conclusion, log } = runComment(plan);
    hub.change((s) => Object.assign(s, { noCodeScanning: false }));
    expect({ conclusion, log }).toMatchObject({ conclusion: 'success', log: expect.stringContaining('Advanced Security must be enabled') });
  });

  test('cannot take the place of a comment that is no plan, or of another pull request', async () => {
    const report = join(hub.state.artifacts[plan.id]?.['pam-plan'] ?? '', 'plan.md');
    const text = await readFile(report, 'utf8');
    await writeFile(report, '<!-- another-bot -->\nall is well\n');
    const forged = runComment(plan);
    expect(forged.conclusion).toBe('failure');
    expect(forged.log).toContain('the report is no plan of pam');
    await writeFile(report, text);
    const stale = runComment(plan, { head_sha: '0'.repeat(40) });
    expect(stale).toMatchObject({ conclusion: 'success', codes: { 'Fetch the reports': 0, 'Find the pull request': 0 } });
    expect(stale.codes).not.toHaveProperty('Comment');
    expect(runComment(plan, { event: 'push' }).conclusion).toBe('skipped');
    expect(hub.state.comments[0]?.body).toBe(text);
    expect(hub.state.comments).toHaveLength(1);
  });

  test('fails where manifests are invalid, and says where', async () => {
    const manifest = join(place('accounts'), 'manifests/orders.yaml');
    const text = await readFile(manifest, 'utf8');
    await writeFile(manifest, text.replace('resource: PamDatabase/orders-db', 'resource: PamDatabase/order-db'));
    git(place('accounts'), 'commit', '--quiet', '--all', '--message', 'A slip');
    git(place('accounts'), 'push', '--quiet', place('fork.git'), `HEAD:refs/heads/${BRANCH}`);
    const { conclusion, log, codes } = runPull();
    git(place('accounts'), 'reset', '--quiet', '--hard', 'HEAD~1');
    git(place('accounts'), 'push', '--quiet', '--force', place('fork.git'), `HEAD:refs/heads/${BRANCH}`);
    expect({ conclusion, code: codes['Plan'] }, log).toEqual({ conclusion: 'failure', code: 8 });
    expect(log).toMatch(/::error file=manifests\/orders\.yaml,line=\d+,col=\d+,title=PAM1042/);
  });
});

describe.runIf(hasJq)('a merge', () => {
  const merge = (message: string) => {
    git(place('accounts'), 'switch', '--quiet', 'main');
    git(place('accounts'), 'merge', '--quiet', '--no-ff', '--message', message, 'orders');
    git(place('accounts'), 'push', '--quiet', 'origin', 'main');
    const sha = git(place('origin.git'), 'rev-parse', 'main');
    hub.change((s) => Object.assign(s.pulls[0] ?? {}, { state: 'closed', merge_commit_sha: sha }));
  };

  test('of something else than what was shown changes nothing', async () => {
    await server.query("CREATE ROLE eve LOGIN PASSWORD 'eve'");
    const manifest = join(place('accounts'), 'manifests/orders.yaml');
    await writeFile(manifest, (await readFile(manifest, 'utf8')).replace('login: reporting', 'login: eve'));
    git(place('accounts'), 'commit', '--quiet', '--all', '--message', 'After the review');
    merge('Orders');
    const { conclusion, codes, log } = runAt('pam-apply.yml', 'push');
    expect({ conclusion, code: codes['Apply'] }, log).toEqual({ conclusion: 'failure', code: 4 });
    git(place('accounts'), 'switch', '--quiet', 'orders');
    git(place('accounts'), 'reset', '--quiet', '--hard', 'HEAD~1');
    git(place('accounts'), 'push', '--quiet', '--force', 'origin', 'orders~2:main');
    git(place('accounts'), 'switch', '--quiet', 'main');
    git(place('accounts'), 'reset', '--quiet', '--hard', 'orders~2');
  });

  test('of what was shown is carried out on the server', async () => {
    merge('Orders');
    const { conclusion, log, summary } = runAt('pam-apply.yml', 'push');
    expect(conclusion, log).toBe('success');
    expect(summary).toContain('7 to create');
    const secret = execFileSync(join(place('accounts'), 'tools/pam/node_modules/.bin/pam'), ['secret', 'get', 'PamUser/orders-app'], {
      cwd: place('accounts'),
      env: { ...env, HOME: place('home') },
      encoding: 'utf8',
    });
    expect(await opens(server, 'orders_app', secret.trim())).toBe(true);
    for (const text of [log, summary, JSON.stringify(hub.state)]) {
      expect(text).not.toContain(secret.trim());
      expect(text).not.toContain(server.adminPassword);
    }
  });

  test('can be run again, and by hand with a digest', () => {
    const again = runAt('pam-apply.yml', 'push');
    expect(again.conclusion, again.log).toBe('success');
    const digest = /^Digest: `(sha256:[0-9a-f]{64})`/m.exec(again.summary)?.[1] ?? '';
    const byHand = runAt('pam-apply.yml', 'workflow_dispatch', { inputs: { digest } });
    expect(byHand.conclusion, byHand.log).toBe('success');
    const wrong = runAt('pam-apply.yml', 'workflow_dispatch', { inputs: { digest: '$(id)' } });
    expect(wrong.codes['Find the digest that was approved']).toBe(4);
  });
});

describe.runIf(hasJq)('the nightly job', () => {
  const nightly = () => runAt('pam-nightly.yml', 'schedule');

  test('says nothing where all is as declared', () => {
    const { conclusion, log } = nightly();
    expect(conclusion, log).toBe('success');
    expect(hub.state.issues).toEqual([]);
  });

  test('opens one issue, updates it, and closes it when all is well again', async () => {
    await server.query('ALTER ROLE orders_app NOLOGIN');
    expect(nightly()).toMatchObject({ conclusion: 'success', codes: { Look: 0, Tell: 0 } });
    expect(hub.state.issues).toMatchObject([{ state: 'open', body: expect.stringContaining('PamUser/orders-app') }]);
    await server.query('ALTER ROLE billing_app NOLOGIN');
    expect(nightly().conclusion).toBe('success');
    expect(hub.state.issues).toMatchObject([{ state: 'open', body: expect.stringContaining('PamUser/billing-app') }]);
    await server.query('ALTER ROLE orders_app LOGIN; ALTER ROLE billing_app LOGIN');
    expect(nightly().conclusion).toBe('success');
    expect(hub.state.issues).toMatchObject([{ state: 'closed', comments: ['All is as declared again.'] }]);
  });

  test('fails, and tells, where it could not look', () => {
    const { conclusion, codes, log } = withoutStore(nightly);
    expect({ conclusion, code: codes['Tell'] }, log).toEqual({ conclusion: 'failure', code: 8 });
    expect(hub.state.issues.at(-1)).toMatchObject({ state: 'open', body: expect.stringContaining('PAM5001') });
  });
});
