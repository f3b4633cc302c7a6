import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatMarkdown } from '../../src/report/index.ts';
import { NASTY } from './hostile.ts';
import { bigPlan, CONTEXT, create, planOf, planReport, release, relink, reportOf, rotate } from './reports.ts';

const markdownOf = (plan: ReturnType<typeof planOf>, maxBytes = CONTEXT.maxBytes) =>
  formatMarkdown(planReport(plan), { ...CONTEXT, maxBytes });
const bytes = (text: string) => Buffer.byteLength(text, 'utf8');
const DANGEROUS = ['gone-0000', 'gone-0001', 'gone-0002', 'moved-0000', 'moved-0001'];

/** Lines of the tables that hold the text. */
const rowsWith = (markdown: string, text: string) => markdown.split('\n').filter((l) => l.startsWith('| ') && l.includes(text));

describe('a plan of 1,000 creates, 3 releases, 2 links that move and 50 rotations', () => {
  test.each([
    ['as it is', {}],
    ['with every create blocked by a limit', { blockCreates: true }],
  ])('fits a comment of GitHub, with the five dangerous lines, %s', (_, more) => {
    const markdown = markdownOf(bigPlan(more));
    expect(bytes(markdown)).toBeLessThanOrEqual(65_536);
    for (const name of DANGEROUS) expect(rowsWith(markdown, name), name).toHaveLength(1);
  });

  test('counts what was cut by kind, and nothing is both shown and counted', () => {
    const markdown = markdownOf(bigPlan(), 20_000);
    const cut = Number(/\*\*Cut to fit 20000 bytes:\*\*.*?(\d+) create/.exec(markdown)?.[1]);
    expect(cut + rowsWith(markdown, 'new-0').length).toBe(1000);
    expect(rowsWith(markdown, 'old-').filter((l) => l.includes('rotate'))).toHaveLength(50);
  });

  test('keeps its budget whatever it is, and the dangerous lines as long as they fit', () => {
    const plan = bigPlan();
    for (const budget of [4096, 5000, 8192, 16_384, 40_000]) {
      const markdown = markdownOf(plan, budget);
      expect(bytes(markdown)).toBeLessThanOrEqual(budget);
      for (const name of DANGEROUS) expect(rowsWith(markdown, name), `${name} in ${budget} bytes`).toHaveLength(1);
      expect(markdown).toContain(plan.digest);
    }
  });
});

