import { mkdir, open, readdir, readFile, rename, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { isPamError } from '../errors/index.ts';
import { RotationError } from './context.ts';
import type { JournalStorage } from './journal.ts';

const SUFFIX = '.journal';
/** A rotation id is a UUID; nothing else becomes a file name. */
const ID = /^[0-9a-f-]{36}$/;

/**
 * The journal as files in one folder (mode 0700), one file (0600) a rotation, named `ID.journal`.
 * `create` writes `ID.tmp`, flushes it, renames it, flushes the folder: after a crash an entry is there whole or not at all.
 * A left-over `.tmp` was never relied on and is swept by a later `create`.
 */
export function fileJournalStorage(folder: string): JournalStorage {
  const path = (name: string, suffix = SUFFIX) => {
    if (!ID.test(name)) throw new Error(`not a rotation id: ${name}`);
    return join(folder, name + suffix);
  };
  const guarded = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      if (isPamError(error)) throw error;
      throw new RotationError('PAM4010', `the journal in ${folder} could not be ${what}: ${errorName(error)}`, {
        hint: 'free space, or mend the permissions of the folder, and apply again',
        cause: error,
      });
    }
  };

  return {
    create: (name, bytes) =>
      guarded('written', async () => {
        await mkdir(folder, { recursive: true, mode: 0o700 });
        await sweep(folder);
        const temporary = path(name, '.tmp');
        await unlink(temporary).catch(ignoreMissing);
        try {
          await withFile(temporary, 'wx', async (file) => {
            await file.writeFile(bytes);
            await file.sync();
          });
          await refuseExisting(path(name));
          await rename(temporary, path(name));
        } catch (error) {
          await unlink(temporary).catch(() => {});
          throw error;
        }
        await flushFolder(folder);
      }),
    append: (name, bytes) =>
      guarded('written', () =>
        withFile(path(name), 'r+', async (file) => {
          // A torn note of an earlier run ends without a line feed: cut it off, or this note would be glued to it.
          const content = await file.readFile();
          const end = content.lastIndexOf(0x0a) + 1;
          if (end < content.length) await file.truncate(end);
          await writeAll(file, bytes, end);
          await file.datasync();
        }).catch((error: unknown) => {
          ignoreMissing(error);
          throw new RotationError('PAM5008', 'another run has finished this rotation and closed its journal entry', { phase: 'armed' });
        }),
      ),
    read: (name) => guarded('read', () => readFile(path(name)).catch(orIfMissing(null))),
    list: () =>
      guarded('read', async () => {
        const names = await readdir(folder).catch(orIfMissing<string[]>([]));
        return names
          .filter((n) => n.endsWith(SUFFIX) && ID.test(n.slice(0, -SUFFIX.length)))
          .map((n) => n.slice(0, -SUFFIX.length))
          .sort();
      }),
    remove: (name) =>
      guarded('written', async () => {
        await unlink(path(name)).catch(ignoreMissing);
        await flushFolder(folder);
      }),
    setAside: (name) =>
      guarded('written', async () => {
        await rename(path(name), path(name, '.damaged'));
        await flushFolder(folder);
      }),
  };
}

/** An entry is written in milliseconds: what is this old has nobody at work on it any more. */
const LEFT_OVER_MS = 60 * 60_000;

async function sweep(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!name.endsWith('.tmp')) continue;
    const info = await stat(join(folder, name)).catch(() => undefined);
    if (info !== undefined && info.mtimeMs < Date.now() - LEFT_OVER_MS) await unlink(join(folder, name)).catch(ignoreMissing);
  }
}

type File = Awaited<ReturnType<typeof open>>;

async function withFile<T>(path: string, flags: string, work: (file: File) => Promise<T>): Promise<T> {
  const file = await open(path, flags, 0o600);
  try {
    return await work(file);
  } finally {
    await file.close();
  }
}

async function writeAll(file: File, bytes: Uint8Array, at: number): Promise<void> {
  let written = 0;
  while (written < bytes.length) {
    const { bytesWritten } = await file.write(bytes, written, bytes.length - written, at + written);
    written += bytesWritten;
  }
}

async function refuseExisting(path: string): Promise<void> {
  try {
    const file = await open(path, 'r');
    await file.close();
  } catch (error) {
    ignoreMissing(error);
    return;
  }
  throw Object.assign(new Error('the entry exists'), { code: 'EEXIST' });
}

/** A rename is durable only once the folder is flushed (fsync(2), "calling fsync does not necessarily ensure …"). */
async function flushFolder(folder: string): Promise<void> {
  await withFile(folder, 'r', (file) => file.sync());
}

function ignoreMissing(error: unknown): void {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
}

function orIfMissing<T>(value: T): (error: unknown) => T {
  return (error) => {
    ignoreMissing(error);
    return value;
  };
}

/** `ENOSPC` and the like: says what is wrong and holds no path of a temporary file. */
function errorName(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? 'unknown error';
}
