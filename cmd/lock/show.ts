import { PamCommand } from '../../src/cli/command.ts';
import { openReader } from '../../src/project/index.ts';
import { formatTable } from '../../src/report/index.ts';

export default class LockShow extends PamCommand {
  static override summary = 'Show who works on the vault now: the leases that are held. Needs no key.';
  static override description =
    'A lease runs out half a minute after its holder stopped renewing it. One of a process that died on this host is free at once, and is not shown.';
  static override examples = ['<%= config.bin %> <%= command.id %>', '<%= config.bin %> <%= command.id %> --json'];

  async run(): Promise<void> {
    const { flags } = await this.parse(LockShow);
    this.useFlags(flags);
    await using reader = await openReader(await this.openProject());
    const addresses = new Map((await reader.snapshot()).records.map((r) => [r.id, r.address]));
    const leases = (await reader.heldLeases()).map(({ scope, ...lease }) => ({
      ...(scope.type === 'project'
        ? { type: scope.type, ...scope.owner }
        : { type: scope.type, record: scope.record, address: addresses.get(scope.record) ?? null }),
      ...lease,
    }));
    const rows = leases.map(({ holder, expiresAt, ...scope }) => [
      scope.type === 'project' ? `project ${scope.project}/${scope.environment}` : (scope.address ?? `record ${scope.record}`),
      `${holder.user}@${holder.host}`,
      String(holder.pid),
      holder.command,
      holder.since,
      expiresAt,
      holder.url ?? '',
    ]);
    const head = ['SCOPE', 'HELD BY', 'PROCESS', 'COMMAND', 'SINCE', 'EXPIRES', 'JOB'];
    this.print({ leases }, leases.length === 0 ? 'No lease is held.' : formatTable(head, rows));
  }
}
