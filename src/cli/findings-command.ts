import { appendFile, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Flags } from '@oclif/core';
import { codeInfo, type ExitCode, exitOf, isCode, type PamError } from '../errors/index.ts';
import type { DesiredResource } from '../model/index.ts';
import { projectFolder } from '../project/index.ts';
import {
  COMMON_FORMATS,
  createPaint,
  errorFindings,
  errorsToJson,
  FORMATS,
  type FormatContext,
  formatAll,
  formatErrors,
  formatJsonl,
  formatMarkdown,
  isFormat,
  type Paint,
  type Report,
  type Sources,
} from '../report/index.ts';
import { type CommonValues, commonFlags, formatFlag, PamCommand } from './command.ts';
import { prefixInRepository } from './repository.ts';
import { unwritable, writeResult } from './write-result.ts';

/** What GitHub takes as a comment is 65,536 characters; as many bytes are never more. */
const DEFAULT_MAX_BYTES = 65_536;
/** Room for what frames a report. */
const MIN_MAX_BYTES = 4096;

const findingsFlags = {
  ...commonFlags,
  format: formatFlag(COMMON_FORMATS),
  'out-dir': Flags.string({
    description: 'Write the result in every format into DIR too.',
    helpValue: 'DIR',
    helpGroup: 'GLOBAL',
  }),
  'max-bytes': Flags.integer({
    description: 'How long Markdown may become; the least dangerous lines are cut first.',
    default: DEFAULT_MAX_BYTES,
    min: MIN_MAX_BYTES,
    helpGroup: 'GLOBAL',
  }),
};

interface Values extends CommonValues {
  readonly 'out-dir'?: string | undefined;
  readonly 'max-bytes'?: number;
}

/** The text may have colours on a terminal, never in a file. */
type Result = Omit<Report, 'command' | 'owner' | 'exit' | 'text'> & { readonly text: (paint: Paint) => string };

/**
 * A command whose result is a list of findings, in any format of `report/formats.ts`, and all of them at once with `--out-dir`.
 * An error is a finding too: what a tool reads from stdout is whole and of its format however the command ends.
 */
export abstract class FindingsCommand extends PamCommand {
  static override baseFlags = findingsFlags;

  protected override values: Values = {};

  /** Prints the result, after `setExit`. */
  protected async report(result: Result): Promise<void> {
    const report = this.complete(result);
    const context = this.context();
    if (this.outDir !== undefined) await writeAll(this.outDir, formatAll(report, context));
    if (this.formatName === 'text') this.log(result.text(this.paint(process.stdout)));
    else await this.show(report, context);
  }

  protected override async fail(error: PamError): Promise<void> {
    const all = [error, ...error.others];
    this.setExit(exitOf(error.code));
    const report = this.complete({
      findings: errorFindings(all),
      document: { errors: errorsToJson(error), exit: exitOf(error.code) },
      text: (paint) => formatErrors(error, paint),
      summary: `${all.length} ${all.length === 1 ? 'error' : 'errors'}.`,
    });
    const context = this.context();
    // The error that is told may be that this folder cannot be written.
    if (this.outDir !== undefined) {
      await writeAll(this.outDir, formatAll(report, context)).catch((e: PamError) => {
        if (e.message !== error.message) this.logToStderr(formatErrors(e, this.paint(process.stderr)));
      });
    }
    if (!this.isJson) this.logToStderr(formatErrors(error, this.paint(process.stderr)));
    if (this.formatName !== 'text') await this.show(report, context);
  }

  private async show(report: Report, context: FormatContext): Promise<void> {
    const format = isFormat(this.formatName) ? this.formatName : 'text';
    const text = format === 'jsonl' ? formatJsonl(report, context, this.sequence) : FORMATS[format].render(report, context);
    if (text !== null) this.log(text);
    if (format === 'github') await this.appendSummary(formatMarkdown(report, context));
  }

  /** The page of the job. That it cannot be written is told, and changes nothing about the result. */
  private async appendSummary(markdown: string): Promise<void> {
    const path = process.env['GITHUB_STEP_SUMMARY'];
    if (path === undefined || path === '') return;
    await appendFile(path, `${markdown}\n`).catch((cause: unknown) =>
      this.tell(`warning: ${unwritable('GITHUB_STEP_SUMMARY', cause).message}`),
    );
  }

  private complete(result: Result): Report {
    const owner = this.project === undefined ? {} : { owner: this.project.owner };
    return {
      ...result,
      ...owner,
      text: result.text(createPaint(false)),
      command: (this.id ?? '').replaceAll(':', ' '),
      exit: (process.exitCode ?? 0) as ExitCode,
    };
  }

  private context(): FormatContext {
    return {
      version: this.config.version,
      prefix: prefixInRepository(this.project?.root ?? projectFolder(this.folder)),
      maxBytes: this.values['max-bytes'] ?? DEFAULT_MAX_BYTES,
      stream: this.stream,
      explain: (code) => (isCode(code) ? codeInfo(code) : undefined),
    };
  }

  protected get outDir(): string | undefined {
    return this.values['out-dir'];
  }
}

/** Where the manifests declare what they declare. */
export function sourcesOf(resources: readonly DesiredResource[]): Sources {
  return new Map(resources.map((r) => [r.address, r.source]));
}

async function writeAll(folder: string, files: readonly (readonly [string, string | null])[]): Promise<void> {
  await mkdir(folder, { recursive: true }).catch((cause: unknown) => {
    throw unwritable(folder, cause);
  });
  for (const [name, text] of files) {
    const path = join(folder, name);
    if (text !== null) await writeResult(path, `${text}\n`);
    else
      await rm(path, { force: true }).catch((cause: unknown) => {
        throw unwritable(path, cause);
      });
  }
}
