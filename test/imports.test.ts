import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { expect, test } from 'vitest';

/** The rooms in the order of the pipeline: a room imports from its left, never from its right. */
const PIPELINE = ['policy', 'manifest', 'graph', 'plan', 'rules', 'rotate', 'adopt', 'import', 'apply', 'project', 'cli'];
/** What lies under all of them. */
const FLOOR = ['model', 'errors'];
/** The interfaces, and what all vaults or all providers share, are floor too; the folders below them are concrete. */
const SHARED = ['vault', 'providers'];
const PURE = ['model', 'policy', 'plan', 'graph', 'rules', 'adopt', 'import'];
const IMPURE = /^node:(fs|fs\/promises|net|tls|child_process|http|https|dgram|worker_threads)$/;

interface Import {
  readonly file: string;
  readonly from: string;
  readonly typeOnly: boolean;
  readonly lazy: boolean;
}

const root = new URL('..', import.meta.url).pathname;
const files = ['src', 'cmd'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((f) => f.endsWith('.ts') && !f.endsWith('.d.ts'))
    .map((f) => join(folder, f)),
);
const imports: readonly Import[] = files.flatMap((file) => {
  const text = readFileSync(join(root, file), 'utf8');
  const found = [...text.matchAll(/^(?:import|export)\s+(type\s)?[^;'"]*?from\s+['"]([^'"]+)['"]/gms)].map((m) => ({
    from: m[2] ?? '',
    typeOnly: m[1] !== undefined,
    lazy: false,
  }));
  const lazy = [...text.matchAll(/\bimport\(\s*['"]([^'"]+)['"]\s*\)/g)].map((m) => ({ from: m[1] ?? '', typeOnly: false, lazy: true }));
  return [...found, ...lazy].map((i) => ({ ...i, file, from: i.from.startsWith('.') ? normalize(join(dirname(file), i.from)) : i.from }));
});

/** `src/vault/local/open.ts` → `vault/local`; `src/vault/keys.ts` → `vault`. */
function roomOf(path: string): string {
  const parts = relative('src', dirname(path)).split('/');
  return path.startsWith('src/') ? parts.join('/') : 'cmd';
}

function breaches(rule: (i: Import, room: string, target: string) => boolean): readonly string[] {
  return imports
    .filter((i) => i.from.startsWith('src/') || i.from.startsWith('node:'))
    .filter((i) => rule(i, roomOf(i.file), i.from.startsWith('src/') ? roomOf(i.from) : i.from))
    .map((i) => `${i.file} imports ${i.from}`);
}

test('there are imports to check', () => {
  expect(imports.length).toBeGreaterThan(200);
});

test('a stage imports from its left only, or the way of the data could not be followed in one direction', () => {
  expect(
    breaches(
      (_, room, target) => PIPELINE.includes(room) && PIPELINE.includes(target) && PIPELINE.indexOf(target) > PIPELINE.indexOf(room),
    ),
  ).toEqual([]);
});

test('the floor imports the floor only, so that nothing under a stage knows of it', () => {
  expect(
    breaches((_, room, target) => FLOOR.includes(room) && target.length > 0 && !target.startsWith('node:') && !FLOOR.includes(target)),
  ).toEqual([]);
  expect(breaches((_, room, target) => SHARED.includes(room) && !target.startsWith('node:') && ![...FLOOR, room].includes(target))).toEqual(
    [],
  );
});

test('a concrete vault or provider imports the floor only, never a stage and never another one', () => {
  const concrete = (room: string) => SHARED.find((s) => room.startsWith(`${s}/`));
  expect(
    breaches((_, room, target) => {
      const family = concrete(room);
      return family !== undefined && !target.startsWith('node:') && ![...FLOOR, family, room].includes(target);
    }),
  ).toEqual([]);
});

test('only project imports a concrete vault or provider, and lazily, so that a plan loads no driver', () => {
  const concrete = (target: string) => SHARED.some((s) => target.startsWith(`${s}/`));
  expect(breaches((i, room, target) => concrete(target) && room !== target && !(room === 'project' && i.lazy))).toEqual([]);
});

test('planning is pure: no file, network or process can change what a plan says', () => {
  expect(breaches((_, room, target) => PURE.includes(room) && IMPURE.test(target))).toEqual([]);
});

/** Pages have a folder of their own in the room. */
const isReport = (room: string) => room === 'report' || room === 'report/html';

test('report knows data only, so that no output can start work', () => {
  expect(
    breaches(
      (i, room, target) =>
        isReport(room) &&
        !isReport(target) &&
        !target.startsWith('node:') &&
        !(i.typeOnly && [...FLOOR, 'rotate', 'policy', 'graph', 'plan', 'adopt', 'import'].includes(target)),
    ),
  ).toEqual([]);
});

test('other rooms import the index of a room, so that what is behind it can change', () => {
  const open = ['src/providers/provider.ts', 'src/vault/vault.ts', 'src/model/index.ts', 'src/errors/index.ts'];
  expect(
    imports
      .filter(
        (i) =>
          i.from.startsWith('src/') &&
          roomOf(i.file) !== roomOf(i.from) &&
          roomOf(i.file) !== 'cmd' &&
          !open.includes(i.from) &&
          !i.from.endsWith('/index.ts'),
      )
      .filter((i) => !SHARED.some((s) => roomOf(i.file).startsWith(`${s}/`) && roomOf(i.from) === s))
      .filter((i) => !(isReport(roomOf(i.file)) && isReport(roomOf(i.from))))
      .map((i) => `${i.file} imports ${i.from}`),
  ).toEqual([]);
});

test('drivers are loaded when they are used', () => {
  const drivers = ['pg', 'ssh2', 'ldapts', '@aws-sdk/client-iam', 'age-encryption', 'libsql', '@marcbachmann/cel-js'];
  const eager = imports.filter((i) => drivers.includes(i.from) && !i.lazy && !i.typeOnly && !i.file.startsWith('src/vault/local/'));
  expect(eager.map((i) => `${i.file} imports ${i.from}`)).toEqual([]);
});
