import { Flags } from '@oclif/core';
import { PamCommand } from '../../src/cli/command.ts';
import { addressesOf } from '../../src/cli/records.ts';
import { openReader } from '../../src/project/index.ts';
import { formatTable } from '../../src/report/index.ts';
import type { AuditEvent } from '../../src/vault/index.ts';

export default class AuditList extends PamCommand {
  static override summary = 'List events of the audit trail, newest first. Needs no key.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --address PamUser/orders-app --limit 100 --json',
  ];
  static override flags = {
    address: Flags.string({ description: 'Only events of this record.', helpValue: 'ADDRESS' }),
    limit: Flags.integer({ description: 'How many events, newest first.', default: 20, min: 1, max: 100_000 }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(AuditList);
    this.useFlags(flags);
    const [address] = addressesOf(flags.address === undefined ? [] : [flags.address], 'PamUser');
    await using reader = await openReader(await this.openProject());
    const events: AuditEvent[] = [];
    for await (const event of reader.audit()) {
      if (address !== undefined && event.address !== address) continue;
      events.push(event);
      if (events.length > flags.limit) events.shift();
    }
    events.reverse();
    const rows = events.map((e) => [String(e.sequence), e.at, e.actor, e.action, e.address ?? '-', detailText(e)]);
    this.print({ events }, events.length === 0 ? 'No events.' : formatTable(['EVENT', 'AT', 'BY', 'ACTION', 'ADDRESS', 'DETAIL'], rows));
  }
}

function detailText({ detail = {} }: AuditEvent): string {
  return Object.entries(detail)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ');
}
