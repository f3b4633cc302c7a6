import { resolve } from 'node:path';
import { Args } from '@oclif/core';
import { PamCommand } from '../../src/cli/command.ts';
import { backupVault } from '../../src/project/index.ts';

export default class VaultBackup extends PamCommand {
  static override summary = 'Copy the vault into a new file, while others work with it. Needs no key.';
  static override description =
    `The copy is the vault as it was at one moment: records, encrypted secrets with their earlier versions, audit trail, runs. Every
identity that opens the vault opens the copy. It does not hold the journal, pam.yaml, manifests or identities. A secret that is
rotated after the copy was made is not in it: make one after each apply.`;
  static override examples = ['<%= config.bin %> <%= command.id %> /mnt/backup/vault-$(date +%F).db'];
  static override args = { file: Args.string({ description: 'Where to; never overwritten.', required: true }) };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(VaultBackup);
    this.useFlags(flags);
    const project = await this.openProject();
    const backup = await backupVault(project, resolve(this.folder, args.file));
    this.print(
      { file: args.file, ...backup },
      `Copied ${backup.records} records (serial ${backup.serial}, ${backup.bytes} bytes) to ${args.file}.`,
    );
  }
}
