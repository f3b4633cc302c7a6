import { relative } from 'node:path';
import { Args, Flags } from '@oclif/core';
import { PamCommand } from '../src/cli/command.ts';
import { initProject } from '../src/project/index.ts';

export default class Init extends PamCommand {
  static override summary = 'Make a project: pam.yaml, a first manifest, an encrypted vault and the identity that opens it.';
  static override description =
    `Nothing is ever overwritten. The identity is kept below your home folder and reused for the next project. Without --recovery a
recovery identity is made too, in a file of its own: move it offline, it opens the vault when every other identity is lost.`;
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> accounts --recovery age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p',
  ];
  static override args = { dir: Args.string({ description: 'The folder of the project; made if it is not there.', default: '.' }) };
  static override flags = {
    recovery: Flags.string({ description: 'An age recipient (age1…) whose identity is kept offline.', helpValue: 'RECIPIENT' }),
    durable: Flags.boolean({
      description: 'The project lies on storage that outlives the runner (vault.durable in pam.yaml); CI jobs need it.',
    }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Init);
    this.useFlags(flags);
    const folder = this.values.chdir === undefined ? args.dir : `${this.values.chdir}/${args.dir}`;
    const result = await initProject({
      folder,
      env: process.env,
      durable: flags.durable,
      ...(flags.recovery === undefined ? {} : { recovery: flags.recovery }),
    });
    const here = relative(process.cwd(), result.root) || '.';
    const lines = [
      `Made a project in ${here}: ${result.created.join(', ')}.`,
      `${result.identityMade ? 'Your identity is' : 'Opens with your identity'} ${result.identityFile}: keep a copy where you keep your SSH keys; CI gets it as PAM_IDENTITY.`,
      ...(result.recoveryFile === undefined
        ? []
        : [`The recovery identity is ${result.recoveryFile}: move it offline now; it opens the vault when all else is lost.`]),
      `Next: edit ${here === '.' ? '' : `${here}/`}manifests/example.yaml, then run: pam plan`,
    ];
    this.print(
      {
        root: here,
        created: result.created,
        identityFile: result.identityFile,
        identityMade: result.identityMade,
        recoveryFile: result.recoveryFile ?? null,
        lineage: result.lineage,
      },
      lines.join('\n'),
    );
  }
}
