import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SnapshotFile } from '../../src/model/index.ts';
import { publishSnapshot } from '../../src/plan/index.ts';
import { makeProject, type TestProject } from './project.ts';
import { checkSchema } from './schemas.ts';

const kept = (name: string, spec: object = {}) => ({
  apiVersion: 'pam/v1',
  kind: 'PamUser',
  metadata: { name },
  spec: { login: name, ...spec },
});

let project: TestProject;
beforeAll(async () => {
  project = await makeProject({ KEPT: 'a-kept-Pass+w0rd' });
  await project.declare([kept('one', { password: { fromEnv: 'KEPT' } }), kept('two', { notes: 'as it was' })]);
  expect((await project.pam(['apply', '--auto-approve'])).code).toBe(0);
});
afterAll(() => project[Symbol.asyncDispose]());

const take = async (more: readonly string[] = []) => {
  const { code, stdout, stderr } = await project.pam(['snapshot', '--out', 'snapshot.json', ...more]);
  expect(code, stderr).toBe(0);
  return stdout;
};
const read = async () => JSON.parse(await readFile(join(project.root, 'snapshot.json'), 'utf8')) as SnapshotFile;
const plan = (more: readonly string[] = [], env = {}) => project.pam(['plan', '--snapshot', 'snapshot.json', ...more], { env });

test('a plan without vault, key and home has the digest of one made from the vault, and apply carries it out', async () => {
  expect(await take()).toContain('2 records');
  checkSchema('snapshot', await read());
  await project.declare([kept('two', { notes: 'as it is to be' }), kept('three')]);
  const fromVault = (await project.pam(['plan', '--json', '--as-of', '2027-06-01T00:00:00Z'])).json<{ digest: string }>();

  const aside = join(project.home, 'vault');
  await rename(join(project.root, '.pam'), aside);
  const nowhere = { HOME: undefined, KEPT: undefined };
  const fromFile = await plan(['--json', '--as-of', '2027-06-01T00:00:00Z'], nowhere);
  const page = await plan(['--format', 'html'], nowhere);
  expect((await project.pam(['plan'], { env: nowhere })).code).toBe(8);
  await rename(aside, join(project.root, '.pam'));

  expect(fromFile.json()).toEqual(fromVault);
  expect(fromFile.stderr).toContain('snapshot.json, which was taken from the vault at 20');
  expect(page.code, page.stderr).toBe(0);
  const applied = await project.pam(['apply', '--approve', fromVault.digest]);
  expect(applied.code, applied.stderr).toBe(0);
});

test('a plan from a snapshot that is behind the vault is refused by apply', async () => {
  await project.declare([kept('two'), kept('four')]);
  await take();
  const { digest } = (await plan(['--json'])).json<{ digest: string }>();
  await project.declare([kept('two', { notes: 'changed by somebody else' })]);
  expect((await project.pam(['apply', '--auto-approve'])).code).toBe(0);
  await project.declare([kept('two'), kept('four')]);
  expect((await project.pam(['apply', '--approve', digest])).code).toBe(4);
});

test('- is stdout, and --json says what was written', async () => {
  const { stdout, code } = await project.pam(['snapshot', '--out', '-']);
  expect(code).toBe(0);
  checkSchema('snapshot', JSON.parse(stdout));
  expect(JSON.parse(await take(['--json']))).toMatchObject({ file: 'snapshot.json', digest: (await read()).digest });
});

test('a file that cannot be written leaves the old one', async () => {
  await take();
  const before = await readFile(join(project.root, 'snapshot.json'), 'utf8');
  const failed = await project.pam(['snapshot', '--out', 'snapshot.json'], { shell: 'ulimit -f 0; trap "" XFSZ' });
  expect(failed.code).toBe(8);
  expect(failed.stderr).toContain('PAM9004');
  expect(await readFile(join(project.root, 'snapshot.json'), 'utf8')).toBe(before);
});

