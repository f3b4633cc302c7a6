import { filesFlag, PamCommand } from '../src/cli/command.ts';
import { combineErrors, isPamError, type PamError } from '../src/errors/index.ts';
import { loadDesired, loadProjectRules } from '../src/project/index.ts';

export default class Validate extends PamCommand {
  static override summary = 'Check manifests and policies: offline, without a vault or a key, all problems at once.';
  static override examples = ['<%= config.bin %> <%= command.id %>', '<%= config.bin %> <%= command.id %> -f manifests/orders.yaml --json'];
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
    this.print(
      { valid: true, resources: n, errors: [], warnings: desired.warnings.map((w) => w.toJSON()) },
      `Valid: ${n} ${n === 1 ? 'resource' : 'resources'}.`,
    );
  }
}
