import { randomUUID } from 'node:crypto';
import { lstat, mkdir, open, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { PamError } from '../errors/index.ts';

/** Writes a result where a flag says, as a whole or not at all: a reader never meets half of it. PamError PAM9004. */
export async function writeResult(path: string, text: string): Promise<void> {
  try {
    const target = await realpath(path).catch(() => path);
    const isDevice = await stat(target).then(
      (info) => !info.isFile() && !info.isDirectory(),
      () => false,
    );
    // A pipe or a terminal cannot be replaced.
    if (isDevice) await writeFile(target, text);
    else await replaceFile(target, text);
  } catch (cause) {
    throw unwritable(path, cause);
  }
}

/** Makes a file that is not there yet. PamError PAM9020 where it is, PAM9004 where it cannot be written. */
export async function writeNew(path: string, text: string, mode = 0o666): Promise<void> {
  await mkdir(dirname(path), { recursive: true }).catch((cause: unknown) => {
    throw unwritable(path, cause);
  });
  try {
    const file = await open(path, 'wx', mode);
    try {
      await file.writeFile(text);
      await file.sync();
    } catch (error) {
      // Half of it could pass for the whole: manifests are documents in a row.
      await rm(path, { force: true }).catch(() => {});
      throw error;
    } finally {
      await file.close();
    }
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') throw alreadyThere(path);
    throw unwritable(path, cause);
  }
}

/** Before work is done whose result could not be written then. PamError PAM9020. */
export async function refuseExisting(path: string): Promise<void> {
  const isThere = await lstat(path).then(
    () => true,
    () => false,
  );
  if (isThere) throw alreadyThere(path);
}

function alreadyThere(path: string): PamError {
  return new PamError('PAM9020', `${path} is there already`, { hint: 'give another name, or remove it; nothing is written over' });
}

async function replaceFile(path: string, text: string): Promise<void> {
  const temporary = `${path}.${randomUUID().slice(0, 8)}.tmp`;
  try {
    const file = await open(temporary, 'wx', 0o666);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw error;
  }
}

export function unwritable(path: string, cause: unknown): PamError {
  return new PamError('PAM9004', `${path} cannot be written: ${(cause as NodeJS.ErrnoException).code ?? 'unknown error'}`, { cause });
}
