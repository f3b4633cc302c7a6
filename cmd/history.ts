import { Args, Flags } from '@oclif/core';
import { PamCommand } from '../src/cli/command.ts';
import { PamError } from '../src/errors/index.ts';
import { openReader } from '../src/project/index.ts';
import { formatEntry, formatTable } from '../src/report/index.ts';

export default class History extends PamCommand {
  static override summary = 'List earlier runs, or show the ledger of one.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> 4f9b3c1e-6d52-4a0e-9a43-0c7f2b6f3e11',
  ];
  static override args = { run: Args.string({ description: 'Id of a run; its beginning is enough.' }) };
  static override flags = { limit: Flags.integer({ description: 'How many runs, newest first.', default: 20, min: 1, max: 10_000 }) };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(History);
    this.useFlags(flags);
    await using reader = await openReader(await this.openProject());
    const runs = await reader.listRuns(args.run === undefined ? flags.limit : 10_000);
    if (args.run === undefined) {
      const rows = runs.map((r) => [
        r.id.slice(0, 8),
        r.startedAt,
        r.command,
        stateOf(r),
        String(r.changes.length),
        `${r.holder.user}@${r.holder.host}`,
      ]);
      return this.print({ runs }, runs.length === 0 ? 'No runs.' : formatTable(['RUN', 'STARTED', 'COMMAND', 'EXIT', 'ROWS', 'BY'], rows));
    }
    const wanted = args.run;
    const matches = runs.filter((r) => r.id.startsWith(wanted));
    const [match] = matches;
    if (match === undefined || matches.length > 1) {
      throw new PamError('PAM9008', `${match === undefined ? 'no run' : 'more than one run'} begins with ${wanted}`, {
        hint: 'run: pam history',
      });
    }
    const found = await reader.readRun(match.id);
    if (found === null) throw new PamError('PAM9008', `run ${match.id} is gone`);
    const paint = this.paint(process.stdout);
    const head = `Run ${found.run.id}, ${found.run.command}, started ${found.run.startedAt}, ${stateOf(found.run)}\nDigest: ${found.run.digest}\n`;
    this.print({ run: found.run, ledger: found.ledger }, [head, ...found.ledger.map((e) => `  ${formatEntry(e, paint)}`)].join('\n'));
  }
}

function stateOf(run: { readonly exit?: number; readonly finishedAt?: string }): string {
  return run.finishedAt === undefined ? 'unfinished' : `exit ${run.exit}`;
}
