import { test } from 'vitest';
import { load } from './load.ts';
const N = Number(process.env['N'] ?? 500_000);
const cases: Record<string, string> = {
  word: 'a'.repeat(N), spaces: 'a:' + ' '.repeat(N) + 'x: @', keys: Array.from({ length: N / 10 }, (_, i) => `k${i}: 1`).join('\n'), dup: 'a: 1\n'.repeat(N / 5),
  colons: 'a: '.repeat(N / 3), quotes: '"'.repeat(N), quoted: `a: "${'x\n '.repeat(N / 3)}`, flow: `[${'a,'.repeat(N / 2)}`, flowmap: `{${'a: b,'.repeat(N / 5)}`, anchors: '&a '.repeat(N / 3),
  anch2: Array.from({ length: N / 20 }, (_, i) => `- &a${i} x`).join('\n') + '\n- *a1', tags: '!a '.repeat(N / 3), comments: '#\n'.repeat(N / 2), block: 'a: |\n' + '  x\n'.repeat(N / 4), dashes: '-\n'.repeat(N / 2), ends: '...\n'.repeat(N / 4),
  starts: '---\n'.repeat(N / 4), dirs: '%YAML 1.2\n'.repeat(N / 10), plain: 'a:\n' + '  word\n'.repeat(N / 7), tabs: '\t'.repeat(N), nl: 'a:\n' + '\n'.repeat(N) + ' b', labels: `apiVersion: pam/v1\nkind: PamUser\nmetadata: { name: a }\nspec: { login: "${'x'.repeat(N)}", resource: ${'y'.repeat(N)}, consumers: [${'1,'.repeat(N / 10)}] }`,
  host: `apiVersion: pam/v1\nkind: PamMachine\nmetadata: { name: a }\nspec: { configuration: ${'a.'.repeat(N / 2)}!, host: ${'a.'.repeat(N / 2)}, knownHosts: "${'a ssh-'.repeat(N / 6)}" }`,
};
for (const [name, text] of Object.entries(cases)) test(name, () => { const t = performance.now(); const r = load(text); console.log(name, Math.round(performance.now() - t), 'ms', r.problems.length, [...new Set(r.problems.map((p) => p.code))].join()); }, 120000);
