import { Flags } from '@oclif/core';
import { PamCommand } from '../src/cli/command.ts';
import { writeResult } from '../src/cli/write-result.ts';
import { publishSnapshot } from '../src/plan/index.ts';
import { openReader } from '../src/project/index.ts';

export default class Snapshot extends PamCommand {
  static override summary = 'Write what a plan reads of the vault into a file, for `pam plan --snapshot`. Needs no key.';
  static override description =
    `With the file a plan can be made where the vault cannot be reached, such as for a pull request from a fork. It has the same digest as
one made from the vault at that moment, so that \`pam apply --approve DIGEST\` carries it out. The file holds no secret, sealed ones
neither: of the records of this project and environment it has what a plan can show, and ids and times that a plan is computed from.`;
  static override examples = [
    '<%= config.bin %> <%= command.id %> --out snapshot.json',
    '<%= config.bin %> <%= command.id %> --env prod --out snapshot-prod.json',
  ];
  static override flags = {
    out: Flags.string({ description: 'Where to; - is stdout. A file is replaced as a whole.', helpValue: 'FILE', required: true }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Snapshot);
    this.useFlags(flags);
    const project = await this.openProject();
    await using reader = await openReader(project);
    const file = publishSnapshot(await reader.snapshot(), project.owner, new Date().toISOString());
    const text = JSON.stringify(file, null, 2);
    if (flags.out === '-') return this.print(file, text);
    await writeResult(flags.out, `${text}\n`);
    const { lineage, serial, takenAt, digest, records } = file;
    this.print(
      { file: flags.out, lineage, serial, takenAt, records: records.length, digest },
      `Wrote what a plan reads of ${records.length} records (serial ${serial}) to ${flags.out}.`,
    );
  }
}
