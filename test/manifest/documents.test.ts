import { describe, expect, test } from 'vitest';
import { readDocuments } from '../../src/manifest/documents.ts';
import { loadManifests } from '../../src/manifest/index.ts';
import { openSource, type SourceFile } from '../../src/manifest/source.ts';
import { readTree } from '../../src/manifest/tree.ts';
import { load, manifest } from './load.ts';

const POLICY = 'apiVersion: pam/v1\nkind: RotationPolicy\nmetadata: { name: a }\nspec: {}\n';
const places = (text: Uint8Array) =>
  loadManifests([{ path: 'a.yaml', text }], { readFile: () => null }).problems.map(
    (p) => `${p.code} ${p.source?.line}:${p.source?.column}`,
  );

function open(text: string): SourceFile {
  const opened = openSource('a.yaml', Buffer.from(text));
  if ('problem' in opened) throw opened.problem;
  return opened.source;
}

describe('the encoding', () => {
  test('may begin with a byte order mark', () => {
    const { resources } = loadManifests([{ path: 'a.yaml', text: Buffer.from(`\ufeff${POLICY}`) }], { readFile: () => null });
    expect(resources[0]?.source).toEqual({ file: 'a.yaml', line: 3, column: 19 });
  });

  test.each([
    ['UTF-16 with a byte order mark', Buffer.from(`\ufeff${POLICY}`, 'utf16le'), 'PAM1002 1:1'],
    ['UTF-16 without one', Buffer.from(POLICY, 'utf16le'), 'PAM1002 1:1'],
    ['big-endian UTF-16', Buffer.from(POLICY, 'utf16le').swap16(), 'PAM1002 1:1'],
    ['Latin-1', Buffer.from(`${POLICY}# caf\u00e9\n`, 'latin1'), 'PAM1002 5:6'],
    ['a cut sequence at the end', Buffer.concat([Buffer.from(POLICY), Buffer.from([0xe2, 0x82])]), 'PAM1002 5:1'],
    ['an encoded surrogate', Buffer.concat([Buffer.from('# '), Buffer.from([0xed, 0xa0, 0x80])]), 'PAM1002 1:3'],
    ['a byte order mark inside', Buffer.from(`${POLICY}# a\ufeff\n`), 'PAM1002 5:4'],
  ])('is refused where it is %s', (_, bytes, place) => {
    expect(places(bytes)).toEqual([place]);
  });

  test('may have line breaks of either kind', () => {
    expect(places(Buffer.from(POLICY.replaceAll('\n', '\r\n').replace('spec: {}', 'spec: { x: 1 }')))).toEqual(['PAM1013 4:9']);
  });
});

describe('documents', () => {
  test.each([
    ['nothing', '', 0],
    ['comments alone', '# a\n\n  # b\n', 0],
    ['empty documents', '---\n---\n# a\n---\n', 0],
    ['one without a marker', POLICY, 1],
    ['markers before and after', `---\n${POLICY}---\n`, 1],
    ['a comment after the marker', `--- # first\n${POLICY}`, 1],
    ['end markers alone', '...\n...\n# a\n...\n', 0],
    ['an end marker', `${POLICY}...\n# between\n---\n${POLICY.replace('name: a', 'name: b')}...\n`, 2],
    ['a directive', `%YAML 1.2\n---\n${POLICY}`, 1],
    ['a directive after an end marker', `${POLICY}...\n%YAML 1.2\n---\n${POLICY.replace('name: a', 'name: b')}`, 2],
    ['a marker in a text', `${POLICY}---\n${POLICY.replace('name: a', 'name: b, title: "x --- y"')}`, 2],
    ['a line separator that is no line break', POLICY.replace('name: a', 'name: a, title: "x\u2028--- y"'), 1],
  ])('are found among %s', (_, text, count) => {
    const { resources, problems } = load(text);
    expect(problems.map((p) => p.message)).toEqual([]);
    expect(resources.length).toBe(count);
  });

  test('with problems do not hide the others', () => {
    const { resources, problems } = load(['"', '[', `${'['.repeat(500)}`, '- - -\n -', POLICY, '{ a: *b }'].join('\n---\n'));
    expect(resources.map((r) => r.address)).toEqual(['RotationPolicy/a']);
    expect(problems.map((p) => p.code)).toEqual(['PAM1001', 'PAM1001', 'PAM1003', 'PAM1001', 'PAM1010', 'PAM1007']);
  });
});

