import { Args } from '@oclif/core';
import { PamCommand } from '../src/cli/command.ts';
import { CODES, codeInfo, isCode, PamError } from '../src/errors/index.ts';
import { closest } from '../src/policy/index.ts';

export default class Explain extends PamCommand {
  static override summary = 'Tell more about an error code.';
  static override examples = ['<%= config.bin %> <%= command.id %> PAM1042', '<%= config.bin %> <%= command.id %> --json PAM5006'];
  static override args = { code: Args.string({ description: 'Such as PAM1042. Without it all codes are listed.' }) };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Explain);
    this.useFlags(flags);
    if (args.code === undefined) {
      const all = Object.entries(CODES).map(([code, { title, exit }]) => ({ code, title, exit }));
      return this.print({ codes: all }, all.map(({ code, title }) => `${code}  ${title}`).join('\n'));
    }
    const code = args.code.toUpperCase();
    if (!isCode(code)) {
      const guess = closest(code, Object.keys(CODES));
      throw new PamError('PAM9001', `${args.code} is no error code`, {
        hint: guess === null ? 'run: pam explain' : `did you mean ${guess}?`,
      });
    }
    const { title, exit, explanation } = codeInfo(code);
    this.print({ code, title, exit, explanation }, `${code}: ${title} (exit code ${exit})\n\n${explanation}`);
  }
}
