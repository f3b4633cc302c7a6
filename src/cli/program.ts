import { randomUUID } from 'node:crypto';
import { Config, flush, run } from '@oclif/core';
import { exitOf, PamError } from '../errors/index.ts';
import { closest } from '../policy/index.ts';
import { createPaint, errorsToJson, formatErrors, formatLine, resultEvent } from '../report/index.ts';
import { formatIn, framesOf, toPamError } from './command.ts';

/** Runs one command line. Whatever is thrown before a command could take over ends here, in the same form as its own errors. */
export async function main(argv: string[]): Promise<void> {
  quietBrokenPipe();
  try {
    const config = await Config.load(import.meta.url);
    refuseUnknownCommand(
      argv,
      config.commandIDs.map((id) => id.replaceAll(':', ' ')),
    );
    await run(argv, config);
    await flush();
  } catch (error) {
    if (isExit(error)) {
      process.exitCode = error.oclif.exit;
      return;
    }
    const problem = toPamError(error);
    process.exitCode = exitOf(problem.code);
    const format = formatIn(argv);
    const document = { errors: errorsToJson(problem), exit: exitOf(problem.code) };
    if (format === 'json') process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
    else if (format === 'jsonl')
      process.stdout.write(`${formatLine({ version: 1, stream: randomUUID(), sequence: 1 }, resultEvent(document, document.exit))}\n`);
    else process.stderr.write(`${formatErrors(problem, createPaint(process.stderr.isTTY === true && !process.env['NO_COLOR']))}\n`);
    if (process.env['PAM_DEBUG']) process.stderr.write(`${framesOf(error)}\n`);
  }
}

function refuseUnknownCommand(argv: readonly string[], names: readonly string[]): void {
  const words = argv.filter((a) => !a.startsWith('-'));
  const [first] = words;
  if (first === undefined || argv[0]?.startsWith('-') === true || first === 'help') return;
  if (names.some((name) => name === first || name.startsWith(`${first} `))) return;
  const guess = closest(
    first,
    names.map((name) => name.split(' ')[0] ?? name),
  );
  throw new PamError('PAM9001', `${first} is no command of pam`, {
    hint: guess === null ? 'run: pam --help' : `did you mean: pam ${guess}`,
  });
}

function isExit(error: unknown): error is { oclif: { exit: number } } {
  return typeof (error as { oclif?: { exit?: unknown } } | null)?.oclif?.exit === 'number' && (error as { code?: string }).code === 'EEXIT';
}

/** `pam list | head -1` closes our stdout: that is no error of ours. */
function quietBrokenPipe(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(process.exitCode ?? 0);
  });
}
