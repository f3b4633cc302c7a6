import { filesFlag, PamCommand } from '../src/cli/command.ts';
import { loadDesired } from '../src/project/index.ts';

export default class Validate extends PamCommand {
  static override summary = 'Check the manifests: offline, without a vault or a key, all problems at once.';
  static override examples = ['<%= config.bin %> <%= command.id %>', '<%= config.bin %> <%= command.id %> -f manifests/orders.yaml --json'];
  static override flags = { ...filesFlag };

  async run(): Promise<void> {
    const { flags } = await this.parse(Validate);
    this.useFlags(flags);
    const desired = await loadDesired(await this.openProject(flags.file));
    if (!this.isJson) this.warnAll(desired.warnings);
    const n = desired.resources.length;
    this.print(
      { valid: true, resources: n, errors: [], warnings: desired.warnings.map((w) => w.toJSON()) },
      `Valid: ${n} ${n === 1 ? 'resource' : 'resources'}.`,
    );
  }
}
