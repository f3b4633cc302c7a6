import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Scene } from './scene.ts';

const run = promisify(execFile);
const ROOT = new URL('../..', import.meta.url).pathname;

/** Edits the vault file as somebody without its key would; in another process, since ours must not touch its locks. */
export async function editVault(scene: Scene, sql: string, ...values: readonly string[]): Promise<void> {
  const script = `
    const Database = require('libsql');
    const [path, sql, ...values] = process.argv.slice(1);
    new Database(path).prepare(sql).run(values);`;
  await run(process.execPath, ['-e', script, scene.project.vaultFile, sql, ...values], { cwd: ROOT });
}
