import { type ChildProcess, spawn } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { initProject } from '../../src/project/index.ts';
import { readIdentityFile, type Vault } from '../../src/vault/index.ts';
import { openLocalVault } from '../../src/vault/local/index.ts';
import { checkOutput } from './schemas.ts';

const PAM = new URL('../../dist/pam.js', import.meta.url).pathname;

export interface PamResult {
  /** Null when it was killed. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** stdout as one JSON document. */
  json<T = Record<string, unknown>>(): T;
}

/** A `pam` that still runs. */
export interface RunningPam {
  readonly process: ChildProcess;
  readonly result: Promise<PamResult>;
  /** Resolves once stdout or stderr holds the text; rejects when pam ends without it. */
  said(text: string): Promise<void>;
}

export interface PamOptions {
  /** Besides PATH, HOME and what the project was made with; undefined takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  /** Runs `sh -c` with this before pam, such as `ulimit -f 100`. */
  readonly shell?: string;
}

/** A project in a folder of its own, with a home of its own: any number of them run side by side. */
export interface TestProject extends AsyncDisposable {
  readonly root: string;
  readonly home: string;
  readonly identityFile: string;
  readonly env: Record<string, string | undefined>;
  readonly vaultFile: string;
  readonly journalFolder: string;
  /** Runs the built program without a terminal, to its end. What it prints as JSON has to be as `schemas/` says. */
  pam(args: readonly string[], options?: PamOptions): Promise<PamResult>;
  start(args: readonly string[], options?: PamOptions): RunningPam;
  write(path: string, text: string): Promise<void>;
  /** Replaces all manifests by these documents (JSON is YAML). */
  declare(documents: readonly object[]): Promise<void>;
  /** The files of the journal folder, whatever they are. */
  journal(): Promise<readonly string[]>;
  /** Opens a copy of the vault: to look at it, while no pam writes to it. */
  readVault<T>(work: (vault: Vault) => Promise<T>): Promise<T>;
  /** Opens the vault itself, such as to hold a lease of it. */
  withVault<T>(work: (vault: Vault) => Promise<T>): Promise<T>;
}

export async function makeProject(env: Readonly<Record<string, string | undefined>> = {}): Promise<TestProject> {
  const folder = await mkdtemp(join(tmpdir(), 'pam-project-'));
  const root = join(folder, 'work');
  const home = join(folder, 'home');
  await mkdir(home);
  const { identityFile } = await initProject({ folder: root, env: { HOME: home } });
  await rm(join(root, 'manifests'), { recursive: true });
  const own = { PATH: process.env['PATH'], HOME: home, ...env };

  const project: TestProject = {
    root,
    home,
    identityFile,
    env: own,
    vaultFile: join(root, '.pam', 'vault.db'),
    journalFolder: join(root, '.pam', 'journal'),
    pam: (args, options) => project.start(args, options).result,
    start: (args, options = {}) => startPam(args, { cwd: options.cwd ?? root, env: { ...own, ...options.env }, shell: options.shell }),
    async write(path, text) {
      await mkdir(dirname(join(root, path)), { recursive: true });
      await writeFile(join(root, path), text);
    },
    declare: (documents) => project.write('manifests/all.yaml', documents.map((d) => `---\n${JSON.stringify(d, null, 2)}\n`).join('')),
    journal: () => readdir(project.journalFolder).catch(() => []),
    async readVault(work) {
      const copy = await mkdtemp(join(folder, 'vault-'));
      for (const suffix of ['', '-wal']) await copyFile(project.vaultFile + suffix, join(copy, `vault.db${suffix}`)).catch(ignoreMissing);
      return useVault(join(copy, 'vault.db'), identityFile, work);
    },
    withVault: (work) => useVault(project.vaultFile, identityFile, work),
    async [Symbol.asyncDispose]() {
      await rm(folder, { recursive: true, force: true });
    },
  };
  return project;
}

async function useVault<T>(path: string, identityFile: string, work: (vault: Vault) => Promise<T>): Promise<T> {
  const reader = await openLocalVault(path, { clock: Date.now, host: hostname(), actor: 'test' });
  await using vault = await reader.unlock(await readIdentityFile(identityFile));
  return await work(vault);
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}

/** Everything that a project has on disk, as one text: for tests that look for what must not be there. */
export async function readTree(folder: string): Promise<string> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  // A file may go meanwhile: SQLite takes its shared memory away when the last one closes the database.
  const read = (path: string) =>
    readFile(path, 'latin1').catch((error) => {
      ignoreMissing(error);
      return '';
    });
  return (await Promise.all(entries.filter((e) => e.isFile()).map((e) => read(join(e.parentPath, e.name))))).join('\n');
}

function startPam(
  args: readonly string[],
  { cwd, env, shell }: { cwd: string; env: Readonly<Record<string, string | undefined>>; shell: string | undefined },
): RunningPam {
  const command = [process.execPath, PAM, ...args];
  const [file = '', ...rest] = shell === undefined ? command : ['/bin/sh', '-c', `${shell}; exec "$@"`, 'sh', ...command];
  const child = spawn(file, rest, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  let ended = false;
  const listeners = new Set<() => void>();
  const heard = () => {
    for (const listener of listeners) listener();
  };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    heard();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    heard();
  });
  const result = new Promise<PamResult>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      ended = true;
      try {
        checkOutput(args, stdout, code);
        resolve({ code, signal, stdout, stderr, json: <T>() => JSON.parse(stdout) as T });
      } catch (error) {
        reject(new Error(`pam ${args.join(' ')}: ${(error as Error).message}`));
      }
      heard();
    });
  });
  return {
    process: child,
    result,
    said: (text) =>
      new Promise((resolve, reject) => {
        const look = () => {
          if (!stdout.includes(text) && !stderr.includes(text)) {
            if (!ended) return;
            reject(new Error(`pam ended without saying "${text}":\n${stdout}${stderr}`));
          } else resolve();
          listeners.delete(look);
        };
        listeners.add(look);
        look();
      }),
  };
}
