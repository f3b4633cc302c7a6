import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Flags } from '@oclif/core';
import { createTwoFilesPatch } from 'diff';
import { filesFlag, PamCommand } from '../src/cli/command.ts';
import { combineErrors, type PamError } from '../src/errors/index.ts';
import { formatManifest } from '../src/manifest/index.ts';
import { readManifests } from '../src/project/index.ts';

export default class Fmt extends PamCommand {
  static override summary = 'Lay the manifests out in the canonical way; comments are kept.';
  static override description =
    'Changes layout only: a file that could not be laid out without losing a comment or changing a value is left alone, with an error. With --check nothing is written, and files that would change exit with 2.';
  static override examples = ['<%= config.bin %> <%= command.id %>', '<%= config.bin %> <%= command.id %> --check'];
  static override flags = {
    ...filesFlag,
    check: Flags.boolean({ description: 'Write nothing; show the differences and exit with 2 when there are some.' }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Fmt);
    this.useFlags(flags);
    const project = await this.openProject(flags.file);
    const changed: string[] = [];
    const problems: PamError[] = [];
    const patches: string[] = [];
    for (const { path, text } of await readManifests(project)) {
      const result = formatManifest(path, text);
      if ('problems' in result) {
        problems.push(...result.problems);
        continue;
      }
      const before = Buffer.from(text).toString('utf8');
      if (before === result.text) continue;
      changed.push(path);
      if (flags.check) patches.push(createTwoFilesPatch(path, path, before, result.text, '', '', { context: 1 }));
      else await writeFile(resolve(project.root, path), result.text);
    }
    if (problems.length > 0) throw combineErrors(problems);
    if (flags.check && changed.length > 0) this.setExit(2);
    const text = flags.check
      ? [...patches, changed.length === 0 ? 'All files are laid out.' : `${changed.length} to lay out.`].join('\n')
      : changed.join('\n');
    this.print({ changed, exit: process.exitCode ?? 0 }, text === '' ? 'All files are laid out.' : text);
  }
}
