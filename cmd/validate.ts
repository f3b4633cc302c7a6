import { filesFlag } from '../src/cli/command.ts';
import { FindingsCommand } from '../src/cli/findings-command.ts';
import { combineErrors, isPamError, type PamError } from '../src/errors/index.ts';
import { loadDesired, loadProjectRules } from '../src/project/index.ts';
import { errorFindings } from '../src/report/index.ts';

export default class Validate extends FindingsCommand {
  static override summary = 'Check manifests and policies: offline, without a vault or a key, all problems at once.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> -f manifests/orders.yaml --json',
    '<%= config.bin %> <%= command.id %> --format sarif > pam.sarif',
  ];
  static override flags = { ...filesFlag };

  async run(): Promise<void> {
    const { flags } = await this.parse(Validate);
    this.useFlags(flags);
    const project = await this.openProject(flags.file);
    const problems: PamError[] = [];
    const collect = (error: unknown) => {
      if (!isPamError(error)) throw error;
      problems.push(error, ...error.others);
    };
    const desired = await loadDesired(project).catch(collect);
    await loadProjectRules(project).catch(collect);
    if (desired === undefined || problems.length > 0) throw combineErrors(problems);
    if (!this.isJson) this.warnAll(desired.warnings);
    const n = desired.resources.length;
    const summary = `Valid: ${n} ${n === 1 ? 'resource' : 'resources'}.`;
    await this.report({
      findings: errorFindings(desired.warnings, 'warning'),
      document: { valid: true, resources: n, errors: [], warnings: desired.warnings.map((w) => w.toJSON()) },
      text: () => summary,
      summary,
    });
  }
}
