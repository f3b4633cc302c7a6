import { Args } from '@oclif/core';
import { PamCommand } from '../src/cli/command.ts';
import { completionScript, SHELLS, type Shell } from '../src/cli/completion.ts';
import { CODES } from '../src/errors/index.ts';
import { KINDS } from '../src/model/index.ts';

export default class Completion extends PamCommand {
  static override summary = 'Print the completion script of a shell.';
  static override examples = [
    'source <(<%= config.bin %> <%= command.id %> bash)',
    '<%= config.bin %> <%= command.id %> zsh > ~/.zsh/completions/_pam',
  ];
  static override args = { shell: Args.string({ description: 'bash or zsh.', required: true, options: [...SHELLS] }) };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Completion);
    this.useFlags(flags);
    const fixed = { schema: [...KINDS, 'ProjectFile'], explain: Object.keys(CODES), completion: SHELLS };
    this.log(completionScript(this.config, args.shell as Shell, fixed).trimEnd());
  }
}