describe('a snapshot that cannot be used is refused at its place', () => {
  let sound: SnapshotFile;
  beforeAll(async () => {
    await take();
    sound = await read();
    const spec = { schedule: { every: '30d' }, complexity: { length: 32 } };
    await project.declare([kept('two'), { apiVersion: 'pam/v1', kind: 'RotationPolicy', metadata: { name: 'monthly' }, spec }]);
  });
  const cases: readonly [string, (file: SnapshotFile) => unknown, string, RegExp][] = [
    ['of a newer version', (f) => ({ ...f, formatVersion: 2 }), 'PAM2016', /format 2.*\n.*snapshot\.json:2:20/],
    ['with another digest', (f) => ({ ...f, serial: f.serial + 1 }), 'PAM2016', /was changed after it was made.*\n.*snapshot\.json:\d+:13/],
    [
      'of another project',
      (f) => resigned({ ...f, owner: { ...f.owner, project: 'billing' } }),
      'PAM2017',
      /project billing.*\n.*snapshot\.json:4:16/,
    ],
    [
      'of another environment',
      (f) => resigned({ ...f, owner: { ...f.owner, environment: 'prod' } }),
      'PAM2017',
      /environment prod.*\n.*snapshot\.json:5:20/,
    ],
    ['of another vault', (f) => resigned({ ...f, lineage: 'another' }), 'PAM2017', /another vault.*\n.*snapshot\.json:7:14/],
    ['with a field too many', (f) => ({ ...f, secrets: [] }), 'PAM1013', /unknown field.*\n.*snapshot\.json:\d+:3/],
    ['with a field too few', ({ lineage: _, ...f }) => f, 'PAM1014', /lineage is missing/],
    [
      'with a record that is none',
      (f) => ({ ...f, records: [...f.records, { address: 'x' }] }),
      'PAM1014',
      /records.*is missing.*\n.*snapshot\.json:\d+:/,
    ],
    [
      'with a policy that no manifest could declare',
      (f) => resigned(withPolicy(f, { complexity: { specialSet: 5 } })),
      'PAM2016',
      /no plan can be made.*\n.*snapshot\.json:1:1/,
    ],
    ['that is a list', () => [], 'PAM1015', /must be a mapping/],
    ['that is a plan', () => ({ formatVersion: 1, changes: [] }), 'PAM1014', /records is missing/],
  ];
  test.each(cases)('%s', async (_, change, code, message) => {
    await writeFile(join(project.root, 'snapshot.json'), JSON.stringify(change(sound), null, 2));
    const { stderr, code: exit } = await plan();
    expect({ exit, stderr }).toMatchObject({ exit: 8, stderr: expect.stringMatching(message) });
    expect(stderr).toContain(code);
  });

  test.each([
    ['half of it', '{ "formatVersion": 1, "owner": {', 'PAM1001'],
    ['an empty file', '', 'PAM2016'],
    ['no JSON', 'formatVersion', 'PAM1015'],
    ['no text', Buffer.from([0xff, 0xfe, 0x00, 0x80]), 'PAM1002'],
  ])('%s', async (_, text, code) => {
    await writeFile(join(project.root, 'snapshot.json'), text);
    const { stderr, code: exit } = await plan();
    expect({ exit, stderr }).toMatchObject({ exit: 8, stderr: expect.stringContaining(code) });
    expect(stderr).toContain('snapshot.json:1:');
  });

  test('one that is too large to be read with places', async () => {
    const [record] = sound.records;
    const records = Array.from({ length: 3000 }, (_, i) => ({ ...record, status: i === 2999 ? 'lost' : 'managed' }));
    await writeFile(join(project.root, 'snapshot.json'), JSON.stringify({ ...sound, records }, null, 2));
    const { stderr, code } = await plan();
    expect({ code, stderr }).toMatchObject({ code: 8, stderr: expect.stringMatching(/PAM2016.*\/records\/2999\/status/) });
  });

  test('one that is too deep', async () => {
    const deep = `"fields": { "x": ${'['.repeat(20_000)}${']'.repeat(20_000)},`;
    await writeFile(join(project.root, 'snapshot.json'), JSON.stringify(sound, null, 2).replace('"fields": {', deep));
    const { stderr, code } = await plan();
    expect({ code, stderr }).toMatchObject({ code: 8, stderr: expect.stringMatching(/PAM2016.*no plan can be made/) });
  });

  test('none at all', async () => {
    const { stderr, code } = await project.pam(['plan', '--snapshot', 'missing.json']);
    expect({ code, stderr }).toMatchObject({ code: 8, stderr: expect.stringContaining('PAM9004') });
  });
});

function withPolicy(file: SnapshotFile, fields: SnapshotFile['records'][number]['fields']): SnapshotFile {
  return { ...file, records: file.records.map((r, i) => (i === 0 ? { ...r, address: 'RotationPolicy/monthly', fields } : r)) };
}

/** With the digest that belongs to it. */
function resigned({ digest: _, owner, ...file }: SnapshotFile): SnapshotFile {
  const records = file.records.map((r) => ({ ...r, owner, revision: 1, createdAt: '', updatedAt: '', mac: '' }));
  return publishSnapshot({ ...file, records } as unknown as Parameters<typeof publishSnapshot>[0], owner, file.takenAt);
}
