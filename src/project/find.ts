import { existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { glob } from 'tinyglobby';
import { PamError } from '../errors/index.ts';
import type { ManifestFile } from '../manifest/index.ts';

export const PROJECT_FILE = 'pam.yaml';
const DEFAULT_MANIFESTS = ['manifests/**/*.yaml', 'manifests/**/*.yml'];

/** Looks for pam.yaml in `start` and above it, as git looks for `.git`. PamError PAM9002 when there is none. */
export function findProjectFile(start: string): string {
  for (let folder = resolve(start); ; folder = dirname(folder)) {
    const path = join(folder, PROJECT_FILE);
    if (existsSync(path)) return path;
    if (dirname(folder) === folder) break;
  }
  throw new PamError('PAM9002', `no ${PROJECT_FILE} in ${start} or above it`, { hint: 'run: pam init' });
}

/**
 * The manifests of a project, sorted by path: those of `globs` (relative to `root`), or, where `-f` was given, those files and
 * folders. PamError PAM1037 for a path that does not exist or cannot be read.
 */
export async function readManifestFiles(
  root: string,
  globs: readonly string[] | undefined,
  given: readonly string[],
): Promise<readonly ManifestFile[]> {
  const paths = given.length > 0 ? (await Promise.all(given.map(filesAt))).flat() : await expand(root, globs ?? DEFAULT_MANIFESTS);
  const sorted = [...new Set(paths)].sort();
  return Promise.all(sorted.map(async (path) => ({ path: showPath(root, path), text: await readBytes(path) })));
}

/** The files of globs that pam.yaml has besides manifests, sorted by path. */
export async function readFiles(root: string, globs: readonly string[]): Promise<readonly ManifestFile[]> {
  const paths = await expand(root, globs);
  return Promise.all([...new Set(paths)].sort().map(async (path) => ({ path: showPath(root, path), text: await readBytes(path) })));
}

/** The folder of pam.yaml, or `start` itself where there is none: for places that are told when the project cannot be opened. */
export function projectFolder(start: string): string {
  try {
    return dirname(findProjectFile(start));
  } catch {
    return resolve(start);
  }
}

async function expand(root: string, patterns: readonly string[]): Promise<string[]> {
  const found = await glob([...patterns], {
    cwd: root,
    absolute: true,
    onlyFiles: true,
    ignore: ['**/node_modules/**', '**/.pam/**'],
    expandDirectories: false,
  });
  return found;
}

async function filesAt(path: string): Promise<string[]> {
  const absolute = resolve(path);
  const info = await stat(absolute).catch((cause: unknown) => {
    throw unreadable(path, cause);
  });
  return info.isDirectory() ? expand(absolute, ['**/*.yaml', '**/*.yml']) : [absolute];
}

async function readBytes(path: string): Promise<Uint8Array> {
  return readFile(path).catch((cause: unknown) => {
    throw unreadable(path, cause);
  });
}

function unreadable(path: string, cause: unknown): PamError {
  return new PamError('PAM9004', `${path} cannot be read: ${(cause as NodeJS.ErrnoException).code ?? 'unknown error'}`, { cause });
}

/** As the user is to see it: relative to the project, `/` between parts, so that a plan names no place of one machine. */
export function showPath(root: string, path: string): string {
  return relative(root, path).replaceAll('\\', '/');
}