test('sections stand by danger', () => {
  const blocked = { ...create(1), blocked: { code: 'PAM2001', reason: 'not yet' } };
  const markdown = markdownOf(planOf([create(0), rotate(0), relink(0), release(0), blocked]));
  const titles = [...markdown.matchAll(/^### (.*) \(1\)$/gm)].map((m) => m[1]);
  expect(titles).toEqual(['Blocked', 'Deleted, retired and released', 'Links that move', 'Rotations and secrets', 'Creates and new links']);
});

test('an unlink counts as a link that moves where it takes an owner or an administrator away', () => {
  const unlink = (type: 'admin-of' | 'launches') => ({ ...relink(0), kind: 'unlink' as const, link: { type, to: 'PamUser/x' as const } });
  expect(markdownOf(planOf([unlink('admin-of')]))).toContain('### Links that move (1)');
  expect(markdownOf(planOf([unlink('launches')]))).toContain('### Updates (1)');
});

test('the marker is hidden, and the same for every plan of a project and environment', () => {
  const [first] = markdownOf(planOf([create(0)])).split('\n');
  expect(first).toBe('<!-- pam:plan project=orders environment=default -->');
  expect(markdownOf(planOf([])).split('\n')[0]).toBe(first);
  const failed = formatMarkdown(reportOf([{ rule: 'PAM1001', level: 'error', message: 'bad' }], { command: 'plan' }), CONTEXT);
  expect(failed.split('\n')[0]).toBe(first);
});

test('how to apply has the flags that the digest was made with, for a shell', () => {
  const narrowing = { targets: ["label:team=it's"], excludes: [], files: [] };
  const markdown = markdownOf(planOf([create(0)], { narrowing }));
  expect(markdown).toContain(`pam apply --approve sha256:${'a'.repeat(64)} --target 'label:team=it'\\''s'`);
  expect(markdownOf(planOf([create(0)], { narrowing: { ...narrowing, targets: ['label:a=```'] } }))).toContain(
    '# with the flags of this plan',
  );
});

/** Everything that a manifest can put into a plan, at every place where the Markdown has it. */
function planWith(text: string) {
  const blocked = { code: 'PAM2001', reason: text };
  const changes = [
    create(0, { notes: text }),
    { ...create(1), blocked },
    { ...rotate(0), reason: { type: 'trigger' as const, value: text } },
    { ...create(2), kind: 'update' as const, fields: [{ path: 'notes', before: text, after: `${text}\n${text}` }] },
  ];
  return planOf(changes, {
    risks: [{ code: 'runs-command', address: 'PamUser/x', message: text }],
    findings: [{ rule: text, severity: 'error', message: text, hint: text }],
  });
}

const BAD = [
  ...NASTY,
  '@octocat @org/team',
  '| a | b |\n|---|---|',
  '`@octocat`',
  '```\n@octocat\n```',
  '[x](https://evil.example) ![x](https://evil.example/x.png)',
  'https://evil.example www.evil.example a@evil.example',
  '-->\n## Approved by @security',
  '#1 !2 ~bug %"1.0" &3',
  '\n\n# heading\n---\n* item',
];

describe('text from manifests stays text', () => {
  const plain = markdownOf(planWith('plain'));
  const shape = (markdown: string) => markdown.split('\n').length;
  const tags = (markdown: string) => [...markdown.matchAll(/<[^>]*>/g)].map((m) => m[0]);
  const cells = (markdown: string) => rowsWith(markdown, '').map((l) => l.split('|').length);

  function expectContained(text: string): void {
    const markdown = markdownOf(planWith(text));
    expect(new Set(cells(markdown)), 'no cell more').toEqual(new Set(cells(plain)));
    const outside = markdown.replace(/```diff\n[\s\S]*?\n```/g, '').replace(/```sh\n[\s\S]*?\n```/g, '');
    expect(
      tags(outside).filter((t) => !['<code>', '</code>', '<br>', '<details>', '</details>', '<summary>', '</summary>'].includes(t)),
    ).toEqual(['<!-- pam:plan project=orders environment=default -->']);
    expect(markdown, 'nobody is called').not.toMatch(/@[\p{L}\p{N}_]/u);
    expect(outside, 'no link').not.toMatch(/https?:\/\/|www\.|\]\(/i);
    expect(markdown.match(/^```/gm)?.length, 'no fence more').toBe(plain.match(/^```/gm)?.length);
    expect(markdown, 'nothing unseen').not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f\u202a-\u202e\u2066-\u2069]/);
  }

  test.each(BAD)('%j', (text) => {
    expectContained(text);
    expect(shape(markdownOf(planWith(text)))).toBeLessThanOrEqual(shape(plain) + 10);
  });

  test('whatever it is', () => {
    const piece = fc.constantFrom(
      '|',
      '`',
      '```',
      '\n',
      '<',
      '>',
      '@',
      'octocat',
      '-->',
      '](',
      'https://',
      'www.',
      '&',
      '#1',
      '\\',
      '*',
      ' ',
      'é',
      '\u202e',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => expectContained(pieces.join(''))),
      { numRuns: 300 },
    );
  });
});

test('findings of other commands are a table, with the most room for what is first', () => {
  const findings = Array.from({ length: 2000 }, (_, i) => ({
    rule: 'PAM1042',
    level: 'error' as const,
    message: `problem ${i}`,
    source: { file: 'manifests/a.yaml', line: i + 1, column: 1 },
  }));
  const markdown = formatMarkdown(reportOf(findings), CONTEXT);
  expect(bytes(markdown)).toBeLessThanOrEqual(65_536);
  expect(markdown).toContain('problem 0 |');
  expect(markdown).toMatch(/Cut to fit 65536 bytes:\*\* \d+ error/);
});
