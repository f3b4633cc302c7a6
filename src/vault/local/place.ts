import { randomUUID } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, linkSync, mkdirSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { VaultError } from '../vault-error.ts';

/** What SQLite may keep beside a file. */
const BESIDE = ['-wal', '-shm', '-journal'] as const;

/** What file systems without hard links answer (FAT, some network and container ones). */
const NO_LINKS: readonly unknown[] = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'];

/**
 * Lets `fill` write a file beside `path`, private and empty at first, and gives it its name once it is on the disk; `makeRoom` runs
 * right before that. A name that is taken is not overwritten (VaultError PAM5016). PAM5010 where the file system refuses.
 */
export async function placeFile(
  path: string,
  fill: (temporary: string) => void | Promise<void>,
  makeRoom: () => void = () => {},
): Promise<void> {
  const folder = dirname(resolve(path));
  const temporary = join(folder, `.${basename(path)}.${randomUUID()}.new`);
  const removeTemporary = () => {
    for (const suffix of ['', ...BESIDE]) rmSync(temporary + suffix, { force: true });
  };
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    try {
      closeSync(openSync(temporary, 'wx', 0o600));
      await fill(temporary);
      flush(temporary);
      makeRoom();
      refuseLog(path);
      takeName(temporary, path);
      flush(folder);
    } finally {
      removeTemporary();
    }
  } catch (cause) {
    if (cause instanceof VaultError) throw cause;
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    throw existsSync(path) ? alreadyThere(path) : new VaultError('PAM5010', `${path} could not be made (${code})`, { cause });
  }
}

/**
 * Moves a vault to a free name beside it, with its log where there is something in it, so that the next file of this name meets
 * nothing of it. Returns the new name; null when there is no vault.
 */
export function setAside(path: string, name: string): string | null {
  const target = freeName(`${path}.${name}`);
  const isThere = existsSync(path);
  const hasLog = isLogged(path);
  // The file first: it must never be found without the commits that its log holds.
  if (isThere) renameSync(path, target);
  for (const suffix of BESIDE.filter((one) => existsSync(path + one))) {
    if (hasLog) renameSync(path + suffix, target + suffix);
    else rmSync(path + suffix);
  }
  flush(dirname(resolve(path)));
  return isThere ? target : null;
}

export function alreadyThere(path: string): VaultError {
  return new VaultError('PAM5016', `there is a file at ${path} already`);
}

/** A log that an earlier file of this name left would be read into the new one. An empty one, which every closed vault leaves, is not. */
function refuseLog(path: string): void {
  if (existsSync(path) || !isLogged(path)) return;
  throw new VaultError('PAM5016', `there is no ${path}, yet its log ${path}-wal is there`, {
    hint: 'put the vault back to its log, or move the log away',
  });
}

function isLogged(path: string): boolean {
  return (statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0;
}

/**
 * A link fails where the name is taken, as a rename does not. Where there are no links the name is taken with an empty file first,
 * which the rename then replaces: a crash between the two leaves that empty file, which no command takes for a vault.
 */
function takeName(temporary: string, path: string): void {
  try {
    linkSync(temporary, path);
  } catch (error) {
    if (!NO_LINKS.includes((error as NodeJS.ErrnoException).code)) throw error;
    closeSync(openSync(path, 'wx', 0o600));
    renameSync(temporary, path);
  }
}

function freeName(wanted: string): string {
  for (let n = 1, name = wanted; ; n += 1, name = `${wanted}-${n}`) if (!existsSync(name) && !existsSync(`${name}-wal`)) return name;
}

function flush(path: string): void {
  const file = openSync(path, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
