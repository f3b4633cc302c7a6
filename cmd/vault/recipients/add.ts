import { Args, Flags } from '@oclif/core';
import { identityFlag, PamCommand } from '../../../src/cli/command.ts';
import { openVault, refuseVolatileVault } from '../../../src/project/index.ts';

export default class VaultRecipientsAdd extends PamCommand {
  static override summary = 'Let one more identity open the vault.';
  static override description =
    `Seals the key of the vault to one more age recipient, and from now on journal entries too. Its identity reads every secret that
the vault holds. Backups that were made before do not open for it.`;
  static override examples = [
    '<%= config.bin %> <%= command.id %> age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p --label "nightly runner"',
    '<%= config.bin %> <%= command.id %> age1lggyhqrw2nlhcxprm67z43rta597azn8gknawjehu9d9dl0jq3yqqvfafg --recovery',
  ];
  static override args = { recipient: Args.string({ description: 'The public key, age1…; `age-keygen` prints it.', required: true }) };
  static override flags = {
    ...identityFlag,
    recovery: Flags.boolean({ description: 'Its identity is kept offline, for the day when all others are lost.' }),
    label: Flags.string({ description: 'What you call it; everybody who can read the vault file sees it.', helpValue: 'TEXT' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(VaultRecipientsAdd);
    this.useFlags(flags);
    const project = await this.openProject();
    refuseVolatileVault(project, process.env);
    await using vault = await openVault(project, flags.identity, process.env);
    const role = flags.recovery ? 'recovery' : 'runner';
    await vault.addRecipient({ recipient: args.recipient, role, ...(flags.label === undefined ? {} : { label: flags.label }) });
    const recipients = await vault.recipients();
    this.print({ added: args.recipient, recipients }, `Added ${args.recipient} (${role}). The vault has ${recipients.length} recipients.`);
  }
}
