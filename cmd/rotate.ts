import { Flags } from '@oclif/core';
import type { Approval } from '../src/apply/index.ts';
import { askForYes, canAsk, refuseUnapproved, runApply } from '../src/cli/apply-run.ts';
import { identityFlag, PamCommand } from '../src/cli/command.ts';
import { parseTimeout, planFlags, planOptionsOf } from '../src/cli/plan-flags.ts';
import { addressesOf, desiredFromRecords } from '../src/cli/records.ts';
import { PamError } from '../src/errors/index.ts';
import type { Address } from '../src/model/index.ts';
import { findingsOf, loadProjectRules, planWith } from '../src/project/index.ts';
import { formatLedger, formatPlan } from '../src/report/index.ts';

export default class Rotate extends PamCommand {
  static override summary = 'Rotate accounts now, through the same plan and ledger as apply.';
  static override description =
    'Works from the records alone, so that it needs no manifests, and leases accounts only: a long apply never blocks it.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> PamUser/orders-app --auto-approve',
    '<%= config.bin %> <%= command.id %> --due --auto-approve --json',
  ];
  static override strict = false;
  static override flags = {
    ...identityFlag,
    due: Flags.boolean({ description: 'All accounts that are due by their policies.' }),
    grant: planFlags.grant,
    'auto-approve': Flags.boolean({ description: 'Do not ask.' }),
    parallelism: Flags.integer({ description: 'Accounts at once.', default: 10, min: 1, max: 256 }),
    'fail-fast': Flags.boolean({ description: 'Start nothing more after the first failure.' }),
    'lock-timeout': Flags.string({
      description: 'How long to wait for another run at an account: 30s, 5m.',
      default: '0',
      helpValue: 'DURATION',
    }),
  };

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(Rotate);
    this.useFlags(flags);
    const requests = addressesOf(argv as string[], 'PamUser') as readonly Address[];
    if (flags.due === requests.length > 0)
      throw new PamError('PAM9001', 'give the addresses to rotate, or --due', { hint: 'such as: pam rotate PamUser/orders-app' });
    if (!flags['auto-approve']) refuseUnapproved('rotate');
    const project = await this.openProject();
    const rules = await loadProjectRules(project);
    const options = {
      rules,
      ...planOptionsOf({ grant: flags.grant, ...(flags.due ? { only: 'rotations' } : {}) }),
      ...(flags.due ? {} : { requests }),
    };

    const result = await runApply({
      project,
      command: 'rotate',
      flags: {
        identity: flags.identity,
        parallelism: flags.parallelism,
        failFast: flags['fail-fast'],
        lockTimeoutMs: parseTimeout(flags['lock-timeout'], '--lock-timeout'),
      },
      emit: this.emit,
      tell: (text) => this.tell(text),
      projectLease: false,
      planAt: (snapshot, asOf) => planWith(project, desiredFromRecords(snapshot, project.owner), options)(snapshot, asOf),
      judge: (plan, snapshot) => findingsOf(rules, plan, snapshot, desiredFromRecords(snapshot, project.owner), true),
      approve: async (vault): Promise<Approval> => {
        const snapshot = await vault.authenticate();
        const desired = desiredFromRecords(snapshot, project.owner);
        const plan = planWith(project, desired, options)(snapshot, new Date().toISOString());
        const missing = requests.filter((address) => !plan.changes.some((c) => c.address === address));
        if (missing.length > 0) {
          const known = desired.resources.some((r) => r.address === missing[0]);
          throw new PamError(known ? 'PAM9011' : 'PAM9008', `${missing.join(', ')} ${known ? 'declares no rotation' : 'has no record'}`, {
            hint: known ? 'set rotation on it' : 'run: pam list',
          });
        }
        if (flags['auto-approve'] || !canAsk() || plan.changes.length === 0) return { type: 'auto' };
        this.logToStderr(formatPlan(plan, this.paint(process.stderr)));
        if (!(await askForYes('\nRotate these accounts?'))) throw new PamError('PAM3003', 'not approved; nothing was changed');
        return { type: 'auto' };
      },
    });
    this.setExit(result.exit);
    this.print(
      { runId: result.runId ?? null, digest: result.plan.digest, asOf: result.asOf, ledger: result.entries, exit: result.exit },
      formatLedger(result.entries, this.paint(process.stdout)),
    );
  }
}