describe('limits', () => {
  test('bound the size of a file', () => {
    expect(places(Buffer.alloc(16 * 1024 * 1024 + 1, '#'))).toEqual(['PAM1003 1:1']);
    expect(places(Buffer.concat([Buffer.from(POLICY), Buffer.alloc(1024 * 1000, '# comment\n')]))).toEqual([]);
  });

  test.each([
    ['brackets', '['.repeat(200_000)],
    ['braces', '{ a: '.repeat(100_000)],
    ['list items', '- '.repeat(100_000)],
    ['explicit keys', '? '.repeat(100_000)],
    ['indentation', Array.from({ length: 500 }, (_, i) => `${' '.repeat(i)}a:`).join('\n')],
  ])('bound the depth of %s before anything is composed', (_, text) => {
    expect(load(text).problems.map((p) => p.code)).toEqual(['PAM1003']);
  });

  test('bound the size of a document, and of no other in the file', () => {
    const { problems, resources } = load(`${POLICY}---\n${POLICY.replace('name: a', 'name: b')}${'# comment\n'.repeat(110_000)}`);
    expect([problems.map((p) => `${p.code} ${p.source?.line}`), resources.length]).toEqual([['PAM1003 5'], 1]);
  });

  test('bound the problems of a document', () => {
    expect(load(`a: 1\n${'a: 2\n'.repeat(2_000)}`).problems.length).toBe(1_001);
    expect(load(`${POLICY.replace('{}', `{ ${Array.from({ length: 2_000 }, (_, i) => `x${i}: 1`).join(', ')} }`)}`).problems.length).toBe(
      1_000,
    );
  });

  test('do not take a long line for a deep one', () => {
    const labels = Array.from({ length: 60 }, (_, i) => `"a${i}": x`).join(', ');
    const settings = Array.from({ length: 300 }, (_, i) => `a${i}: [x]`).join(', ');
    const text = `apiVersion: pam/v1\nkind: PamMachine\nmetadata: { name: a, labels: { ${labels} } }\nspec: { configuration: c, host: h, pamSettings: { ${settings} } }\n`;
    expect(load(text).problems).toEqual([]);
  });

  test('bound the documents of a file', () => {
    const { problems } = load('--- 1\n'.repeat(100_002));
    expect(problems.filter((p) => p.code === 'PAM1003').map((p) => p.source?.line)).toEqual([100_001]);
  });

  test('stop aliases that would expand to billions of values', () => {
    const levels = Array.from({ length: 9 }, (_, i) => `x${i + 1}: &x${i + 1} [${`*x${i},`.repeat(9)}]`);
    const { problems } = load(`x0: &x0 [lol, lol]\n${levels.join('\n')}\n`);
    expect(problems.filter((p) => p.code === 'PAM1003').length).toBe(1);
  });

  test('leave aliases alone that people write', () => {
    const source = open('a: &a { b: [1, 2] }\nc: [*a, *a]\nd: &a 3\ne: *a\n');
    const trees = [...readDocuments(source)].map((document) => readTree(source, document));
    expect(trees.map((t) => t.value)).toEqual([{ a: { b: [1, 2] }, c: [{ b: [1, 2] }, { b: [1, 2] }], d: 3, e: 3 }]);
  });
});

describe('values', () => {
  test('are those of YAML 1.2', () => {
    const source = open('[no, yes, on, 010, 0x10, 1e3, 1.5, ~, null, true, 2027-01-15, 12:30:45, "1", 0o10]');
    const [tree] = [...readDocuments(source)].map((document) => readTree(source, document));
    expect(tree?.value).toEqual(['no', 'yes', 'on', 10, 16, 1000, 1.5, null, null, true, '2027-01-15', '12:30:45', '1', 8]);
  });

  test('with the names of object methods are plain data', () => {
    const source = open('{ constructor: 1, toString: 2, hasOwnProperty: 3 }');
    const [tree] = [...readDocuments(source)].map((document) => readTree(source, document));
    expect(Object.entries(tree?.value ?? {})).toEqual([
      ['constructor', 1],
      ['toString', 2],
      ['hasOwnProperty', 3],
    ]);
  });
});

describe('a large project', () => {
  const documents = (count: number) =>
    Array.from({ length: count }, (_, i) =>
      manifest('PamUser', `u${i}`, { login: `l${i}`, resource: 'm', hooks: [{ file: 'hook.sh' }] }),
    ).join('');

  test('is read in full, and each file that it names once', () => {
    const reads: string[] = [];
    const readFile = (path: string) => {
      reads.push(path);
      return Buffer.from('');
    };
    const text = `${documents(10_000)}${manifest('PamMachine', 'm', { configuration: 'c', host: 'h' })}`;
    const { resources, problems } = load(text, { readFile });
    expect([resources.length, problems.length, reads]).toEqual([10_001, 0, ['m/hook.sh']]);
  });

  test('is read one document at a time, each once', () => {
    const source = open(documents(10_000));
    let values = 0;
    let previous = 0;
    for (const document of readDocuments(source)) {
      expect(document.base).toBeGreaterThanOrEqual(previous);
      previous = document.span.end;
      values += readTree(source, document).marks.size;
    }
    // The mapping, apiVersion, kind, metadata and name, spec with login, resource, hooks, the hook and its file.
    expect(values).toBe(10_000 * 11);
  }, 30_000);
});
