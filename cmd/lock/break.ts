import { Args, Flags } from '@oclif/core';
import { askForYes, canAsk } from '../../src/cli/apply-run.ts';
import { identityFlag, PamCommand } from '../../src/cli/command.ts';
import { addressesOf, recordAt } from '../../src/cli/records.ts';
import { PamError } from '../../src/errors/index.ts';
import { openVault, type Project, refuseVolatileVault } from '../../src/project/index.ts';
import type { LeaseScope, Vault } from '../../src/vault/index.ts';

export default class LockBreak extends PamCommand {
  static override summary = 'End a lease that its holder does not release. Audited.';
  static override description =
    `The holder can write no more, even if it still runs: its next write fails, and what it had sent to a target is found by
recovery. Rarely needed: a lease runs out half a minute after its holder stopped, and one of a dead process on this host is free.`;
  static override examples = [
    '<%= config.bin %> <%= command.id %> project --yes',
    '<%= config.bin %> <%= command.id %> PamUser/orders-app',
  ];
  static override args = { scope: Args.string({ description: '`project`, or the address of an account.', required: true }) };
  static override flags = { ...identityFlag, yes: Flags.boolean({ description: 'Do not ask. Needed where there is no terminal.' }) };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(LockBreak);
    this.useFlags(flags);
    if (!flags.yes && !canAsk()) throw new PamError('PAM3003', 'lock break was not told to go on', { hint: 'add --yes' });
    const project = await this.openProject();
    refuseVolatileVault(project, process.env);
    await using vault = await openVault(project, flags.identity, process.env);
    const scope = await scopeOf(args.scope, project, vault);
    if (!flags.yes && !(await askForYes(`Break the lease of ${args.scope}?`))) {
      throw new PamError('PAM3003', 'not approved; nothing was changed');
    }
    const holder = await vault.breakLease(scope);
    const whose = holder === null ? '' : `${holder.user}@${holder.host}, process ${holder.pid} (${holder.command})`;
    this.print(
      { scope: args.scope, broken: holder !== null, holder },
      holder === null
        ? `Nobody holds the lease of ${args.scope}.`
        : `Broke the lease of ${args.scope}, held by ${whose}. Next: pam recover`,
    );
  }
}

async function scopeOf(text: string, project: Project, vault: Vault): Promise<LeaseScope> {
  const snapshot = await vault.authenticate();
  if (text === 'project') return { type: 'project', owner: project.owner };
  const [address] = addressesOf([text], 'PamUser');
  if (address === undefined) throw new PamError('PAM9001', `${text} is no address`);
  return { type: 'account', record: recordAt(snapshot, project.owner, address).id };
}
