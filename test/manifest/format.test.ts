import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatManifest } from '../../src/manifest/index.ts';

function format(text: string): string {
  const result = formatManifest('a.yaml', Buffer.from(text));
  if ('problems' in result) throw new Error(result.problems.map((p) => `${p.code} ${p.message}`).join('; '));
  return result.text;
}

describe('layout', () => {
  test.each<[string, string, string]>([
    ['two spaces', 'spec:\n      login: a\n', 'spec:\n  login: a\n'],
    [
      'the keys of a manifest in their order',
      'spec: { login: a }\nkind: PamUser\napiVersion: pam/v1\n',
      'apiVersion: pam/v1\nkind: PamUser\nspec: { login: a }\n',
    ],
    ['flow style stays, evenly spaced', 'spec: {login:   a,  n: [1,2]}\n', 'spec: { login: a, n: [ 1, 2 ] }\n'],
    ['one marker between documents, none before the first', '---\na: 1\n---\n---\nb: 2\n...\n', 'a: 1\n---\nb: 2\n'],
    ['one line feed at the end', 'a: 1\n\n\n', 'a: 1\n'],
    ['quotes stay', `a: "1"\nb: '2'\n`, `a: "1"\nb: '2'\n`],
    ['anchors stay', 'a: &x 1\nb: *x\n', 'a: &x 1\nb: *x\n'],
    ['long lines are not folded', `a: ${'word '.repeat(60)}end\n`, `a: ${'word '.repeat(60)}end\n`],
    ['block texts stay', 'a: |\n  one\n  two\n', 'a: |\n  one\n  two\n'],
    ['windows line ends become line feeds', 'a: 1\r\nb: 2\r\n', 'a: 1\nb: 2\n'],
    ['a file of comments alone stays as it is', '\n# nothing\n', '\n# nothing\n'],
  ])('%s', (_, text, expected) => {
    expect(format(text)).toBe(expected);
  });

  test('comments stay: before, behind, between documents, at the end', () => {
    const text =
      '# first\napiVersion: pam/v1 # behind\n# before kind\nkind: PamUser\n---\n# second document\na:\n  # inside\n  b: 1\n# the end\n';
    const result = format(text);
    for (const comment of ['# first', '# behind', '# before kind', '# second document', '# inside', '# the end'])
      expect(result).toContain(comment);
    expect(format(result)).toBe(result);
  });

  test('a comment goes along with the key that it stands before', () => {
    expect(format('kind: PamUser\n# the version\napiVersion: pam/v1\n')).toBe('# the version\napiVersion: pam/v1\nkind: PamUser\n');
  });
});

test('what is no YAML is told at its place and left alone', () => {
  const result = formatManifest('a.yaml', Buffer.from('a: [1\nb: 2\n'));
  expect('problems' in result && result.problems[0]?.source?.file).toBe('a.yaml');
});

/** Odd YAML: comments wherever they may stand, quotes, blank lines, styles, several documents. */
const comment = fc.constantFrom('', '', '# note', '#', '#tight', '# "quoted"', "# it's: [odd] { - }", '# ünïcode');
const key = fc.constantFrom('apiVersion', 'kind', 'metadata', 'spec', 'name', 'a-b', '"quoted key"', 'x.y');
const scalar = fc
  .constantFrom(
    '1',
    'true',
    'null',
    'plain text',
    '"double # no comment"',
    "'it''s'",
    '2027-01-01',
    '0 0 3 ? * SUN#1',
    '""',
    '~',
    '1e3',
    '"\\u00e9"',
    '*no',
    '-1',
  )
  .filter((s) => !s.startsWith('*'));

interface Lines {
  readonly lines: readonly string[];
}
const entry = (indent: string): fc.Arbitrary<string[]> =>
  fc
    .tuple(key, scalar, comment, comment, fc.boolean())
    .map(([k, v, before, behind, blank]) => [
      ...(blank ? [''] : []),
      ...(before === '' ? [] : [`${indent}${before}`]),
      `${indent}${k}: ${v}${behind === '' ? '' : ` ${behind}`}`,
    ]);
const nested: fc.Arbitrary<string[]> = fc.oneof(
  entry(''),
  fc
    .tuple(key, comment, fc.array(entry('    '), { minLength: 1, maxLength: 3 }))
    .map(([k, c, inner]) => [`${k}:${c === '' ? '' : ` ${c}`}`, ...inner.flat()]),
  fc
    .tuple(key, fc.array(scalar, { minLength: 1, maxLength: 3 }), comment)
    .map(([k, items, c]) => [`${k}:`, ...items.map((i) => `- ${i}`), ...(c === '' ? [] : [c])]),
  fc.tuple(key, fc.array(scalar, { maxLength: 3 })).map(([k, items]) => [`${k}:   [${items.join(',  ')}]`]),
  fc.tuple(key, scalar).map(([k, v]) => [`${k}: {a: ${v},   b: 2}`]),
  fc.tuple(key, comment).map(([k, c]) => [`${k}: |`, '  block', '', '  text', ...(c === '' ? [] : [c])]),
);
const odd = fc
  .array(fc.array(nested, { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 3 })
  .map((documents): Lines => ({ lines: documents.flatMap((d, i) => [...(i > 0 ? ['---'] : []), ...d.flat()]) }));

test('on odd YAML it keeps every comment and is idempotent, or refuses to touch the file', () => {
  let formatted = 0;
  fc.assert(
    fc.property(odd, ({ lines }) => {
      const text = `${lines.join('\n')}\n`;
      const result = formatManifest('a.yaml', Buffer.from(text));
      if ('problems' in result) return;
      formatted++;
      expect(format(result.text)).toBe(result.text);
      const comments = (t: string) =>
        t
          .split('\n')
          .flatMap((l) => /(?:^|\s)#(?! no comment).*$/.exec(l)?.[0]?.trim() ?? [])
          .filter((c) => !c.startsWith('# no'))
          .sort();
      expect(comments(result.text)).toEqual(comments(text));
    }),
    { numRuns: 1500, seed: 20270101 },
  );
  expect(formatted, 'most odd files can be laid out').toBeGreaterThan(750);
});
