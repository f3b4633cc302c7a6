import { Args } from '@oclif/core';
import { PamCommand } from '../src/cli/command.ts';
import { PamError } from '../src/errors/index.ts';
import { schemaFor } from '../src/manifest/index.ts';
import { isKind, KINDS } from '../src/model/index.ts';
import { closest } from '../src/policy/index.ts';

const NAMES = [...KINDS, 'ProjectFile'] as const;

export default class Schema extends PamCommand {
  static override summary = 'Print the JSON Schema of a manifest kind, or of pam.yaml.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> PamUser',
    '<%= config.bin %> <%= command.id %> ProjectFile > pam.schema.json',
  ];
  static override args = { kind: Args.string({ description: `One of ${NAMES.join(', ')}. Without it they are listed.` }) };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Schema);
    this.useFlags(flags);
    if (args.kind === undefined) return this.print({ kinds: NAMES }, NAMES.join('\n'));
    if (!isKind(args.kind) && args.kind !== 'ProjectFile') {
      const guess = closest(args.kind, NAMES);
      throw new PamError('PAM9001', `${args.kind} is no kind`, {
        hint: guess === null ? `one of ${NAMES.join(', ')}` : `did you mean ${guess}?`,
      });
    }
    this.log(JSON.stringify(await schemaFor(args.kind), null, 2));
  }
}
