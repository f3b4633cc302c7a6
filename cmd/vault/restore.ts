import { relative, resolve } from 'node:path';
import { Args, Flags } from '@oclif/core';
import { identityFlag, PamCommand } from '../../src/cli/command.ts';
import { refuseVolatileVault, restoreVault } from '../../src/project/index.ts';
import { formatTable } from '../../src/report/index.ts';

const NEXT = ['pam recover --from-journal', 'pam verify'];

export default class VaultRestore extends PamCommand {
  static override summary = 'Make a backup the vault of the project.';
  static override description =
    `Checks the backup first: that it is whole, belongs to this project (its lineage stands in pam.yaml), opens with your identity, and
that nobody without the key has changed a record. A vault that is there is an error; with --replace it is kept beside under another
name. What was rotated after the backup is older in it than on its target: the commands that come next find and repair it.`;
  static override examples = [
    '<%= config.bin %> <%= command.id %> /mnt/backup/vault-2026-03-01.db',
    '<%= config.bin %> <%= command.id %> /mnt/backup/vault-2026-03-01.db --replace --identity recovery.txt',
  ];
  static override args = { file: Args.string({ description: 'What `pam vault backup` made.', required: true }) };
  static override flags = {
    ...identityFlag,
    replace: Flags.boolean({ description: 'Also if a vault is there, which is kept as `….replaced-TIME`.' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(VaultRestore);
    this.useFlags(flags);
    const project = await this.openProject();
    refuseVolatileVault(project, process.env);
    const file = resolve(this.folder, args.file);
    const restored = await restoreVault(project, file, { identityFile: flags.identity, env: process.env, replace: flags.replace });
    const { records, lastEventAt, recipients, damaged, auditProblem } = restored;
    const replaced = restored.replaced === null ? null : relative(process.cwd(), restored.replaced);
    if (auditProblem !== null) this.tell(`the audit trail is not whole: ${auditProblem}`);
    for (const { record, field, version } of damaged) this.tell(`${field} of record ${record}, version ${version}, does not decrypt`);
    if (damaged.length > 0) this.setExit(7);
    this.print(
      { file: args.file, ...restored, replaced, next: NEXT },
      [
        `Restored ${records} records from ${args.file}, as they were at ${lastEventAt ?? 'an unknown time'}.`,
        ...(replaced === null ? [] : [`The vault that was here is now ${replaced}.`]),
        'It opens for these recipients; one that was removed since is back:',
        formatTable(
          ['RECIPIENT', 'ROLE', 'SINCE', 'LABEL'],
          recipients.map((one) => [one.recipient, one.role, one.since, one.label ?? '']),
        ),
        `Next: ${NEXT.join(', then ')}`,
      ].join('\n'),
    );
  }
}
