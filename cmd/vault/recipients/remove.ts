import { Args, Flags } from '@oclif/core';
import { identityFlag, PamCommand } from '../../../src/cli/command.ts';
import { PamError } from '../../../src/errors/index.ts';
import { listJournal, openReader, openVault, ownRecipients, type Project, refuseVolatileVault } from '../../../src/project/index.ts';

export default class VaultRecipientsRemove extends PamCommand {
  static override summary = 'Take an identity out of the vault, and give the vault a new key.';
  static override description =
    `Encrypts every secret anew, so that the removed identity opens nothing in the vault any more, also with the old key at hand. Runs
that work on the vault meanwhile fail at their next write and can be run again. What the identity could read before it may have
kept, and backups made before still open for it: rotate what it knew, and destroy those backups.`;
  static override examples = ['<%= config.bin %> <%= command.id %> age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p'];
  static override args = { recipient: Args.string({ description: 'As `pam vault recipients list` shows it.', required: true }) };
  static override flags = {
    ...identityFlag,
    own: Flags.boolean({ description: 'Also if it is the identity that this command works with, which then opens the vault no more.' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(VaultRecipientsRemove);
    this.useFlags(flags);
    const { recipient } = args;
    const project = await this.openProject();
    refuseVolatileVault(project, process.env);
    if (!flags.own && (await ownRecipients(flags.identity, process.env)).includes(recipient)) {
      throw new PamError('PAM5019', `${recipient} is your own`, { hint: 'add --own; the vault then opens for the others only' });
    }
    await refuseJournal(project);
    const { erased } = await removeFrom(project, flags.identity, recipient);
    const left = await listJournal(project);
    if (left.length > 0)
      this.tell(`${left.length} rotations began meanwhile; their journal entries still open for ${recipient}. Run: pam recover`);
    if (!erased)
      this.tell('somebody else is reading the vault: pieces of the old ciphertext stay in its files until the next command after that');
    await using reader = await openReader(project);
    const recipients = await reader.recipients();
    this.print(
      { removed: recipient, recipients, erased, journal: left },
      [
        `Removed ${recipient}. The vault has a new key and ${recipients.length} recipients.`,
        'What that identity could read it may have kept: rotate those accounts (pam rotate), and destroy older backups.',
      ].join('\n'),
    );
  }
}

async function removeFrom(project: Project, identity: string | undefined, recipient: string): Promise<{ readonly erased: boolean }> {
  await using vault = await openVault(project, identity, process.env);
  await vault.authenticate();
  return await vault.removeRecipient(recipient);
}

/** An entry is sealed to whoever was a recipient when its rotation began. */
async function refuseJournal(project: Project): Promise<void> {
  const entries = await listJournal(project);
  if (entries.length === 0) return;
  throw new PamError(
    'PAM5019',
    `the journal holds ${entries.length === 1 ? 'an unfinished rotation' : `${entries.length} unfinished rotations`}`,
    {
      hint: 'run: pam recover',
    },
  );
}
