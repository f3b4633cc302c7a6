import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Flags } from '@oclif/core';
import { createTwoFilesPatch } from 'diff';
import { filesFlag } from '../src/cli/command.ts';
import { FindingsCommand } from '../src/cli/findings-command.ts';
import { combineErrors, type PamError } from '../src/errors/index.ts';
import { formatManifest } from '../src/manifest/index.ts';
import { readManifests } from '../src/project/index.ts';
import { layoutFindings } from '../src/report/index.ts';

export default class Fmt extends FindingsCommand {
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
    const changed: { readonly path: string; readonly line: number }[] = [];
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
      changed.push({ path, line: firstDifference(before, result.text) });
      if (flags.check) patches.push(createTwoFilesPatch(path, path, before, result.text, '', '', { context: 1 }));
      else await writeFile(resolve(project.root, path), result.text);
    }
    if (problems.length > 0) throw combineErrors(problems);
    if (flags.check && changed.length > 0) this.setExit(2);
    const paths = changed.map((c) => c.path);
    const allLaidOut = 'All files are laid out.';
    const summary = changed.length === 0 ? allLaidOut : `${changed.length} ${flags.check ? 'to lay out' : 'laid out'}.`;
    const lines = flags.check ? [...patches, summary] : changed.length === 0 ? [allLaidOut] : paths;
    await this.report({
      findings: flags.check ? layoutFindings(changed) : [],
      document: { changed: paths, exit: process.exitCode ?? 0 },
      text: () => lines.join('\n'),
      summary,
    });
  }
}

/** The line, from 1, where two texts part. */
function firstDifference(before: string, after: string): number {
  const [a, b] = [before.split('\n'), after.split('\n')];
  return a.findIndex((line, i) => line !== b[i]) + 1 || a.length;
}
