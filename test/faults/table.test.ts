import { readFileSync } from 'node:fs';
import ts from 'typescript';
import { expect, test } from 'vitest';

/** The cases of the fault list that the design was made from. */
const CASES = 65;
const TESTS = new URL('..', import.meta.url);

interface Row {
  readonly case: number;
  readonly what: string;
  readonly cell: string;
  readonly result: string;
}

const rows: readonly Row[] = readFileSync(new URL('README.md', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => /^\| \d/.test(line))
  .map((line) => {
    const [number, what = '', , cell = '', result = ''] = line.slice(2, -2).split(' | ');
    return { case: Number(number), what, cell, result };
  });

/** `file` › name, as the table has it. */
const REFERENCE = /^`([\w/.-]+)` › (.+)$/;

/** Every title that a call of `test` or `describe` has in a file, `%s` and `${…}` as they stand there. */
function titlesOf(file: string): ReadonlySet<string> {
  const source = ts.createSourceFile(file, readFileSync(new URL(file, TESTS), 'utf8'), ts.ScriptTarget.Latest, true);
  const titles = new Set<string>();
  const strings = (node: ts.Node): void => {
    if (ts.isStringLiteralLike(node)) titles.add(node.text);
    else if (ts.isTemplateExpression(node)) titles.add(node.getText(source).slice(1, -1));
    else if (ts.isConditionalExpression(node) || ts.isTemplateSpan(node)) ts.forEachChild(node, strings);
  };
  const visit = (node: ts.Node): void => {
    const [title] = ts.isCallExpression(node) ? node.arguments : [];
    if (ts.isCallExpression(node) && title !== undefined && /^(?:test|describe)/.test(node.expression.getText(source))) strings(title);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return titles;
}

test('the table has every case once, in order', () => {
  expect(rows.map((row) => row.case)).toEqual(Array.from({ length: CASES }, (_, i) => i + 1));
  for (const row of rows) expect(row.what.length * row.result.length, `case ${row.case}`).toBeGreaterThan(0);
});

test.for(rows)('case $case names tests that exist, or why there is none and what stands in', ({ cell }) => {
  const parts = cell.split('<br>');
  if (parts[0]?.startsWith('none: ') !== true) {
    for (const part of parts) expectTest(part);
    return;
  }
  expect(parts).toHaveLength(2);
  const standIn = parts[1]?.replace(/^stands in: /, '');
  if (standIn !== 'nothing') expectTest(standIn ?? '');
});

function expectTest(reference: string): void {
  const [, file = '', name = ''] = REFERENCE.exec(reference) ?? [];
  expect(file, `"${reference}" is no reference to a test`).not.toBe('');
  expect([...titlesOf(file)], file).toContain(name);
}
