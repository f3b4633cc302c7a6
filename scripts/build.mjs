/**
 * Builds `dist/`: one ES module an entry (each command, the executable, the library) with shared chunks, so that a command loads
 * what it needs and oclif only once; then the manifest that lets oclif find a command without loading the others.
 * Drivers and the storage engine stay outside: they are loaded when they are used. `--fast` leaves out the type declarations.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { build } from 'esbuild';

const fast = process.argv.includes('--fast');
process.chdir(new URL('..', import.meta.url).pathname);
run('node', ['scripts/generate.mjs']);
// Old chunks stay in a fast build: a command that is running may still load one of them.
if (!fast) rmSync('dist', { recursive: true, force: true });

const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8'));
const bundled = ['@oclif/core', 'yaml', 'cron-parser', 'diff', 'picocolors', 'cli-table3', 'tinyglobby'];
const commands = readdirSync('cmd', { recursive: true }).filter((file) => file.endsWith('.ts'));
await build({
  entryPoints: [
    { in: 'src/cli/main.ts', out: 'pam' },
    { in: 'src/index.ts', out: 'index' },
    ...commands.map((file) => ({ in: `cmd/${file}`, out: `cmd/${file.slice(0, -3)}` })),
  ],
  outdir: 'dist',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  chunkNames: 'chunks/[name]-[hash]',
  // TypeScript: oclif asks for it only where a project is run from its sources, and it is ten megabytes.
  external: [...Object.keys(dependencies).filter((name) => !bundled.includes(name)), 'typescript'],
  banner: {
    // What CommonJS packages inside the bundle expect to find.
    js: "import { createRequire as __createRequire } from 'node:module'; import { fileURLToPath as __toPath } from 'node:url'; const require = __createRequire(import.meta.url); const __filename = __toPath(import.meta.url); const __dirname = __toPath(new URL('.', import.meta.url));",
  },
  logLevel: 'warning',
});
prependShebang('dist/pam.js');
run('node', ['node_modules/oclif/bin/run.js', 'manifest'], { NODE_ENV: 'production', NO_COLOR: '1' });
if (!fast) run('node', ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json']);

function prependShebang(file) {
  writeFileSync(file, `#!/usr/bin/env node\n${readFileSync(file, 'utf8')}`);
  chmodSync(file, 0o755);
}

/** Quiet while it goes well. */
function run(command, args, env = {}) {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', env: { ...process.env, ...env } });
  if (status === 0) return;
  process.stderr.write(stdout + stderr);
  process.exit(1);
}
