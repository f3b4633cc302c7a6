import { describe, expect, test } from 'vitest';
import type { PamError } from '../../src/errors/index.ts';
import { load } from './load.ts';
import { MALFORMED } from './malformed.ts';

/** Everything of an error that can be printed. */
function printed(error: PamError): string {
  return JSON.stringify([error.toJSON(), error.frame ?? null, String(error)]);
}

describe('a malformed manifest', () => {
  test.each(MALFORMED.map((each) => [each.name, each] as const))('with %s is refused at its place', (_, { code, text }) => {
    const at = text.indexOf('‸');
    const before = text.slice(0, at).split('\n');
    const place = { file: 'm/a.yaml', line: before.length, column: (before.at(-1) ?? '').length + 1 };
    const { problems, resources } = load(text.replace('‸', ''));
    expect(problems.map((p) => ({ code: p.code, ...p.source }))).toEqual([{ code, ...place }]);
    expect(resources).toEqual([]);
    for (const problem of problems) {
      expect(printed(problem)).not.toMatch(/hunter2|\n\s+at /);
      expect(problem.message).not.toBe('');
    }
  });
});

describe('the frame of an error', () => {
  test('shows the line and underlines the value', () => {
    const [problem] = load(
      'apiVersion: pam/v1\nkind: PamUser\nmetadata: { name: a }\nspec:\n  login: a\n  managed: "yes" # a comment\n',
    ).problems;
    expect(problem?.frame).toEqual({ text: '  managed: "yes" # a comment', length: 5 });
  });

  test('is left out in the line of a secret field, even where the problem is another', () => {
    const { problems } = load('apiVersion: pam/v1\nkind: PamUser\nmetadata: { name: a }\nspec: { login: 5, password: { fromEnv: A } }\n');
    expect(problems.map((p) => [p.code, p.frame])).toEqual([['PAM1015', undefined]]);
  });

  test.each([
    ['the lines of a block below a secret field', '  password: |\n    hunter2\n   bad: indentation\n'],
    ['what follows a secret whose quote is open', '  password: "hunter2\n  hunter2: @\n'],
    ['a line that continues a secret', '  password: hunter2\n    hunter2 : @x\n'],
    ['a secret after a colon without a space', '  password:hunter2\n  login: 5\n'],
    ['a secret after an equals sign', '  password=hunter2\n  login: 5\n'],
    ['a secret after no sign at all', '  password hunter2\n  login: 5\n'],
    ['a secret in the line of the next field', '  password:\n  hunter2: x\n'],
    ['a misspelt secret field', '  pasword: hunter2\n  login: 5\n'],
    ['a secret field in a list', '  consumers:\n    - password: hunter2\n'],
    ['a secret in flow style', '  consumers: [ { token: hunter2 } ]\n'],
  ])('never shows %s', (_, spec) => {
    const { problems } = load(`apiVersion: pam/v1\nkind: PamUser\nmetadata: { name: a }\nspec:\n${spec}`);
    expect(problems.length).toBeGreaterThan(0);
    expect(problems.map((p) => p.frame?.text ?? '').join('\n')).not.toContain('hunter2');
  });

  test('can be had for a place that another room found', () => {
    const loaded = load('apiVersion: pam/v1\nkind: PamUser\nmetadata: { name: a }\nspec: { login: "a b", resource: PamMachine/m }\n');
    const at = loaded.resources[0]?.positions?.['spec.resource'];
    expect(at).toEqual({ file: 'm/a.yaml', line: 4, column: 33 });
    expect(at && loaded.frameAt(at)).toEqual({ text: 'spec: { login: "a b", resource: PamMachine/m }', length: 12 });
    expect(loaded.frameAt({ file: 'other.yaml', line: 1, column: 1 })).toBeUndefined();
    expect(loaded.frameAt({ file: 'm/a.yaml', line: 99, column: 1 })?.text ?? '').toBe('');
  });
});

describe('problems', () => {
  test('of all documents and files are told at once, in the order of their places', () => {
    const broken = (name: string) => `apiVersion: pam/v1\nkind: PamUser\nmetadata: { name: ${name} }\nspec: { login: 5, x: 1 }\n`;
    const three = (name: string) => `${broken(name)}---\n"\n---\n${broken('c')}`;
    const { problems } = load({ 'b.yaml': three('b'), 'a.yaml': three('a') });
    expect(problems.map((p) => `${p.code} ${p.source?.file}:${p.source?.line}`)).toEqual([
      'PAM1015 a.yaml:4',
      'PAM1013 a.yaml:4',
      'PAM1001 a.yaml:6',
      'PAM1015 a.yaml:11',
      'PAM1013 a.yaml:11',
      'PAM1015 b.yaml:4',
      'PAM1013 b.yaml:4',
      'PAM1001 b.yaml:6',
      'PAM1019 b.yaml:10',
      'PAM1015 b.yaml:11',
      'PAM1013 b.yaml:11',
    ]);
  });

  test('name what was likely meant', () => {
    const { problems } = load(
      'apiVersion: pam/v1\nkind: PamDatabse\nmetadata: { name: a, lables: {} }\nspec: { configration: a, databaseType: postgres, host: a }\n',
    );
    expect(problems.map((p) => p.hint)).toEqual([
      'did you mean PamDatabase?',
      'did you mean labels?',
      'did you mean configuration?',
      'did you mean postgresql?',
    ]);
  });

  test('leave the addresses of their documents known, so that links to them are no problem of their own', () => {
    const { incomplete, resources } = load('apiVersion: pam/v1\nkind: PamUser\nmetadata: { name: a }\nspec: { login: 5 }\n');
    expect(incomplete).toEqual(['PamUser/a']);
    expect(resources).toEqual([]);
  });
});
