import { describe, expect, test } from 'vitest';
import type { VaultRecord } from '../../src/model/index.ts';
import { type AcceptedDrift, findDrift, makePlan, type PlanInput } from '../../src/plan/index.ts';
import { desired, estate, NOW, OWNER, replace, snapshotOf, version } from './fixtures.ts';

function inputOf(resources: PlanInput['desired'], records: Parameters<typeof snapshotOf>[0], asOf = NOW): PlanInput<VaultRecord> {
  return {
    owner: OWNER,
    desired: resources,
    manifestDigest: '',
    snapshot: snapshotOf(records),
    asOf,
    narrowing: { targets: [], excludes: [], files: [] },
    grants: {},
    limits: {},
    freezes: [],
    capabilities: { postgresql: { provable: true, rollback: 'none', fields: ['password'] } },
  };
}

function drift(
  resources: PlanInput['desired'],
  records: Parameters<typeof snapshotOf>[0],
  accept: readonly AcceptedDrift[] = [],
  asOf = NOW,
) {
  const input = inputOf(resources, records, asOf);
  return findDrift(input, makePlan(input), accept);
}

const classes = (report: ReturnType<typeof drift>) => report.findings.map((f) => `${f.class} ${f.address}`);

test('what is as declared, proved and not due has no finding', () => {
  const { all, records } = estate();
  expect(drift(all, records)).toEqual({ findings: [], accepted: [] });
});

test('each kind of difference is told in its own class', () => {
  const { all, records, app } = estate();
  const { proof: _, ...unproved } = version({ id: 'v2', unproved: 'trust' });
  const cases: [string, ReturnType<typeof drift>][] = [
    ['pending PamUser/new', drift([...all, desired('PamUser/new', { login: 'new' })], records)],
    ['drift PamUser/app', drift(all, replace(records, 'PamUser/app', { rotation: { anchorAt: NOW, drift: { at: NOW, version: 'v' } } }))],
    [
      'drift PamUser/app',
      drift(all, replace(records, 'PamUser/app', { rotation: { anchorAt: NOW, quarantined: { at: NOW, code: 'PAM4001', reason: 'x' } } })),
    ],
    ['overdue PamUser/app', drift(all, records, [], '2027-03-01T00:00:00.000Z')],
    ['unproved PamUser/app', drift(all, replace(records, 'PamUser/app', { rotation: { anchorAt: NOW }, versions: [unproved] }))],
    [
      'unmanaged PamUser/app',
      drift(
        all.filter((r) => r !== app),
        replace(records, 'PamUser/app', { status: 'released', releasedAt: NOW }),
      ),
    ],
  ];
  for (const [expected, report] of cases) expect(classes(report)).toEqual([expected]);
});

test('a missed window is overdue although nothing can be done about it now', () => {
  const { all, records, policy } = estate();
  const nightly = { ...policy, fields: { schedule: { daily: { time: '03:00' }, window: '1h' } } };
  const report = drift(
    all.map((r) => (r === policy ? nightly : r)),
    replace(replace(records, 'RotationPolicy/monthly', { fields: nightly.fields }), 'PamUser/app', {
      rotation: { lastRotatedAt: '2027-01-13T03:10:00.000Z' },
    }),
  );
  expect(classes(report)).toEqual(['overdue PamUser/app']);
  expect(report.findings[0]?.message).toContain('window was missed');
});

describe('drift.accept', () => {
  const { all, records, app } = estate();
  const released = replace(records, 'PamUser/app', { status: 'released', releasedAt: '2027-01-01T00:00:00.000Z' });
  const report = (accept: readonly AcceptedDrift[]) =>
    drift(
      all.filter((r) => r !== app),
      released,
      accept,
    );

  test('acknowledges a released record until its day', () => {
    const accepted = report([{ address: 'PamUser/app', reason: 'leaves with the server', until: '2027-02-01T00:00:00.000Z' }]);
    expect(accepted.findings).toEqual([]);
    expect(accepted.accepted).toMatchObject([{ address: 'PamUser/app', reason: 'leaves with the server' }]);
  });

  test('and not after it', () => {
    expect(classes(report([{ address: 'PamUser/app', reason: 'x', until: '2027-01-10T00:00:00.000Z' }]))).toEqual([
      'unmanaged PamUser/app',
    ]);
  });
});

describe('what was seen on the targets', () => {
  const { all, records } = estate();
  const live = [
    { class: 'drift', address: 'PamUser/app', what: 'locked', message: 'locked' },
    { class: 'drift', address: 'PamUser/app', what: 'key-added', message: 'a key' },
    { class: 'unmanaged', address: 'PamDatabase/db', what: 'undeclared', login: 'eve', message: 'nobody declares eve' },
  ] as const;
  const UNTIL = { reason: 'x', until: '2027-02-01T00:00:00.000Z' };
  const left = (accept: readonly AcceptedDrift[], narrowing = {}) => {
    const input = { ...inputOf(all, records), narrowing: { targets: [], excludes: [], files: [], ...narrowing } };
    return findDrift(input, makePlan(inputOf(all, records)), accept, live).findings.map((f) => f.what);
  };

  test('is told with the rest, and accepted as narrowly as it is said', () => {
    expect(left([])).toEqual(['key-added', 'locked', 'undeclared']);
    expect(left([{ address: 'PamUser/app', ...UNTIL }])).toEqual(['undeclared']);
    expect(left([{ address: 'PamUser/app', class: 'drift', what: 'key-added', ...UNTIL }])).toEqual(['locked', 'undeclared']);
    expect(left([{ address: 'PamUser/app', class: 'unproved', ...UNTIL }])).toHaveLength(3);
    expect(left([{ address: 'PamDatabase/db', login: 'mallory', ...UNTIL }])).toHaveLength(3);
    expect(left([{ address: 'PamDatabase/db', login: 'eve', ...UNTIL }])).toEqual(['key-added', 'locked']);
  });

  test('is narrowed: a resource stands for its accounts, and leaves with them', () => {
    expect(left([], { targets: ['PamDatabase/db'] })).toHaveLength(3);
    expect(left([], { excludes: ['PamDatabase/db'] })).toEqual([]);
    expect(left([], { excludes: ['PamUser/app'] })).toEqual(['undeclared']);
    expect(left([], { targets: ['PamConfiguration/onprem'] })).toEqual([]);
  });
});
