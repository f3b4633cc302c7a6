import { Flags } from '@oclif/core';
import { filesFlag, formatFlag } from '../src/cli/command.ts';
import { FindingsCommand, sourcesOf } from '../src/cli/findings-command.ts';
import { checkSelectors, parseInstant, planFlags, planOptionsOf } from '../src/cli/plan-flags.ts';
import { pageContext } from '../src/cli/plan-page.ts';
import { fromSnapshotFile, readSnapshotFile } from '../src/cli/snapshot-file.ts';
import { writeResult } from '../src/cli/write-result.ts';
import type { ExitCode } from '../src/errors/index.ts';
import type { Plan as PlanData, PublicSnapshot } from '../src/model/index.ts';
import { loadDesired, loadProjectRules, openReader, type Project, planInput, planWith } from '../src/project/index.ts';
import { COMMON_FORMATS, formatPlan, formatSummary, planFindings } from '../src/report/index.ts';

export default class Plan extends FindingsCommand {
  static override summary = 'Show what would change. Takes no lock and needs no key.';
  static override description =
    `Reads manifests and the metadata of the vault, so that it runs on a pull request with no secret in reach. The digest stands for what
was planned: \`pam apply --approve DIGEST\` carries out that and nothing else.`;
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --out plan.json --detailed-exitcode',
    '<%= config.bin %> <%= command.id %> --format markdown --out-dir reports',
    '<%= config.bin %> <%= command.id %> --target PamUser/orders-app --as-of 2027-01-31T00:00:00Z',
    '<%= config.bin %> <%= command.id %> --format html > plan.html',
    '<%= config.bin %> snapshot --out snapshot.json && <%= config.bin %> <%= command.id %> --snapshot snapshot.json',
  ];
  static override flags = {
    ...filesFlag,
    ...planFlags,
    format: formatFlag([...COMMON_FORMATS, 'gitlab-terraform', 'html']),
    out: Flags.string({ description: 'Save the plan, for `pam apply FILE`. Plain JSON without secrets.', helpValue: 'FILE' }),
    'detailed-exitcode': Flags.boolean({
      description: 'Exit with 2 when there are differences, 3 when rows are blocked or a policy is not kept.',
    }),
    snapshot: Flags.string({
      description: 'Plan from a file that `pam snapshot` wrote; the vault is not touched.',
      helpValue: 'FILE',
    }),
    'as-of': Flags.string({ description: 'Plan for another moment; a plan for the future is for looking.', helpValue: 'INSTANT' }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Plan);
    this.useFlags(flags);
    const options = planOptionsOf(flags);
    const asOf = flags['as-of'] === undefined ? new Date().toISOString() : parseInstant(flags['as-of'], '--as-of');
    const project = await this.openProject(flags.file);
    const desired = await loadDesired(project);
    const rules = await loadProjectRules(project);
    const snapshot = await this.snapshot(project, flags.snapshot);
    checkSelectors(options, project, desired, snapshot);
    const hasPage = this.formatName === 'html' || this.outDir !== undefined;
    const compute = () => {
      const plan = planWith(project, desired, { ...options, rules })(snapshot, asOf);
      return { plan, ...(hasPage ? { page: pageContext(planInput(project, desired, snapshot, asOf, options), plan) } : {}) };
    };
    const { plan, ...page } = flags.snapshot === undefined ? compute() : fromSnapshotFile(flags.snapshot, compute);
    if (flags.out !== undefined) await writeResult(flags.out, `${JSON.stringify(plan, null, 2)}\n`);
    if (flags['detailed-exitcode']) this.setExit(detailedExit(plan));
    if (!this.isJson) this.warnAll(desired.warnings);
    await this.report({
      findings: planFindings(plan, sourcesOf(desired.resources)),
      document: plan,
      text: (paint) => formatPlan(plan, paint),
      summary: formatSummary(plan.summary),
      plan,
      ...page,
    });
  }

  /** Of the vault, or of the file that stands for it: then the vault is not so much as looked for. */
  private async snapshot(project: Project, file: string | undefined): Promise<PublicSnapshot> {
    if (file !== undefined) {
      const { snapshot, takenAt } = await readSnapshotFile(project, file);
      this.tell(`planned from ${file}, which was taken from the vault at ${takenAt}`);
      return snapshot;
    }
    await using reader = await openReader(project);
    return await reader.snapshot();
  }
}

function detailedExit({ changes, summary, findings }: PlanData): ExitCode {
  if (summary.blocked > 0 || findings.some((f) => f.severity === 'error')) return 3;
  return changes.length > 0 ? 2 : 0;
}
