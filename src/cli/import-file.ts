import { readFile, rm } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { writeManifests } from '../adopt/index.ts';
import { combineErrors, isPamError, PamError } from '../errors/index.ts';
import { convertProject, type Imported } from '../import/index.ts';
import { loadDesired, type Project } from '../project/index.ts';
import { refuseExisting, writeNew } from './write-result.ts';

export interface ImportRequest {
  readonly project: Project;
  readonly file: string;
  /** The file that the manifests are for, as the user gave it; null: stdout. */
  readonly out: string | null;
  /** The folder that files with the secrets are for, as the user gave it. */
  readonly secretsDir: string | null;
}

/** Converts a file into manifests that fit the project, and writes nothing. PamError that carries every problem. */
export async function readImport(request: ImportRequest): Promise<Imported & { readonly manifests: string }> {
  const { project, file, out, secretsDir } = request;
  const bytes = await readFile(file).catch((cause: unknown) => {
    throw new PamError('PAM9004', `${file} cannot be read: ${(cause as NodeJS.ErrnoException).code ?? 'unknown error'}`, { cause });
  });
  const there = (await loadDesired(project)).resources.map((r) => r.address);
  const secretsFolder = secretsDir === null ? null : relative(dirname(resolve(out ?? '.')), resolve(secretsDir)) || '.';
  const imported = convertProject(bytes, { file, taken: there, secretsFolder });
  if (imported.problems.length > 0) throw combineErrors(imported.problems);
  const manifests = writeManifests(imported.drafts);
  await checkDrafts(project, out, imported, manifests);
  return { ...imported, manifests };
}

/** What the manifests would be refused for is told at its place in the file that they come from. */
async function checkDrafts(project: Project, out: string | null, { drafts }: Imported, manifests: string): Promise<void> {
  const path = out === null ? '(new manifests)' : relative(project.root, resolve(out));
  try {
    await loadDesired(project, [{ path, text: Buffer.from(manifests) }]);
  } catch (error) {
    if (!isPamError(error)) throw error;
    const problems = [error, ...error.others].map((problem) => {
      const document = manifests
        .split('\n')
        .slice(0, problem.source?.line)
        .filter((line) => line === '---').length;
      const source = problem.source?.file === path ? drafts[document]?.source : problem.source;
      return new PamError(problem.code, problem.message, {
        ...(problem.hint === undefined ? {} : { hint: problem.hint }),
        ...(source === undefined ? {} : { source }),
      });
    });
    throw combineErrors(problems);
  }
}

/** Makes the manifests and, where they are asked for, the files with the secrets, which nobody else may read. */
export async function writeImport(request: ImportRequest & { readonly out: string }, imported: Imported, manifests: string): Promise<void> {
  const files = imported.secrets.flatMap(({ source, value }) =>
    'fromFile' in source ? [{ path: join(dirname(request.out), source.fromFile), value }] : [],
  );
  for (const { path } of files) await refuseExisting(path);
  const made: string[] = [];
  try {
    for (const { path, value } of files) {
      await writeNew(path, value.reveal(), 0o600);
      made.push(path);
    }
    // Last: a manifest that is there names sources that are there.
    await writeNew(request.out, manifests);
  } catch (error) {
    // Nobody would know of them, and they would be in the way of the next try.
    for (const path of made) await rm(path, { force: true }).catch(() => {});
    throw error;
  }
}
