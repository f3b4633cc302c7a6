import { readFile } from 'node:fs/promises';
import { combineErrors, isPamError, PamError } from '../errors/index.ts';
import { loadSnapshotFile } from '../manifest/index.ts';
import { type Instant, type PublicSnapshot, sameOwner } from '../model/index.ts';
import { openSnapshot } from '../plan/index.ts';
import type { Project } from '../project/index.ts';

/** Reads what `pam snapshot` published of the vault of this project. PamError PAM9004, PAM2016, PAM2017, and what its schema refuses. */
export async function readSnapshotFile(project: Project, path: string): Promise<{ snapshot: PublicSnapshot; takenAt: Instant }> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw new PamError('PAM9004', `${path} cannot be read: ${(cause as NodeJS.ErrnoException).code ?? 'unknown error'}`, { cause });
  });
  const { file, problems, errorAt } = loadSnapshotFile(path, bytes);
  if (file === null) throw combineErrors(problems);
  const snapshot = fromSnapshotFile(path, () => openSnapshot(file));
  if (snapshot === null) throw errorAt('/digest', 'PAM2016', 'it was changed after it was made: its digest does not match its content');
  const { owner } = project;
  if (!sameOwner(file.owner, owner)) {
    const pointer = file.owner.project === owner.project ? '/owner/environment' : '/owner/project';
    throw errorAt(pointer, 'PAM2017', `it is of ${nameOf(file.owner)}, and this is ${nameOf(owner)}`, {
      hint: 'take it with the same --env, where the pam.yaml of this project is',
    });
  }
  const { lineage } = project.file.vault;
  if (lineage !== undefined && lineage !== file.lineage)
    throw errorAt('/lineage', 'PAM2017', 'it is of another vault than the one that pam.yaml names');
  return { snapshot, takenAt: file.takenAt };
}

/**
 * Computes something from a snapshot. Its schema cannot say what `fields` hold, and it may be forged: what nothing can be computed from
 * is told as a fault of the file. PamError PAM2016, and those of `compute`.
 */
export function fromSnapshotFile<T>(path: string, compute: () => T): T {
  try {
    return compute();
  } catch (cause) {
    if (isPamError(cause)) throw cause;
    throw new PamError('PAM2016', 'no plan can be made from the snapshot: something in its records is not as any manifest declares it', {
      hint: 'make it where the vault is, with: pam snapshot --out FILE',
      source: { file: path, line: 1, column: 1 },
      cause,
    });
  }
}

function nameOf({ project, environment }: Project['owner']): string {
  return `project ${project}, environment ${environment}`;
}
