import { Args, Flags } from '@oclif/core';
import { filesFlag, PamCommand } from '../src/cli/command.ts';
import { isManifest } from '../src/cli/discovery.ts';
import { type ImportRequest, readImport, writeImport } from '../src/cli/import-file.ts';
import { refuseExisting } from '../src/cli/write-result.ts';
import { PamError } from '../src/errors/index.ts';
import { errorsToJson, formatSecrets, secretsToJson } from '../src/report/index.ts';

export default class Import extends PamCommand {
  static override summary = "Convert another program's file into manifests.";
  static override description =
    `--from keeper-project reads the JSON of Keeper Commander's \`pam project import\` and \`pam project extend\`. Nothing in the manifests is
rotated at once, and no secret of the file gets into them: they name environment variables, or with --secrets-dir files, which are made with
mode 0600 for you to delete after the first apply. Whatever has no place in a manifest is told with its JSON path.`;
  static override examples = [
    '<%= config.bin %> <%= command.id %> --from keeper-project keeper.json > imported.yaml',
    '<%= config.bin %> <%= command.id %> --from keeper-project keeper.json --out review/keeper.yaml --secrets-dir .pam/imported',
  ];
  static override args = { file: Args.string({ description: 'The file to convert.', required: true }) };
  static override flags = {
    ...filesFlag,
    from: Flags.string({ description: 'What wrote the file.', options: ['keeper-project'], required: true }),
    out: Flags.string({ description: 'The file to make; stdout where it is left out.', helpValue: 'FILE' }),
    'secrets-dir': Flags.string({
      description: 'Write the secrets of the file into files in DIR. Keep it out of Git.',
      helpValue: 'DIR',
      dependsOn: ['out'],
    }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Import);
    this.useFlags(flags);
    const out = flags.out ?? null;
    if (out !== null) await refuseExisting(out);
    const project = await this.openProject(flags.file);
    const request: ImportRequest = { project, file: args.file, out, secretsDir: flags['secrets-dir'] ?? null };
    const imported = await readImport(request);
    const { drafts, secrets, warnings, manifests } = imported;
    if (drafts.length === 0) throw new PamError('PAM9022', `${args.file} declares nothing`);
    if (out !== null) await writeImport({ ...request, out }, imported, manifests);
    if (!this.isJson) {
      this.warnAll(warnings);
      if (secrets.length > 0) this.tell(formatSecrets(secrets));
    }
    const told = warnings.flatMap((warning) => errorsToJson(warning));
    const document = { manifests, secrets: secretsToJson(secrets), warnings: told, out, exit: 0 };
    const wrote = `Wrote ${drafts.length} manifests to ${out}. Next: pam plan`;
    this.print(document, out === null ? manifests.trimEnd() : wrote);
    if (out !== null && !(await isManifest(project, out)))
      this.tell(`warning: ${out} is not among the manifests of pam.yaml: no plan will see it`);
  }
}
