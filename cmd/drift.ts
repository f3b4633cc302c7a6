import { filesFlag, PamCommand } from '../src/cli/command.ts';
import { findDrift, makePlan } from '../src/plan/index.ts';
import { acceptedDrift, loadDesired, openReader, planInput, WHOLE } from '../src/project/index.ts';
import { formatDrift } from '../src/report/index.ts';

export default class Drift extends PamCommand {
  static override summary = 'Tell what moved: drift, pending changes, overdue rotations, unmanaged and unproved records. Cannot write.';
  static override description =
    'Compares manifests and vault, needs no key and takes no lock. Released records are listed with their age until `drift.accept` in pam.yaml acknowledges them. Exits with 2 when there is a finding.';
  static override examples = ['<%= config.bin %> <%= command.id %>', '<%= config.bin %> <%= command.id %> --env prod --json'];
  static override flags = { ...filesFlag };

  async run(): Promise<void> {
    const { flags } = await this.parse(Drift);
    this.useFlags(flags);
    const project = await this.openProject(flags.file);
    const desired = await loadDesired(project);
    await using reader = await openReader(project);
    const asOf = new Date().toISOString();
    const input = planInput(project, desired, await reader.snapshot(), asOf, {
      narrowing: { ...WHOLE, files: flags.file ?? [] },
      grants: {},
    });
    const report = findDrift(input, makePlan(input), acceptedDrift(project));
    const exit = report.findings.length > 0 ? 2 : 0;
    this.setExit(exit);
    if (!this.isJson) this.warnAll(desired.warnings);
    this.print({ asOf, ...report, exit }, formatDrift(report, asOf, this.paint(process.stdout)));
  }
}
