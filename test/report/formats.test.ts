import { describe, expect, test } from 'vitest';
import { type Finding, FORMATS, formatAll, type Report } from '../../src/report/index.ts';
import { NASTY } from './hostile.ts';
import { CONTEXT, create, planOf, planReport, release, relink, reportOf, rotate } from './reports.ts';

const render = (name: keyof typeof FORMATS, report: Report) => FORMATS[name].render(report, CONTEXT) ?? '';
const finding = (message: string, more: Partial<Finding> = {}): Finding => ({ rule: 'PAM1042', level: 'error', message, ...more });
const PLACE = { file: 'manifests/a,b:c.yaml', line: 31, column: 13 };

/** What the runner makes of a line: https://github.com/actions/runner/blob/main/src/Runner.Common/ActionCommand.cs */
function readCommand(line: string) {
  const [, command = '', list = '', data = ''] = /^::(\w+)(?: ([^:]*))?::(.*)$/.exec(line) ?? [];
  const back = (text: string) =>
    text.replaceAll('%0A', '\n').replaceAll('%0D', '\r').replaceAll('%3A', ':').replaceAll('%2C', ',').replaceAll('%25', '%');
  const properties = Object.fromEntries(list.split(',').map((p) => [p.slice(0, p.indexOf('=')), back(p.slice(p.indexOf('=') + 1))]));
  return { command, properties, data: back(data) };
}

describe('github', () => {
  test('an annotation at the line, escaped so that the runner reads it as it was', () => {
    const [line = '', last] = render('github', reportOf([finding('50 % of\n::error::a, b: c', { source: PLACE, hint: 'x' })])).split('\n');
    expect(readCommand(line)).toEqual({
      command: 'error',
      properties: { file: 'infra/manifests/a,b:c.yaml', line: '31', col: '13', title: 'PAM1042' },
      data: '50 % of\n::error::a, b: c\nhint: x',
    });
    expect(last).toBe('::notice title=pam validate::1 error.');
  });

  test('no text makes a line of its own', () => {
    for (const text of [...NASTY, 'a\n::set-output name=x::y', 'a\r\n::stop-commands::z', '%0A::error::x']) {
      const lines = render('github', reportOf([finding(text, { address: text, hint: text })])).split(/[\r\n]/);
      expect(lines).toHaveLength(2);
      expect(readCommand(lines[0] ?? '').data).toBe(`${text}\nhint: ${text}`);
    }
  });

  test('levels are commands', () => {
    const lines = render('github', reportOf([finding('a', { level: 'warning' }), finding('b', { level: 'note' })])).split('\n');
    expect(lines.map((l) => readCommand(l).command)).toEqual(['warning', 'notice', 'notice']);
  });
});

describe('junit', () => {
  test('errors are failures, the rest passes, and nothing found is a test that passed', () => {
    const xml = render('junit', reportOf([finding('bad', { source: PLACE }), finding('hm', { level: 'warning', address: 'PamUser/a' })]));
    expect(xml).toContain('<testsuite name="pam validate" tests="2" failures="1" errors="0">');
    expect(xml).toContain('<failure message="bad" type="PAM1042">');
    expect(xml).toContain('<system-out>warning: hm</system-out>');
    expect(render('junit', reportOf([]))).toContain('tests="1" failures="0"');
  });

  test('no text leaves its place', () => {
    const shape = (xml: string) => [...xml.matchAll(/<[^>]*>/g)].map((m) => m[0].replace(/"[^"]*"/g, '""'));
    const plain = shape(render('junit', reportOf([finding('x', { address: 'x' })])));
    for (const text of [...NASTY, ']]>', '\u0000\u0008\ufffe']) {
      const xml = render('junit', reportOf([finding(text, { address: text })]));
      expect(shape(xml)).toEqual(plain);
      // https://www.w3.org/TR/xml/#charsets
      expect(xml).not.toMatch(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Cs}/u);
    }
  });
});

describe('gitlab', () => {
  test('a Code Quality report has what GitLab asks for', () => {
    const issues = JSON.parse(
      render('gitlab', reportOf([finding('bad', { source: PLACE }), finding('bad', { level: 'warning' })])),
    ) as object[];
    expect(issues).toMatchObject([
      {
        description: 'bad',
        check_name: 'PAM1042',
        severity: 'major',
        location: { path: 'infra/manifests/a,b:c.yaml', lines: { begin: 31 } },
      },
      { severity: 'minor', location: { path: 'infra/pam.yaml', lines: { begin: 1 } } },
    ]);
    expect(new Set(issues.map((i) => (i as { fingerprint: string }).fingerprint)).size).toBe(2);
  });

  test('the widget of a merge request counts a release as a deletion', () => {
    const counts = JSON.parse(render('gitlab-terraform', planReport(planOf([create(0), release(0), relink(0), rotate(0)]))));
    expect(counts).toEqual({ create: 1, update: 2, delete: 1 });
  });

  test('without a plan there is nothing to count', () => {
    expect(FORMATS['gitlab-terraform'].render(reportOf([]))).toBeNull();
  });
});

test('jsonl: a line a finding, then the result, numbered', () => {
  const lines = render('jsonl', reportOf([finding('a'), finding('b')]))
    .split('\n')
    .map((l) => JSON.parse(l));
  expect(lines).toMatchObject([
    { version: 1, stream: 'stream-1', sequence: 1, type: 'finding', message: 'a' },
    { sequence: 2, type: 'finding' },
    { sequence: 3, type: 'result', exit: 8, valid: true },
  ]);
});

test('findings of policies are findings of the plan', () => {
  const plan = planOf([], { findings: [{ rule: 'named-admins', severity: 'error', message: 'no', hint: 'name one' }] });
  expect(planReport(plan).findings).toEqual([{ rule: 'policy/named-admins', level: 'error', message: 'no', hint: 'name one' }]);
  for (const name of ['markdown', 'sarif', 'junit', 'github', 'gitlab', 'jsonl'] as const)
    expect(render(name, planReport(plan)), name).toContain('named-admins');
});

test('same inputs, same bytes, in every format', () => {
  const report = planReport(planOf([create(0), release(0)]));
  expect(formatAll(report, CONTEXT)).toEqual(formatAll(structuredClone(report), CONTEXT));
});
