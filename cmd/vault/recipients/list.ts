import { PamCommand } from '../../../src/cli/command.ts';
import { openReader } from '../../../src/project/index.ts';
import { formatTable } from '../../../src/report/index.ts';

export default class VaultRecipientsList extends PamCommand {
  static override summary = 'List who can open the vault. Needs no key.';
  static override description =
    'Shows the list as it stands in the file. Every command that opens the vault checks that nobody without its key has changed it.';
  static override examples = ['<%= config.bin %> <%= command.id %>', '<%= config.bin %> <%= command.id %> --json'];

  async run(): Promise<void> {
    const { flags } = await this.parse(VaultRecipientsList);
    this.useFlags(flags);
    await using reader = await openReader(await this.openProject());
    const recipients = await reader.recipients();
    const rows = recipients.map((one) => [one.recipient, one.role, one.since, one.label ?? '']);
    this.print({ recipients }, formatTable(['RECIPIENT', 'ROLE', 'SINCE', 'LABEL'], rows));
  }
}
