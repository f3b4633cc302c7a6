import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { expect, test } from 'vitest';
import { type Finding, FORMATS } from '../../src/report/index.ts';
import { bigPlan, CONTEXT, planReport, reportOf } from './reports.ts';

/** Draft-04 differs from what Ajv reads by `id` and `$schema`, of what this schema uses; one of its patterns is none with the flag u. */
const {
  id: _,
  $schema: _s,
  ...schema
} = JSON.parse(readFileSync(new URL('sarif/sarif-2.1.0-rtm.5.json', import.meta.url), 'utf8')) as Record<string, unknown>;
const ajv = new Ajv({ strict: false, allErrors: true, unicodeRegExp: false });
ajv.addFormat('uri', /^[a-z][a-z0-9+.-]*:[^\s]*$/i);
ajv.addFormat('uri-reference', /^[\w.~:/?#[\]@!$&'()*+,;=%-]*$/);
ajv.addFormat('date-time', (text) => !Number.isNaN(Date.parse(text)));
const validate = ajv.compile(schema);

interface Sarif {
  readonly runs: readonly {
    readonly tool: { readonly driver: { readonly rules: readonly { readonly id: string }[] } };
    readonly results: readonly {
      readonly ruleId: string;
      readonly ruleIndex: number;
      readonly locations: readonly [
        { readonly physicalLocation: { readonly artifactLocation: { readonly uri: string }; readonly region: object } },
      ];
      readonly partialFingerprints: Readonly<Record<string, string>>;
    }[];
  }[];
}

function sarifOf(report: ReturnType<typeof reportOf>): Sarif['runs'][number] {
  const log = JSON.parse(FORMATS.sarif.render(report, CONTEXT) ?? '') as Sarif;
  expect(validate(log), JSON.stringify(validate.errors?.slice(0, 3))).toBe(true);
  return log.runs[0] as Sarif['runs'][number];
}

const finding = (more: Partial<Finding> = {}): Finding => ({
  rule: 'PAM1042',
  level: 'error',
  message: 'x links to nothing',
  source: { file: 'manifests/a b#1.yaml', line: 31, column: 13 },
  ...more,
});

test('the schema refuses what is no SARIF', () => {
  expect(validate({ version: '2.1.0', runs: [{ tool: {} }] })).toBe(false);
  expect(validate({ version: '2.1.0', runs: [{ tool: { driver: { name: 'x' } }, results: [{ message: {}, level: 'bad' }] }] })).toBe(false);
});

test('a plan of 1,000 blocked creates and 50 rotations is valid, with a place for each result', () => {
  const run = sarifOf(planReport(bigPlan({ blockCreates: true })));
  expect(run.results).toHaveLength(1050);
  expect(run.tool.driver.rules.map((r) => r.id)).toEqual(['PAM2010', 'risk/no-rollback']);
  for (const { ruleId, ruleIndex, locations } of run.results) {
    expect(run.tool.driver.rules[ruleIndex]?.id).toBe(ruleId);
    expect(locations[0].physicalLocation.artifactLocation.uri).toBe('infra/manifests/a.yaml');
  }
  expect(new Set(run.results.map((r) => r.partialFingerprints['pamFinding/v1'])).size).toBe(1050);
});

test('the plan that is not blocked is valid too', () => {
  expect(sarifOf(planReport(bigPlan())).results).toHaveLength(50);
});

test('URIs are relative to the repository, and encoded', () => {
  const { locations } = sarifOf(reportOf([finding()])).results[0] ?? {};
  expect(locations?.[0].physicalLocation).toEqual({
    artifactLocation: { uri: 'infra/manifests/a%20b%231.yaml' },
    region: { startLine: 31, startColumn: 13 },
  });
});

test('what no line declares stands at pam.yaml', () => {
  const { source: _, ...placeless } = finding();
  const { locations } = sarifOf(reportOf([placeless])).results[0] ?? {};
  expect(locations?.[0].physicalLocation.artifactLocation.uri).toBe('infra/pam.yaml');
});

test('fingerprints outlive edits above the line, and tell twins apart', () => {
  const prints = (findings: readonly Finding[]) => sarifOf(reportOf(findings)).results.map((r) => r.partialFingerprints['pamFinding/v1']);
  const moved = finding({ source: { file: 'manifests/a b#1.yaml', line: 99, column: 1 } });
  expect(prints([moved])).toEqual(prints([finding()]));
  expect(new Set(prints([finding(), moved, finding({ rule: 'PAM1041' }), finding({ message: 'y' })])).size).toBe(4);
});

test('nothing found is a valid run without results', () => {
  expect(sarifOf(reportOf([])).results).toEqual([]);
});
