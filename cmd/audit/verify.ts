import { identityFlag } from '../../src/cli/command.ts';
import { FindingsCommand } from '../../src/cli/findings-command.ts';
import { openReader, unlockIfAtHand } from '../../src/project/index.ts';
import { verifyAuditChain } from '../../src/vault/index.ts';

export default class AuditVerify extends FindingsCommand {
  static override summary = 'Check that no event of the audit trail was changed, removed or put in.';
  static override description =
    `Each event is chained to the one before by its hash, which needs no key to check, and carries a MAC, which is checked as well where
an identity is at hand. Only the MACs tell a trail that somebody has forged from its beginning. One that was cut off at its end looks
like a shorter one: keep the hash that is printed, and find it again with \`pam audit list\`. Exits with 6 at the first bad event.`;
  static override examples = ['<%= config.bin %> <%= command.id %>', '<%= config.bin %> <%= command.id %> --json'];
  static override flags = { ...identityFlag };

  async run(): Promise<void> {
    const { flags } = await this.parse(AuditVerify);
    this.useFlags(flags);
    await using reader = await openReader(await this.openProject());
    await using vault = await unlockIfAtHand(reader, flags.identity, process.env);
    const { events, hash } =
      vault === null ? await verifyAuditChain(reader.audit()) : await verifyAuditChain(vault.audit(), (event) => vault.isAuthentic(event));
    const checked = vault === null ? ['chain'] : ['chain', 'macs'];
    const what =
      vault === null ? 'the chain holds; the MACs were not checked, since no identity is at hand' : 'the chain and all MACs hold';
    const summary = `${events} events: ${what}.`;
    await this.report({ findings: [], document: { events, hash, checked }, text: () => `${summary}\nLast hash: ${hash ?? '-'}`, summary });
  }
}
