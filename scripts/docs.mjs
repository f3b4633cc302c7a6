/** Makes `docs/errors.md` from the table of codes. `--check` exits with 1 when it is stale. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { build } from 'esbuild';

process.chdir(new URL('..', import.meta.url).pathname);
const bundle = await build({
  entryPoints: ['src/errors/index.ts'],
  bundle: true,
  write: false,
  format: 'esm',
  platform: 'node',
  logLevel: 'error',
});
const { CODES } = await import(`data:text/javascript;base64,${Buffer.from(bundle.outputFiles[0].text).toString('base64')}`);

const GROUPS = { 1: 'Manifests and the project file', 2: 'Plans', 3: 'Apply', 4: 'Rotation', 5: 'The vault', 6: 'Targets', 9: 'Usage' };
const lines = ['# Error codes', '', 'Made from `src/errors/` by `node scripts/docs.mjs`. `pam explain CODE` tells the same.'];
let group;
for (const [code, { title, exit, explanation }] of Object.entries(CODES).sort(([a], [b]) => (a < b ? -1 : 1))) {
  if (code[3] !== group) {
    group = code[3];
    lines.push('', `## PAM${group}xxx: ${GROUPS[group]}`);
  }
  lines.push('', `### ${code}: ${title}`, '', `Exit code ${exit}. ${explanation}`);
}
const text = `${lines.join('\n')}\n`;
const path = 'docs/errors.md';
const old = (() => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
})();
if (process.argv.includes('--check')) {
  if (old !== text) {
    console.error(`${path} is stale: run node scripts/docs.mjs`);
    process.exitCode = 1;
  }
} else {
  mkdirSync('docs', { recursive: true });
  writeFileSync(path, text);
}
