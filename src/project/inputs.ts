import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { allows } from '../manifest/index.ts';
import { type InputSource, Secret } from '../model/index.ts';
import { RotationError } from '../rotate/index.ts';
import type { Project } from './project.ts';

const run = promisify(execFile);
const COMMAND_TIMEOUT_MS = 60_000;
/** No secret is longer; a command that prints more is the wrong command. */
const MAX_BYTES = 1024 * 1024;

/**
 * Reads a write-only source; `apply` alone does. One line feed at the end goes, as editors and commands add it. What a command
 * prints on stderr is not repeated. RotationError PAM4005.
 */
export async function readInput(project: Project, source: InputSource, env: NodeJS.ProcessEnv): Promise<Secret> {
  if (source.fromEnv !== undefined) {
    const value = env[source.fromEnv];
    if (value === undefined || value === '') throw failed(`the environment variable ${source.fromEnv} is not set`);
    return Secret.fromText(value);
  }
  if (source.fromFile !== undefined) {
    const path = resolve(project.root, source.fromFile);
    return trimmed(
      await readFile(path).catch((cause: unknown) => {
        throw failed(`${source.fromFile} cannot be read: ${(cause as NodeJS.ErrnoException).code ?? 'unknown error'}`);
      }),
      source.fromFile,
    );
  }
  const [command, ...args] = source.fromCommand ?? [];
  if (command === undefined) throw failed('the source names nothing');
  if (!(project.file.allowCommands ?? []).some((entry) => allows(entry, [command, ...args])))
    throw failed(`${command} is not in allowCommands of pam.yaml`);
  // It may need what stands in the environment, but never what opens the vault.
  const { PAM_IDENTITY: _, ...rest } = env;
  const { stdout } = await run(command, args, {
    cwd: project.root,
    env: rest,
    timeout: COMMAND_TIMEOUT_MS,
    maxBuffer: MAX_BYTES,
    encoding: 'buffer',
  }).catch((cause: unknown) => {
    throw failed(`${command} failed (${exitOf(cause)}); its output is not repeated`);
  });
  return trimmed(stdout, command);
}

function trimmed(bytes: Buffer, source: string): Secret {
  const end = bytes.at(-1) === 0x0a ? (bytes.at(-2) === 0x0d ? -2 : -1) : undefined;
  const value = bytes.subarray(0, end);
  if (value.length === 0) throw failed(`${source} is empty`);
  return Secret.fromBytes(value);
}

function failed(message: string): RotationError {
  return new RotationError('PAM4005', message, { phase: 'input' });
}

function exitOf(cause: unknown): string {
  const { code, signal, killed } = cause as { code?: string | number; signal?: string; killed?: boolean };
  if (killed === true) return 'timed out';
  return signal === null || signal === undefined ? `exit ${code}` : `signal ${signal}`;
}
