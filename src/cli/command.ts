import { Command, Errors, Flags } from '@oclif/core';
import { type ExitCode, exitOf, isPamError, PamError } from '../errors/index.ts';
import type { PamEvent } from '../model/index.ts';
import { openProject, type Project } from '../project/index.ts';
import { createPaint, errorsToJson, formatError, formatErrors, formatEvent, type Paint } from '../report/index.ts';

/** Flags that every command takes. */
export const commonFlags = {
  chdir: Flags.string({ char: 'C', description: 'Run as if pam was started in DIR.', helpValue: 'DIR', helpGroup: 'GLOBAL' }),
  env: Flags.string({ description: 'The environment of pam.yaml to work on.', helpValue: 'ENV', helpGroup: 'GLOBAL' }),
  format: formatFlag([]),
  json: Flags.boolean({ description: 'The same as --format json.', helpGroup: 'GLOBAL' }),
  'no-color': Flags.boolean({ description: 'No colours; NO_COLOR does the same.', helpGroup: 'GLOBAL' }),
  quiet: Flags.boolean({ description: 'No progress on stderr.', exclusive: ['verbose'], helpGroup: 'GLOBAL' }),
  verbose: Flags.boolean({ description: 'Every step on stderr.', helpGroup: 'GLOBAL' }),
};

/** For commands that have more formats than all have. */
export function formatFlag(more: readonly string[]) {
  return Flags.string({
    description: 'How the result is printed.',
    options: ['text', 'json', 'jsonl', ...more],
    helpGroup: 'GLOBAL',
  });
}

/** For commands that open the vault with its key. */
export const identityFlag = {
  identity: Flags.string({
    description: 'File with the age identity that opens the vault; else PAM_IDENTITY, PAM_IDENTITY_FILE, or the one that `pam init` made.',
    helpValue: 'FILE',
    helpGroup: 'GLOBAL',
  }),
};

/** `-f` replaces the manifests of pam.yaml. */
export const filesFlag = {
  file: Flags.string({
    char: 'f',
    description: 'A manifest, or a folder of manifests, instead of those of pam.yaml. May be given again.',
    helpValue: 'PATH',
    multiple: true,
  }),
};

interface CommonValues {
  readonly chdir?: string | undefined;
  readonly env?: string | undefined;
  readonly format?: string | undefined;
  readonly json?: boolean;
  readonly 'no-color'?: boolean;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
}

/**
 * What all commands share: stdout carries the result and nothing else, stderr progress and diagnostics; errors look the same
 * everywhere and give the exit code of their own; nobody sees a stack trace.
 */
export abstract class PamCommand extends Command {
  static override baseFlags = commonFlags;

  protected values: CommonValues = {};

  /** To be called first by every `run`. */
  protected useFlags(values: CommonValues): void {
    this.values = values;
  }

  protected get isJson(): boolean {
    return this.values.json === true || this.values.format === 'json' || this.isJsonl;
  }

  protected get isJsonl(): boolean {
    return this.values.format === 'jsonl';
  }

  /** No colour in a pipe, with NO_COLOR (https://no-color.org), or with --no-color. */
  protected paint(stream: NodeJS.WriteStream): Paint {
    const off = this.values['no-color'] === true || (process.env['NO_COLOR'] ?? '') !== '' || process.env['TERM'] === 'dumb';
    return createPaint(!off && stream.isTTY === true);
  }

  protected get folder(): string {
    return this.values.chdir ?? process.cwd();
  }

  protected openProject(files: readonly string[] = []): Promise<Project> {
    return openProject({ folder: this.folder, files, ...(this.values.env === undefined ? {} : { environment: this.values.env }) });
  }

  /** The result: one JSON object, or the text. */
  protected print(json: unknown, text: string): void {
    if (this.isJsonl) this.log(JSON.stringify({ type: 'result', exit: process.exitCode ?? 0, ...(json as object) }));
    else this.log(this.isJson ? JSON.stringify(json, null, 2) : text);
  }

  /** Progress and diagnostics. */
  protected tell(text: string): void {
    if (this.values.quiet !== true) this.logToStderr(text);
  }

  protected warnAll(warnings: readonly PamError[]): void {
    for (const warning of warnings) this.tell(formatError(warning, this.paint(process.stderr), 'warning'));
  }

  /** Where the engine's events go: a line of stderr each, or with `--format jsonl` a line of stdout. */
  protected readonly emit = (event: PamEvent): void => {
    if (this.isJsonl) this.log(JSON.stringify({ version: 1, sequence: this.#sequence++, ...event }));
    else {
      const line = formatEvent(event, this.paint(process.stderr), this.values.verbose === true);
      if (line !== null) this.tell(line);
    }
  };

  #sequence = 1;

  protected setExit(code: ExitCode): void {
    process.exitCode = code;
  }

  override async catch(error: Error): Promise<void> {
    if (error instanceof Errors.ExitError) throw error;
    this.fail(toPamError(error));
    if (process.env['PAM_DEBUG']) this.logToStderr(framesOf(error));
  }

  protected fail(error: PamError): void {
    this.setExit(exitOf(error.code));
    const argv = this.argv;
    const wantsJson = this.isJson || argv.includes('--json') || /--format[= ]jsonl?\b/.test(argv.join(' '));
    if (wantsJson)
      this.log(
        JSON.stringify(
          { ...(this.isJsonl ? { type: 'result' } : {}), errors: errorsToJson(error), exit: exitOf(error.code) },
          null,
          this.isJsonl ? 0 : 2,
        ),
      );
    else this.logToStderr(formatErrors(error, this.paint(process.stderr)));
  }
}

/** What oclif's parser refuses is a usage error; anything else that is not ours is a bug, told without its stack. */
export function toPamError(error: unknown): PamError {
  if (isPamError(error)) return error;
  if (error instanceof Errors.CLIError) return new PamError('PAM9001', firstLines(error.message), { hint: 'see --help', cause: error });
  // The message of a foreign error may hold what it failed on, so only its kind is told.
  const name = error instanceof Error ? error.name : 'unknown';
  const code = (error as NodeJS.ErrnoException | null)?.code;
  return new PamError('PAM9003', `unexpected ${name}${code === undefined ? '' : ` (${code})`}`, {
    hint: 'set PAM_DEBUG=1 to see where, and report it',
    cause: error,
  });
}

function firstLines(message: string): string {
  return message.replace(/\nSee more help with --help$/, '').trim();
}

/** Where it happened, without the message: a foreign one may hold what it failed on. */
export function framesOf(error: unknown): string {
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  return stack
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .join('\n');
}
