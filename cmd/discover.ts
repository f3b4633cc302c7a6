import { Args } from '@oclif/core';
import { identityFlag, PamCommand } from '../src/cli/command.ts';
import { discover } from '../src/cli/discovery.ts';
import { choicesToJson, formatChoices } from '../src/report/index.ts';

export default class Discover extends PamCommand {
  static override summary = 'Print manifests of the accounts that a target has and nobody declares.';
  static override description =
    `Asks the target with the admin credential of the resource; nothing is written there or in the vault. The manifests name the accounts and
no more: once they are applied, the accounts are on record, without a secret and without a rotation, and the next plan is empty. \`pam adopt\`
makes manifests that take them under management.

\`discover.rules\` in pam.yaml decide, in order; the first that fits an account counts. Where none does, accounts of the system itself and
those that cannot log in are left out. stderr tells who was left out and why; --json has every account.`;
  static override examples = [
    '<%= config.bin %> <%= command.id %> PamDatabase/orders-db',
    '<%= config.bin %> <%= command.id %> orders-db --json',
  ];
  static override args = { resource: Args.string({ description: 'A machine, database or directory on record.', required: true }) };
  static override flags = { ...identityFlag };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Discover);
    this.useFlags(flags);
    const { resource, choices, manifests } = await discover({
      project: await this.openProject(),
      command: 'discover',
      identity: flags.identity,
      resource: args.resource,
      logins: [],
      takeOver: null,
      emit: this.emit,
      tell: (text) => this.tell(text),
    });
    if (!this.isJson) this.tell(formatChoices(resource, choices));
    if (this.isJson || manifests !== '')
      this.print({ resource, accounts: choicesToJson(choices), manifests, exit: 0 }, manifests.trimEnd());
  }
}
