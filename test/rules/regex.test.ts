import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compileRegex } from '../../src/rules/regex.ts';

test.each([
  ['^a+$', 'aaa', true],
  ['^a+$', 'aab', false],
  ['b', 'abc', true],
  ['^(?:prod|dev)-[a-z]{2,3}$', 'prod-abc', true],
  ['^(?:prod|dev)-[a-z]{2,3}$', 'prod-abcd', false],
  ['^[^@\\\\\\s]+@[^@\\\\\\s]+$', 'jo@corp.example', true],
  ['^[^@\\\\\\s]+@[^@\\\\\\s]+$', 'CORP\\jo', false],
  ['\\bdb\\b', 'orders-db', true],
  ['\\bdb\\b', 'dbx', false],
  ['(?i)^ADMIN[a-z]$', 'adminX', true],
  ['(a*)*b', 'aaaaab', true],
  ['^.$', '😀', true],
  ['^$', '', true],
  ['[]a]', ']', true],
  ['[a-]', '-', true],
])('%s on %j', (pattern, text, expected) => {
  expect(compileRegex(pattern)(text)).toBe(expected);
});

test.each(['(?=a)', '(?<!a)b', '\\1', '(a', 'a)', '[a', 'a**', '*a', 'a{3,2}', '(?:a{999}){999}', '\\q', '[z-a]', 'x'.repeat(1001)])(
  '%s is refused',
  (pattern) => {
    expect(() => compileRegex(pattern)).toThrow();
  },
);

/** Patterns that both engines read the same way. */
const atom = fc.constantFrom('a', 'b', '.', '[ab]', '[^a]', '\\w', '\\d', '\\b', '^', '$');
const { pattern } = fc.letrec<{ pattern: string }>((tie) => ({
  pattern: fc.oneof(
    { maxDepth: 4 },
    atom,
    fc.tuple(tie('pattern'), tie('pattern')).map(([x, y]) => x + y),
    fc.tuple(tie('pattern'), tie('pattern')).map(([x, y]) => `(?:${x}|${y})`),
    fc.tuple(tie('pattern'), fc.constantFrom('*', '+', '?', '{1,2}', '*?')).map(([x, q]) => `(?:${x})${q}`),
  ),
}));

test('matches what the engine of JavaScript matches', () => {
  fc.assert(
    fc.property(pattern, fc.string({ unit: fc.constantFrom('a', 'b', '1', ' ', '\n'), maxLength: 8 }), (p, text) => {
      expect(compileRegex(p)(text), `${p} on ${JSON.stringify(text)}`).toBe(new RegExp(p, 'u').test(text));
    }),
    { numRuns: 2000 },
  );
});

test('patterns that would hold up a backtracking engine for ever come to an end', () => {
  const text = `${'a'.repeat(5000)}!`;
  expect(compileRegex('^(a+)+$')(text)).toBe(false);
  expect(compileRegex('^(a|a)*(a|a)*(a|aa)+$')(text)).toBe(false);
});
