import { Flags } from '@oclif/core';
import { filesFlag, formatFlag, PamCommand } from '../src/cli/command.ts';
import { writeResult } from '../src/cli/write-result.ts';
import { type LastRun, makeStateReport } from '../src/plan/index.ts';
import { loadDesired, openReader, planInput, WHOLE } from '../src/project/index.ts';
import { createPaint, formatReport, formatReportPage } from '../src/report/index.ts';
import type { RunSummary, VaultReader } from '../src/vault/index.ts';

/** How many earlier runs the report tells of. */
const RUNS = 20;

export default class Report extends PamCommand {
  static override summary = 'Tell the state of all credentials: ages, due dates, coverage, proofs, failures. Needs no key.';
  static override description =
    `Reads manifests and the metadata of the vault. The page (--html) is one file that loads nothing and can be printed or
attached; what an auditor asks for stands in it, and no secret does.`;
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --html --out report.html',
    '<%= config.bin %> <%= command.id %> --json',
  ];
  static override flags = {
    ...filesFlag,
    format: formatFlag(['html']),
    html: Flags.boolean({ description: 'The same as --format html.', exclusive: ['json', 'format'] }),
    out: Flags.string({ description: 'Write the report to FILE instead of stdout.', helpValue: 'FILE' }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Report);
    this.useFlags(flags);
    const project = await this.openProject(flags.file);
    const desired = await loadDesired(project);
    await using reader = await openReader(project);
    const [snapshot, runs] = [await reader.snapshot(), await reader.listRuns(RUNS)];
    const input = planInput(project, desired, snapshot, new Date().toISOString(), { narrowing: WHOLE, grants: {} });
    const report = makeStateReport(input, await Promise.all(runs.map((r) => lastRun(reader, r))));
    const isPage = flags.html || flags.format === 'html';
    const { out } = flags;
    if (out === undefined) return this.print(report, isPage ? formatReportPage(report) : formatReport(report, this.paint(process.stdout)));
    const text = isPage
      ? formatReportPage(report)
      : this.isJson
        ? JSON.stringify(report, null, 2)
        : formatReport(report, createPaint(false));
    await writeResult(out, `${text.trimEnd()}\n`);
    this.tell(`The report is in ${out}.`);
  }
}

/** What did not end well in a run stands in its ledger. */
async function lastRun(reader: VaultReader, run: RunSummary): Promise<LastRun> {
  const ledger = (await reader.readRun(run.id))?.ledger ?? [];
  const failed = ledger.filter((e) => e.outcome === 'failed' || e.outcome === 'unknown');
  return {
    id: run.id,
    command: run.command,
    startedAt: run.startedAt,
    finishedAt: run.finishedAt ?? null,
    exit: run.exit ?? null,
    rows: run.changes.length,
    failed: failed.map(({ id, outcome, code, detail }) => ({
      id,
      outcome,
      ...(code === undefined ? {} : { code }),
      ...(detail === undefined ? {} : { detail }),
    })),
    by: `${run.holder.user}@${run.holder.host}`,
  };
}
