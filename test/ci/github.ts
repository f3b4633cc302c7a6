import { execFileSync, spawnSync } from 'node:child_process';
import { appendFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { parse } from 'yaml';

export interface Step {
  readonly name?: string;
  readonly id?: string;
  readonly if?: string;
  readonly run?: string;
  readonly shell?: string;
  readonly uses?: string;
  readonly with?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly 'continue-on-error'?: boolean;
}
export interface Job {
  readonly 'runs-on': string | readonly string[];
  readonly if?: string;
  readonly needs?: string;
  readonly environment?: string;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly outputs?: Readonly<Record<string, string>>;
  readonly steps: readonly Step[];
}
export interface Workflow {
  readonly name: string;
  readonly on: Readonly<Record<string, unknown>>;
  readonly permissions: Readonly<Record<string, string>>;
  readonly jobs: Readonly<Record<string, Job>>;
}

/** What the double of `gh` keeps: see `gh-double.mjs`. */
export interface GitHubState {
  origin: string;
  calls: string[][];
  pulls: {
    number: number;
    state: string;
    merge_commit_sha?: string;
    head: { sha: string; ref: string; repo: { owner: { login: string } } };
  }[];
  comments: { id: number; issue: number; body: string; user: { login: string } }[];
  issues: { number: number; state: string; body: string; title: string; comments: string[] }[];
  labels: string[];
  sarifs: { commit_sha: string; ref: string; document: { runs: unknown[] } }[];
  artifacts: Record<string, Record<string, string>>;
  noCodeScanning?: boolean;
}

export interface RunOptions {
  /** What is checked out: a commit or branch of the origin, or of the fork that a pull request came from. */
  readonly from: string;
  readonly sha: string;
  readonly ref: string;
  readonly event: string;
  readonly payload?: Readonly<Record<string, unknown>>;
  readonly inputs?: Readonly<Record<string, string>>;
  /** By environment: a job without one gets none. */
  readonly secrets?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly env: Readonly<Record<string, string>>;
}

export interface RunResult {
  readonly conclusion: 'success' | 'failure' | 'skipped';
  readonly id: string;
  /** stdout and stderr of every step, with what it is called. */
  readonly log: string;
  readonly summary: string;
  /** By the name of the step. */
  readonly codes: Readonly<Record<string, number | null>>;
}

/**
 * Runs workflows as far as that goes without GitHub: `run` steps with bash as the runner calls it, expressions, outputs, environments,
 * permissions of the token. Of actions it knows checkout, setup-node, upload-artifact and those of the repository itself.
 */
export class LocalGitHub {
  readonly folder: string;
  readonly #stateFile: string;
  #runs = 0;

  constructor(folder: string, origin: string) {
    this.folder = folder;
    this.#stateFile = join(folder, 'github.json');
    const state: GitHubState = { origin, calls: [], pulls: [], comments: [], issues: [], labels: [], sarifs: [], artifacts: {} };
    writeFileSync(this.#stateFile, JSON.stringify(state));
    mkdirSync(join(folder, 'bin'));
    writeFileSync(join(folder, 'bin/gh'), readFileSync(new URL('gh-double.mjs', import.meta.url)), { mode: 0o755 });
  }

  get state(): GitHubState {
    return JSON.parse(readFileSync(this.#stateFile, 'utf8')) as GitHubState;
  }

  change(work: (state: GitHubState) => void): void {
    const { state } = this;
    work(state);
    writeFileSync(this.#stateFile, JSON.stringify(state));
  }

  /** A person approves every environment at once. */
  run(workflowFile: string, options: RunOptions): RunResult {
    const id = String(++this.#runs);
    const workflow = parse(git(options.from, 'show', `${options.sha}:.github/workflows/${workflowFile}`)) as Workflow;
    const event = join(this.folder, `event-${id}.json`);
    writeFileSync(event, JSON.stringify({ inputs: options.inputs ?? null, ...options.payload }));
    const outputs: Record<string, { outputs: Record<string, string> }> = {};
    const parts = { log: '', summary: '', codes: {} as Record<string, number | null> };
    let conclusion: RunResult['conclusion'] = 'skipped';
    for (const [name, job] of Object.entries(workflow.jobs)) {
      if (conclusion === 'failure' && job.needs !== undefined) continue;
      const done = this.#runJob(job, workflow, id, event, outputs, options, parts);
      if (done === null) continue;
      outputs[name] = { outputs: done.outputs };
      conclusion = done.failed ? 'failure' : 'success';
    }
    return { conclusion, id, ...parts };
  }

  #runJob(
    job: Job,
    workflow: Workflow,
    id: string,
    event: string,
    needs: Record<string, { outputs: Record<string, string> }>,
    options: RunOptions,
    parts: { log: string; summary: string; codes: Record<string, number | null> },
  ): { failed: boolean; outputs: Record<string, string> } | null {
    const temp = mkdtempSync(join(this.folder, 'runner-'));
    const workspace = join(temp, 'work');
    mkdirSync(workspace);
    const files = { GITHUB_OUTPUT: join(temp, 'output'), GITHUB_PATH: join(temp, 'path'), GITHUB_STEP_SUMMARY: join(temp, 'summary') };
    for (const file of Object.values(files)) writeFileSync(file, '');
    const permissions = Object.entries(job.permissions ?? workflow.permissions);
    const steps: Record<string, { outputs: Record<string, string> }> = {};
    let failed = false;
    const context = {
      github: {
        token: permissions.map(([scope, level]) => `${scope}:${level}`).join(',') || 'none',
        event: JSON.parse(readFileSync(event, 'utf8')) as unknown,
        ref: options.ref,
        repository: 'acme/accounts',
      },
      runner: { temp },
      inputs: options.inputs ?? {},
      secrets: options.secrets?.[job.environment ?? ''] ?? {},
      steps,
      needs,
      success: () => !failed,
      cancelled: () => false,
    };
    if (job.if !== undefined && evaluate(job.if, context) !== true) return null;
    const env = {
      ...options.env,
      ...files,
      CI: 'true',
      GITHUB_ACTIONS: 'true',
      GITHUB_EVENT_PATH: event,
      GITHUB_EVENT_NAME: options.event,
      GITHUB_REF: options.ref,
      GITHUB_SHA: options.sha,
      GITHUB_REPOSITORY: 'acme/accounts',
      GITHUB_SERVER_URL: 'https://github.com',
      GITHUB_RUN_ID: id,
      GITHUB_WORKSPACE: workspace,
      RUNNER_TEMP: temp,
      GH_DOUBLE: this.#stateFile,
    };

    const runStep = (step: Step, scope: object) => {
      if ((step.if === undefined && failed) || (step.if !== undefined && evaluate(step.if, scope) !== true)) return;
      const name = step.name ?? step.uses ?? step.run ?? '';
      const text = (value: unknown) => String(substitute(value, scope));
      if (step.uses !== undefined) {
        uses(step.uses, Object.fromEntries(Object.entries(step.with ?? {}).map(([k, v]) => [k, text(v)])));
        return;
      }
      // https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#defaultsrunshell
      const { status, stdout, stderr } = spawnSync('bash', ['--noprofile', '--norc', '-eo', 'pipefail', '-c', text(step.run)], {
        cwd: workspace,
        env: {
          ...env,
          ...Object.fromEntries(Object.entries(step.env ?? {}).map(([k, v]) => [k, text(v)])),
          PATH: [
            ...readFileSync(files.GITHUB_PATH, 'utf8').split('\n').filter(Boolean).reverse(),
            join(this.folder, 'bin'),
            options.env['PATH'],
          ].join(':'),
        },
        encoding: 'utf8',
      });
      parts.log += `## ${name} (${status})\n${stdout}${stderr}`;
      parts.codes[name] = status;
      if (step.id !== undefined) steps[step.id] = { outputs: readPairs(files.GITHUB_OUTPUT) };
      writeFileSync(files.GITHUB_OUTPUT, '');
      if (status !== 0 && step['continue-on-error'] !== true) failed = true;
    };
    const uses = (action: string, given: Record<string, string>): void => {
      if (action.startsWith('./')) {
        const { inputs = {}, runs } = parse(readFileSync(join(workspace, action, 'action.yml'), 'utf8')) as {
          inputs?: Record<string, { default?: string }>;
          runs: { steps: readonly Step[] };
        };
        const defaults = Object.fromEntries(Object.entries(inputs).map(([k, v]) => [k, v.default ?? '']));
        for (const step of runs.steps) runStep(step, { ...context, inputs: { ...defaults, ...given } });
      } else if (action.startsWith('actions/checkout@')) {
        git(temp, 'clone', '--quiet', options.from, workspace);
        git(workspace, 'checkout', '--quiet', options.sha);
        // Without the token in its configuration nothing can be pushed.
        if (given['persist-credentials'] === 'false') git(workspace, 'remote', 'set-url', '--push', 'origin', join(temp, 'no-credentials'));
      } else if (action.startsWith('actions/upload-artifact@')) {
        if (existsSync(given['path'] ?? '')) this.#keepArtifact(id, given['name'] ?? '', given['path'] ?? '');
        else failed = true;
      } else if (!action.startsWith('actions/setup-node@')) throw new Error(`no action ${action} here`);
    };

    for (const step of job.steps) runStep(step, context);
    parts.summary += readFileSync(files.GITHUB_STEP_SUMMARY, 'utf8');
    return { failed, outputs: Object.fromEntries(Object.entries(job.outputs ?? {}).map(([k, v]) => [k, String(substitute(v, context))])) };
  }

  #keepArtifact(run: string, name: string, path: string): void {
    const kept = join(this.folder, `artifact-${run}-${name}`);
    cpSync(path, kept, { recursive: true });
    this.change((state) => {
      state.artifacts[run] = { ...state.artifacts[run], [name]: kept };
    });
  }
}

export function git(cwd: string, ...args: readonly string[]): string {
  return execFileSync('git', ['-c', 'user.name=A', '-c', 'user.email=a@example.com', ...args], {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  }).trim();
}

/** The expressions of these workflows are JavaScript as well; what is not there is the empty text. */
function evaluate(expression: string, context: object): unknown {
  const inner = expression.replace(/^\$\{\{(.*)\}\}$/s, '$1');
  const safe = inner.replace(/\b[a-z]\w*(?:\.[\w-]+)+/g, (path) => `look(${JSON.stringify(path)})`);
  return runInNewContext(safe, { ...context, look: (path: string) => lookUp(path, context) }) as unknown;
}

function lookUp(path: string, context: object): unknown {
  return path.split('.').reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined | null)?.[key], context) ?? '';
}

function substitute(value: unknown, context: object): unknown {
  return typeof value === 'string' ? value.replace(/\$\{\{(.*?)\}\}/g, (_, inner: string) => String(evaluate(inner, context))) : value;
}

function readPairs(file: string): Record<string, string> {
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
}

/** Installs the built program where `npm ci` would have put it; named after what it stands in for. */
export function makeNpmDouble(folder: string, root: string): void {
  const script = `#!/usr/bin/env bash
# A double of npm: \`ci\` and \`install\` link the program that the tests built; \`pack\` makes an empty package.
set -eu
echo "npm $*" >> ${JSON.stringify(join(folder, 'npm.log'))}
prefix=.
while [ $# -gt 0 ]; do
  case "$1" in
    ci | install) command=$1 ;;
    pack) command=pack ;;
    init) echo '{}' > package.json; exit 0 ;;
    run) exit 0 ;;
    --prefix) prefix=$2; shift ;;
    --pack-destination) destination=$2; shift ;;
    --*) ;;
  esac
  shift
done
if [ "$command" = pack ]; then : > "$destination/pam-as-code-0.1.0.tgz"; exit 0; fi
[ "$(realpath "$prefix")" != "$(realpath ${JSON.stringify(root)})" ] || exit 0 # the checkout of pam itself, which is built
[ -f "$prefix/package.json" ] || { echo 'npm error code ENOENT' >&2; exit 254; }
if [ "$command" = ci ]; then [ -f "$prefix/package-lock.json" ] || { echo 'npm error code EUSAGE' >&2; exit 1; }
else echo '{}' > "$prefix/package-lock.json"; fi
mkdir -p "$prefix/node_modules/.bin"
ln -sf ${JSON.stringify(join(root, 'dist/pam.js'))} "$prefix/node_modules/.bin/pam"
`;
  appendFileSync(join(folder, 'npm.log'), '');
  writeFileSync(join(folder, 'bin/npm'), script, { mode: 0o755 });
}
