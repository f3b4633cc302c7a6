import { execFileSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const root = new URL('..', import.meta.url).pathname;
const SOURCES = ['src', 'cmd', 'scripts', 'package.json', 'tsconfig.json'];

/** Makes `dist/pam.js` once before all tests, unless it is newer than everything that it is made from. */
export function setup(): void {
  const built = statSync(join(root, 'dist/pam.js'), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (SOURCES.every((source) => newest(join(root, source)) < built)) return;
  execFileSync(process.execPath, ['scripts/build.mjs', '--fast'], { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
}

function newest(path: string): number {
  const info = statSync(path);
  if (!info.isDirectory()) return info.mtimeMs;
  return Math.max(info.mtimeMs, ...readdirSync(path).map((name) => newest(join(path, name))));
}
