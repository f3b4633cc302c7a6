import { Args, Flags } from '@oclif/core';
import type { Approval } from '../src/apply/index.ts';
import { askForYes, canAsk, refuseUnapproved, runApply } from '../src/cli/apply-run.ts';
import { filesFlag, identityFlag, PamCommand } from '../src/cli/command.ts';
import { checkSelectors, parseTimeout, planFlags, planOptionsOf } from '../src/cli/plan-flags.ts';
import { readSavedPlan } from '../src/cli/saved-plan.ts';
import { PamError } from '../src/errors/index.ts';
import { findingsOf, loadDesired, loadProjectRules, planWith } from '../src/project/index.ts';
import { formatLedger, formatPlan } from '../src/report/index.ts';

export default class Apply extends PamCommand {
  static override summary = 'Carry out what was approved, rotations on live systems included.';
  static override description =
    `Finishes interrupted rotations first, then writes records and links, then takes in, proves and rotates secrets. Applying twice equals
applying once; after a kill at any instant the same command finishes the job. Without a terminal it needs exactly one of a saved
plan, --approve DIGEST or --auto-approve.`;
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> plan.json',
    '<%= config.bin %> <%= command.id %> --approve sha256:3a7bd3e2360a3d29eea436fcfb7e44c735d117c42d1c1835420b6b9942dd4f1b',
    '<%= config.bin %> <%= command.id %> --auto-approve --format jsonl',
  ];
  static override args = { plan: Args.string({ description: 'A plan that `pam plan --out` saved.' }) };
  static override flags = {
    ...identityFlag,
    ...filesFlag,
    ...planFlags,
    'auto-approve': Flags.boolean({ description: 'Carry out the plan of this moment.' }),
    approve: Flags.string({ description: 'Carry out the plan with this digest, or nothing.', helpValue: 'DIGEST' }),
    parallelism: Flags.integer({ description: 'Rows at once.', default: 10, min: 1, max: 256 }),
    'fail-fast': Flags.boolean({ description: 'Start nothing more after the first failure.' }),
    'lock-timeout': Flags.string({ description: 'How long to wait for another apply: 30s, 5m.', default: '0', helpValue: 'DURATION' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Apply);
    this.useFlags(flags);
    const given = [args.plan, flags.approve, flags['auto-approve'] ? true : undefined].filter((v) => v !== undefined).length;
    if (given > 1)
      throw new PamError('PAM9001', 'a saved plan, --approve and --auto-approve exclude each other', { hint: 'give one of them' });
    if (given === 0) refuseUnapproved('apply');
    const lockTimeoutMs = parseTimeout(flags['lock-timeout'], '--lock-timeout');
    const saved = args.plan === undefined ? undefined : await readSavedPlan(args.plan);
    const project = await this.openProject(flags.file);
    const rules = await loadProjectRules(project);
    const options = { ...planOptionsOf(flags), rules };
    const desired = saved === undefined ? await loadDesired(project) : { resources: [], warnings: [], digest: saved.manifestDigest };
    if (!this.isJson) this.warnAll(desired.warnings);
    const planAt = planWith(project, desired, options);

    const result = await runApply({
      project,
      command: 'apply',
      flags: { identity: flags.identity, parallelism: flags.parallelism, failFast: flags['fail-fast'], lockTimeoutMs },
      emit: this.emit,
      tell: (text) => this.tell(text),
      projectLease: true,
      planAt,
      judge: (plan, snapshot) => findingsOf(rules, plan, snapshot, saved === undefined ? desired : undefined),
      approve: async (vault): Promise<Approval> => {
        if (saved !== undefined) return { type: 'plan', plan: saved };
        const snapshot = await vault.authenticate();
        checkSelectors(options, project, desired, snapshot);
        if (flags.approve !== undefined) return { type: 'digest', digest: flags.approve };
        if (flags['auto-approve'] || !canAsk()) return { type: 'auto' };
        const plan = planAt(snapshot, new Date().toISOString());
        this.logToStderr(formatPlan(plan, this.paint(process.stderr)));
        if (plan.changes.length === 0) return { type: 'auto' };
        if (!(await askForYes('\nApply this plan?'))) throw new PamError('PAM3003', 'the plan was not approved; nothing was changed');
        return { type: 'digest', digest: plan.digest };
      },
    });
    this.setExit(result.exit);
    this.print(
      { runId: result.runId ?? null, digest: result.plan.digest, asOf: result.asOf, ledger: result.entries, exit: result.exit },
      formatLedger(result.entries, this.paint(process.stdout)),
    );
  }
}
