import { Flags } from '@oclif/core';
import { PamCommand } from '../src/cli/command.ts';
import { PamError } from '../src/errors/index.ts';
import { compareText, isKind, kindOf, sameOwner, type VaultRecord } from '../src/model/index.ts';
import { nextRotation } from '../src/plan/index.ts';
import { openReader } from '../src/project/index.ts';
import { formatRecords, secretState } from '../src/report/index.ts';
import { lookupIn } from '../src/rotate/index.ts';

export default class List extends PamCommand {
  static override summary = 'List the records of the project and environment. Needs no key.';
  static override examples = ['<%= config.bin %> <%= command.id %>', '<%= config.bin %> <%= command.id %> --kind PamUser --json'];
  static override flags = { kind: Flags.string({ description: 'Only records of this kind.', helpValue: 'KIND' }) };

  async run(): Promise<void> {
    const { flags } = await this.parse(List);
    this.useFlags(flags);
    const { kind } = flags;
    if (kind !== undefined && !isKind(kind)) throw new PamError('PAM9001', `${kind} is no kind`, { hint: 'run: pam schema' });
    const project = await this.openProject();
    await using reader = await openReader(project);
    const snapshot = await reader.snapshot();
    const mine = snapshot.records
      .filter((r) => sameOwner(r.owner, project.owner) && (kind === undefined || kindOf(r.address) === kind))
      .sort((a, b) => compareText(a.address, b.address));
    const lookup = lookupIn(snapshot, project.owner);
    const next = (r: VaultRecord) => (r.status === 'managed' ? nextRotation(r, lookup) : null);
    const rows = mine.map((r) => ({
      address: r.address,
      status: r.status,
      secret: secretState(r),
      lastRotatedAt: r.rotation.lastRotatedAt ?? null,
      nextAt: next(r),
      revision: r.revision,
    }));
    this.print({ records: rows }, mine.length === 0 ? 'No records.' : formatRecords(mine, next));
  }
}
