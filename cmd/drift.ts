import { Flags } from '@oclif/core';
import { filesFlag, identityFlag } from '../src/cli/command.ts';
import { FindingsCommand, sourcesOf } from '../src/cli/findings-command.ts';
import { exitOfDrift, lookLive } from '../src/cli/live-drift.ts';
import { checkSelectors, planFlags, planOptionsOf } from '../src/cli/plan-flags.ts';
import { driftScope, findDrift, makePlan } from '../src/plan/index.ts';
import { acceptedDrift, loadDesired, openReader, openVault, planInput, WHOLE } from '../src/project/index.ts';
import { driftFindings, driftSummary, driftToJson, formatDrift } from '../src/report/index.ts';

export default class Drift extends FindingsCommand {
  static override summary = 'Tell what moved: drift, pending changes, overdue rotations, unmanaged and unproved records. Cannot write.';
  static override description =
    `Compares manifests and vault, needs no key and takes no lock. With --live it also looks at the accounts on their targets, in one session of
each administrator: who is gone, made anew, locked, disabled, expired or due to set another password, whose password was changed by
somebody else, which keys were added. That needs the key, and no login of the accounts themselves; --prove logs in to each of them with
what is stored, inside the attempt budget. --coverage also lists the accounts that the targets have and nobody declares, but for those of
the system itself and those that cannot log in. Nothing is written, spent attempts aside.

\`drift.accept\` in pam.yaml holds back what is known, until a day. Exits with 2 when there is a finding; else with 6 or 1 when something
could not be looked at (6: a credential was refused or lacks a right, or a target is not the one that is trusted).`;
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --env prod --json',
    '<%= config.bin %> <%= command.id %> --live --target PamDatabase/orders-db',
    '<%= config.bin %> <%= command.id %> --live --prove --coverage',
  ];
  static override flags = {
    ...filesFlag,
    ...identityFlag,
    target: planFlags.target,
    exclude: planFlags.exclude,
    live: Flags.boolean({ description: 'Look at the accounts on their targets too.' }),
    prove: Flags.boolean({ description: 'Log in with each stored secret, and write no proof.', dependsOn: ['live'] }),
    coverage: Flags.boolean({ description: 'Tell the accounts of the targets that nobody declares too.', dependsOn: ['live'] }),
    parallelism: Flags.integer({ description: 'Targets that --live looks at at once.', default: 10, min: 1, max: 256 }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Drift);
    this.useFlags(flags);
    const options = planOptionsOf(flags);
    const project = await this.openProject(flags.file);
    const desired = await loadDesired(project);
    const vault = flags.live ? await openVault(project, flags.identity, process.env) : null;
    await using reader = vault ?? (await openReader(project));
    const snapshot = await (vault === null ? reader.snapshot() : vault.authenticate());
    checkSelectors(options, project, desired, snapshot);
    const asOf = new Date().toISOString();
    const input = planInput(project, desired, snapshot, asOf, options);
    // Of the whole: a narrowed plan leaves out what its rows depend on, and a release.
    const plan = makePlan({ ...input, narrowing: { ...WHOLE, files: flags.file ?? [] } });
    const live =
      vault === null
        ? undefined
        : await lookLive(vault, {
            project,
            snapshot,
            plan,
            isWanted: driftScope(input),
            prove: flags.prove,
            coverage: flags.coverage ? desired : null,
            parallelism: flags.parallelism,
            emit: this.emit,
            tell: (text) => this.tell(text),
          });
    const report = findDrift(input, plan, acceptedDrift(project), live?.findings);
    const exit = exitOfDrift(report, live);
    this.setExit(exit);
    if (!this.isJson) this.warnAll(desired.warnings);
    await this.report({
      findings: driftFindings(report, live, asOf, sourcesOf(desired.resources)),
      document: { asOf, ...driftToJson(report, live), exit },
      text: (paint) => formatDrift(report, live, asOf, paint),
      summary: driftSummary(report, live),
    });
  }
}
