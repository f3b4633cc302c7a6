import { Args } from '@oclif/core';
import { PamCommand } from '../src/cli/command.ts';
import { PamError } from '../src/errors/index.ts';
import { OTHER_SCHEMAS, OUTPUT_SCHEMAS, type SchemaName, schemaFor } from '../src/manifest/index.ts';
import { KINDS } from '../src/model/index.ts';
import { closest } from '../src/policy/index.ts';

const NAMES: readonly SchemaName[] = [...KINDS, 'Manifest', ...OTHER_SCHEMAS, ...OUTPUT_SCHEMAS];

export default class Schema extends PamCommand {
  static override summary = 'Print the JSON Schema of a manifest kind, of pam.yaml and the files that it names, or of what pam prints.';
  static override description =
    'Manifest is every kind in one, for an editor that speaks the YAML language server: name it in .vscode/settings.json under `yaml.schemas`, or in a first line `# yaml-language-server: $schema=PATH` of each document.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> PamUser',
    '<%= config.bin %> <%= command.id %> Manifest > manifest.schema.json',
    '<%= config.bin %> <%= command.id %> ProjectFile > pam.schema.json',
    '<%= config.bin %> <%= command.id %> Plan',
  ];
  static override args = { kind: Args.string({ description: `One of ${NAMES.join(', ')}. Without it they are listed.` }) };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Schema);
    this.useFlags(flags);
    if (args.kind === undefined) return this.print({ kinds: NAMES }, NAMES.join('\n'));
    const name = NAMES.find((n) => n === args.kind);
    if (name === undefined) {
      const guess = closest(args.kind, NAMES);
      throw new PamError('PAM9001', `${args.kind} is no kind`, {
        hint: guess === null ? `one of ${NAMES.join(', ')}` : `did you mean ${guess}?`,
      });
    }
    const schema = await schemaFor(name);
    if (this.isJsonl) this.print({ schema }, '');
    else this.log(JSON.stringify(schema, null, 2));
  }
}
