import { writeFile } from 'node:fs/promises';
import { PamError } from '../errors/index.ts';

/** Writes a result where a flag says. PamError PAM9004. */
export async function writeResult(path: string, text: string): Promise<void> {
  await writeFile(path, text).catch((cause: unknown) => {
    throw new PamError('PAM9004', `${path} cannot be written: ${(cause as NodeJS.ErrnoException).code ?? 'unknown error'}`, { cause });
  });
}
