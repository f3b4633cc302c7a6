import { randomUUID } from 'node:crypto';
import { Command, Errors, Flags } from '@oclif/core';
import { type ExitCode, exitOf, isPamError, PamError } from '../errors/index.ts';
import type { PamEvent } from '../model/index.ts';
import { openProject, type Project } from '../project/index.ts';
import { createPaint, errorsToJson, formatError, formatErrors, formatEvent, formatLine, type Paint, resultEvent } from '../report/index.ts';

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
    options: [...new Set(['text', 'json', 'jsonl', ...more])],
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

export interface CommonValues {
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

  /** Set once pam.yaml was read. */
  protected project: Project | undefined;

  /** To be called first by every `run`. */
  protected useFlags(values: CommonValues): void {
    this.values = values;
  }

  /** Also where the command line itself was wrong, so that a program gets what it asked for. */
  protected get formatName(): string {
    if (this.values.json === true) return 'json';
    return this.values.format ?? formatIn(this.argv);
  }

  protected get isJson(): boolean {
    return this.formatName === 'json' || this.isJsonl;
  }

  protected get isJsonl(): boolean {
    return this.formatName === 'jsonl';
  }

  /** No colour in a pipe, with NO_COLOR (https://no-color.org), or with --no-color. */
  protected paint(stream: NodeJS.WriteStream): Paint {
    const off = this.values['no-color'] === true || (process.env['NO_COLOR'] ?? '') !== '' || process.env['TERM'] === 'dumb';
    return createPaint(!off && stream.isTTY === true);
  }

  protected get folder(): string {
    return this.values.chdir ?? process.cwd();
  }

  protected async openProject(files: readonly string[] = []): Promise<Project> {
    const environment = this.values.env === undefined ? {} : { environment: this.values.env };
    this.project = await openProject({ folder: this.folder, files, ...environment });
    return this.project;
  }

  /** The result: one JSON object, or the text. */
  protected print(json: unknown, text: string): void {
    if (this.isJsonl) this.say(resultEvent(json as object, Number(process.exitCode ?? 0)));
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
    if (this.isJsonl) this.say({ ...event });
    else {
      const line = formatEvent(event, this.paint(process.stderr), this.values.verbose === true);
      if (line !== null) this.tell(line);
    }
  };

  /** One line of `--format jsonl`. */
  private say(event: { readonly type: string; readonly [field: string]: unknown }): void {
    this.log(formatLine({ version: 1, stream: this.stream, sequence: this.sequence++ }, event));
  }

  protected readonly stream = randomUUID();
  /** Of the next line. */
  protected sequence = 1;

  protected setExit(code: ExitCode): void {
    process.exitCode = code;
  }

  override async catch(error: Error): Promise<void> {
    if (error instanceof Errors.ExitError) throw error;
    await this.fail(toPamError(error));
    if (process.env['PAM_DEBUG']) this.logToStderr(framesOf(error));
  }

  protected async fail(error: PamError): Promise<void> {
    const exit = exitOf(error.code);
    this.setExit(exit);
    if (this.isJson) this.print({ errors: errorsToJson(error), exit }, '');
    else this.logToStderr(formatErrors(error, this.paint(process.stderr)));
  }
}

/** The format that a command line asks for, before or instead of being parsed. */
export function formatIn(argv: readonly string[]): string {
  if (argv.includes('--json')) return 'json';
  const at = argv.findIndex((a) => a === '--format' || a.startsWith('--format='));
  if (at < 0) return 'text';
  return (argv[at]?.startsWith('--format=') ? argv[at].slice('--format='.length) : argv[at + 1]) ?? 'text';
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
