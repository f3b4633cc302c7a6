/** Bundles a TypeScript program of `test/` and runs it with Node 20, which does not read TypeScript itself. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const root = new URL('..', import.meta.url).pathname;

/** The exit status of the program, whose entry is a path such as `test/simulation/main.ts`. */
export async function runTestProgram(entry, args) {
  const folder = mkdtempSync(join(tmpdir(), 'pam-program-'));
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  try {
    await build({
      absWorkingDir: root,
      entryPoints: [entry],
      outfile: join(folder, 'main.mjs'),
      bundle: true,
      format: 'esm',
      platform: 'node',
      target: 'node20',
      packages: 'external',
      plugins: [ownAddress],
      logLevel: 'warning',
    });
    const child = spawn(process.execPath, [join(folder, 'main.mjs'), ...args], { stdio: 'inherit' });
    // What a terminal sends goes to both of us; this one may yet have to end servers.
    process.on('SIGINT', () => {});
    process.on('SIGTERM', () => child.kill('SIGTERM'));
    const [status] = await once(child, 'exit');
    return status ?? 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** In the bundle a file still finds what lies beside it in the tree. */
const ownAddress = {
  name: 'own-address',
  setup({ onLoad }) {
    onLoad({ filter: /\/(test|scripts)\/.*\.m?[jt]s$/ }, ({ path }) => {
      const text = readFileSync(path, 'utf8').replaceAll('import.meta.url', JSON.stringify(pathToFileURL(path).href));
      return { contents: text, loader: path.endsWith('.ts') ? 'ts' : 'js' };
    });
  },
};
