import { describe, expect, test } from 'vitest';
import type { Change, Plan } from '../../src/model/index.ts';
import { desired, estate, ids, NOW, plan, recordOf, replace, snapshotOf, version } from './fixtures.ts';

const find = (p: Plan, id: string): Change => {
  const change = p.changes.find((c) => c.id === id);
  if (change === undefined) throw new Error(`${id} is not in ${ids(p).join(', ')}`);
  return change;
};

describe('records', () => {
  test('an empty vault plans to create and link everything', () => {
    const { all } = estate();
    expect(ids(plan(all)).sort()).toEqual(
      [
        'create PamConfiguration/onprem',
        'create PamDatabase/db',
        'create PamUser/admin',
        'create PamUser/app',
        'create RotationPolicy/monthly',
        'link PamDatabase/db admin-of PamUser/admin',
        'link PamDatabase/db configured-by PamConfiguration/onprem',
        'link PamUser/admin belongs-to PamDatabase/db',
        'link PamUser/app belongs-to PamDatabase/db',
      ].sort(),
    );
  });

  test('what is as declared is counted, not listed', () => {
    const { all, records } = estate();
    const p = plan(all, records);
    expect(p.changes).toEqual([]);
    expect(p.summary.unchanged).toBe(5);
  });

  test('an update says field by field what changes', () => {
    const { all, records, database } = estate();
    const changed = { ...database, fields: { databaseType: 'postgresql', host: 'db2', tls: { mode: 'verify-ca' } } };
    const p = plan(
      all.map((r) => (r === database ? changed : r)),
      records,
    );
    expect(find(p, 'update PamDatabase/db')).toMatchObject({
      fields: [
        { path: 'host', before: 'db1', after: 'db2' },
        { path: 'port', before: 5432, after: null },
        { path: 'tls.mode', before: null, after: 'verify-ca' },
      ],
    });
  });

  test('moving an account to another resource is one change of its own', () => {
    const { all, records, app } = estate();
    const second = desired('PamDatabase/db2', { databaseType: 'postgresql', host: 'db9' }, { 'configured-by': 'PamConfiguration/onprem' });
    const moved = { ...app, links: [{ type: 'belongs-to' as const, to: 'PamDatabase/db2' as const }] };
    const p = plan([...all.filter((r) => r !== app), moved, second], records);
    expect(find(p, 'relink PamUser/app belongs-to PamDatabase/db2')).toMatchObject({
      from: 'PamDatabase/db',
      link: { type: 'belongs-to', to: 'PamDatabase/db2' },
    });
  });

  test('records of other owners are never touched', () => {
    const { all, records } = estate();
    const foreign = recordOf(desired('PamUser/other'), { owner: { project: 'else', environment: 'default' } });
    const otherEnvironment = recordOf(desired('PamUser/other'), { owner: { project: 'orders', environment: 'prod' } });
    expect(plan(all, [...records, foreign, otherEnvironment]).changes).toEqual([]);
  });
});

describe('lifecycle', () => {
  test('a manifest that is gone releases its record', () => {
    const { all, records, app } = estate();
    expect(
      ids(
        plan(
          all.filter((r) => r !== app),
          records,
        ),
      ),
    ).toEqual(['release PamUser/app']);
  });

  test('a released record is listed, with since when', () => {
    const { all, records, app } = estate();
    const p = plan(
      all.filter((r) => r !== app),
      replace(records, 'PamUser/app', { status: 'released', releasedAt: NOW }),
    );
    expect(p.changes).toEqual([]);
    expect(p.unmanaged).toEqual([{ address: 'PamUser/app', releasedAt: NOW }]);
  });

  test('a released record whose manifest comes back is adopted, secrets and all', () => {
    const { all, records } = estate();
    expect(ids(plan(all, replace(records, 'PamUser/app', { status: 'released', releasedAt: NOW })))).toEqual(['adopt PamUser/app']);
  });

  test('retire is merged first, and only then does a missing manifest delete the record', () => {
    const { all, records, app } = estate();
    const retiring = { ...app, fields: { ...app.fields, lifecycle: { retire: true } } };
    const others = all.filter((r) => r !== app);
    expect(ids(plan([...others, retiring], records))).toEqual(['retire PamUser/app']);
    const retired = replace(records, 'PamUser/app', { fields: retiring.fields });
    expect(ids(plan(others, retired))).toEqual(['delete PamUser/app']);
  });

  test('a retired account is not rotated any more', () => {
    const { all, records, app } = estate({ type: 'general', initial: 'now' });
    const retiring = { ...app, fields: { ...app.fields, lifecycle: { retire: true } } };
    const p = plan([...all.filter((r) => r !== app), retiring], replace(records, 'PamUser/app', { fields: retiring.fields }));
    expect(p.changes).toEqual([]);
  });

  test.each(['release', 'delete'])('protect blocks %s', (kind) => {
    const { all, records, app } = estate();
    const fields = { ...app.fields, lifecycle: { protect: true, ...(kind === 'delete' ? { retire: true } : {}) } };
    const p = plan(
      all.filter((r) => r !== app),
      replace(records, 'PamUser/app', { fields }),
    );
    expect(find(p, `${kind} PamUser/app`).blocked?.code).toBe('PAM2007');
  });

  test('moved renames the record', () => {
    const { all, records, app } = estate();
    const renamed = { ...app, address: 'PamUser/orders' as const, movedFrom: 'PamUser/app' as const };
    expect(ids(plan([...all.filter((r) => r !== app), renamed], records))).toEqual(['move PamUser/orders']);
  });

  test('another name for the same account is blocked, with moved as the hint', () => {
    const { all, records, app } = estate();
    const twin = { ...app, address: 'PamUser/orders' as const };
    const blocked = find(plan([...all.filter((r) => r !== app), twin], records), 'create PamUser/orders').blocked;
    expect(blocked?.code).toBe('PAM2008');
    expect(blocked?.reason).toContain('from: app');
  });

  test('without any manifest nothing is released', () => {
    const { records } = estate();
    const p = plan([], records);
    expect(p.changes).toHaveLength(5);
    expect(new Set(p.changes.map((c) => c.blocked?.code))).toEqual(new Set(['PAM2012']));
  });

  test.each([
    { targets: ['PamUser/admin'], excludes: [], files: [] },
    { targets: [], excludes: [], files: ['x.yaml'] },
  ])('a narrowed run never releases: %o', (narrowing) => {
    const { all, records, app } = estate();
    expect(
      plan(
        all.filter((r) => r !== app),
        records,
        { narrowing },
      ).changes,
    ).toEqual([]);
  });
});

describe('rotations', () => {
  test('merging a manifest rotates nothing by itself', () => {
    const { all } = estate();
    expect(plan(all).changes.some((c) => c.kind === 'rotate')).toBe(false);
  });

  test('initial: now rotates once, and not again after a rotation', () => {
    const { all, records } = estate({ type: 'general', policy: 'RotationPolicy/monthly', initial: 'now' });
    const first = plan(all, replace(records, 'PamUser/app', { rotation: { anchorAt: NOW } }));
    expect(find(first, 'rotate PamUser/app')).toMatchObject({ reason: { type: 'initial' } });
    expect(plan(all, replace(records, 'PamUser/app', { rotation: { lastRotatedAt: NOW } })).changes).toEqual([]);
  });

  test('what is due is rotated, exactly at its time', () => {
    const { all, records } = estate();
    const due = '2027-01-31T00:00:00.000Z';
    expect(plan(all, records, { asOf: '2027-01-30T23:59:59.999Z' }).changes).toEqual([]);
    expect(find(plan(all, records, { asOf: due }), 'rotate PamUser/app')).toMatchObject({ reason: { type: 'due', dueAt: due } });
  });

  test('a shorter period counts from the last rotation, and the plan that changes it shows what becomes due', () => {
    const { all, records, policy } = estate();
    const weekly = { ...policy, fields: { schedule: { every: '7d', jitter: '0s' } } };
    const p = plan(
      all.map((r) => (r === policy ? weekly : r)),
      replace(records, 'PamUser/app', { rotation: { lastRotatedAt: '2027-01-05T00:00:00.000Z' } }),
    );
    expect(find(p, 'rotate PamUser/app').dependsOn).toContain('update RotationPolicy/monthly');
  });

  test('a trigger that was never seen rotates; one that was seen does not', () => {
    const { all, records } = estate({ type: 'general', policy: 'RotationPolicy/monthly', trigger: 'b' });
    const seen = (triggersSeen: string[]) => plan(all, replace(records, 'PamUser/app', { rotation: { anchorAt: NOW, triggersSeen } }));
    expect(find(seen(['a']), 'rotate PamUser/app')).toMatchObject({ reason: { type: 'trigger', value: 'b' } });
    expect(seen(['a', 'b']).changes).toEqual([]);
  });

  test('the trigger that a record is created with counts as seen', () => {
    const { all } = estate({ type: 'general', policy: 'RotationPolicy/monthly', trigger: 'a' });
    expect(plan(all).changes.some((c) => c.kind === 'rotate')).toBe(false);
  });

  test('initial: never waits for a first rotation by hand', () => {
    const { all, records } = estate({ type: 'general', policy: 'RotationPolicy/monthly', initial: 'never' });
    const later = { asOf: '2030-01-01T00:00:00.000Z' };
    expect(plan(all, records, later).changes).toEqual([]);
    const rotated = replace(records, 'PamUser/app', { rotation: { lastRotatedAt: NOW } });
    expect(ids(plan(all, rotated, later))).toEqual(['rotate PamUser/app']);
  });

  test('enabled: false pauses one account and nothing else', () => {
    const { all, records } = estate({ type: 'general', initial: 'now', enabled: false });
    expect(plan(all, records).changes).toEqual([]);
  });

  test('a target that moved away is rotated for drift', () => {
    const { all, records } = estate();
    const p = plan(all, replace(records, 'PamUser/app', { rotation: { anchorAt: NOW, drift: { at: NOW, version: 'v9' } } }));
    expect(find(p, 'rotate PamUser/app')).toMatchObject({ reason: { type: 'drift' } });
  });

  test('the administrator comes after every account that it serves', () => {
    const { all, records, admin } = estate({ type: 'general', initial: 'now' });
    const rotating = { ...admin, fields: { ...admin.fields, rotation: { type: 'general', initial: 'now' } } };
    const p = plan(
      all.map((r) => (r === admin ? rotating : r)),
      replace(records, 'PamUser/admin', { fields: rotating.fields }),
      { grants: { soleAdmin: 1 } },
    );
    expect(find(p, 'rotate PamUser/admin').dependsOn).toContain('rotate PamUser/app');
    expect(ids(p).indexOf('rotate PamUser/admin')).toBeGreaterThan(ids(p).indexOf('rotate PamUser/app'));
  });

  test('two administrators of each other: the one that comes first by name is rotated first', () => {
    const rotation = { type: 'general', initial: 'now' };
    const all = [
      desired('PamDatabase/x', { databaseType: 'postgresql', host: 'x' }, { 'admin-of': 'PamUser/b' }),
      desired('PamDatabase/y', { databaseType: 'postgresql', host: 'y' }, { 'admin-of': 'PamUser/a' }),
      desired('PamUser/a', { login: 'a', rotation }, { 'belongs-to': 'PamDatabase/x' }),
      desired('PamUser/b', { login: 'b', rotation }, { 'belongs-to': 'PamDatabase/y' }),
    ];
    const p = plan(
      all,
      all.map((r) => recordOf(r, { versions: [version()] })),
    );
    const both = [find(p, 'rotate PamUser/a').dependsOn, find(p, 'rotate PamUser/b').dependsOn];
    expect(both.filter((d) => d.length > 0)).toHaveLength(1);
  });

  test('the only administrator of its own resource needs a grant', () => {
    const { all, records, admin } = estate();
    const rotating = { ...admin, fields: { ...admin.fields, rotation: { type: 'general', initial: 'now' } } };
    const resources = all.map((r) => (r === admin ? rotating : r));
    const stored = replace(records, 'PamUser/admin', { fields: rotating.fields });
    expect(find(plan(resources, stored), 'rotate PamUser/admin').blocked?.code).toBe('PAM2005');
    expect(find(plan(resources, stored, { grants: { soleAdmin: 1 } }), 'rotate PamUser/admin').blocked).toBeUndefined();
  });
});

describe('blocked rows', () => {
  const initial = { type: 'general', initial: 'now' };

  test.each<
    [
      string,
      (e: ReturnType<typeof estate>) => { resources?: ReturnType<typeof estate>['all']; records?: ReturnType<typeof estate>['records'] },
      string,
    ]
  >([
    [
      'no provider',
      (e) => ({ resources: e.all.map((r) => (r === e.database ? { ...r, fields: { ...r.fields, databaseType: 'oracle' } } : r)) }),
      'PAM2001',
    ],
    [
      'hooks',
      (e) => ({ resources: e.all.map((r) => (r === e.app ? { ...r, fields: { ...r.fields, hooks: [{ file: 'x' }] } } : r)) }),
      'PAM2001',
    ],
    [
      'via',
      (e) => ({ resources: e.all.map((r) => (r === e.database ? { ...r, fields: { ...r.fields, via: 'PamMachine/jump' } } : r)) }),
      'PAM2001',
    ],
    ['no credential of the administrator', (e) => ({ records: replace(e.records, 'PamUser/admin', { versions: [] }) }), 'PAM2003'],
    [
      'quarantine',
      (e) => ({
        records: replace(e.records, 'PamUser/app', { rotation: { quarantined: { at: NOW, code: 'PAM4001', reason: 'neither opens' } } }),
      }),
      'PAM4001',
    ],
  ])('%s', (_, change, code) => {
    const e = estate(initial);
    const { resources = e.all, records = e.records } = change(e);
    expect(find(plan(resources, records), 'rotate PamUser/app').blocked?.code).toBe(code);
  });

  test('a refused credential of the administrator blocks, until a new version comes', () => {
    const e = estate(initial);
    const snapshot = snapshotOf(e.records, { refusedVersions: ['v1'] });
    expect(find(plan(e.all, e.records, { snapshot }), 'rotate PamUser/app').blocked?.code).toBe('PAM2004');
    const renewed = e.all.map((r) => (r === e.admin ? { ...r, inputs: { password: { fromEnv: 'X', version: 2 } } } : r));
    expect(find(plan(renewed, e.records, { snapshot }), 'rotate PamUser/app').blocked).toBeUndefined();
  });
});

test('a rotation that is yet to come is told: the clock of some run was wrong, and the account would not be due for as long', () => {
  const { all, records } = estate();
  const codesAfter = (hours: number) => {
    const lastRotatedAt = new Date(Date.parse(NOW) + hours * 3_600_000).toISOString();
    return plan(all, replace(records, 'PamUser/app', { rotation: { lastRotatedAt } })).risks.map((r) => r.code);
  };
  expect(codesAfter(24 * 3650)).toContain('wrong-clock');
  expect(codesAfter(0.5)).not.toContain('wrong-clock');
});

describe('inputs', () => {
  test('a new version is taken in, the same one is not read again, a lower one is a risk and reads nothing', () => {
    const { all, records, admin } = estate();
    const given = (n: number) => all.map((r) => (r === admin ? { ...r, inputs: { password: { fromEnv: 'ADMIN', version: n } } } : r));
    const stored = replace(records, 'PamUser/admin', { inputs: { password: 2 } });
    expect(ids(plan(given(3), stored))).toEqual(['ingest PamUser/admin password']);
    expect(plan(given(2), stored).changes).toEqual([]);
    const lower = plan(given(1), stored);
    expect(lower.changes).toEqual([]);
    expect(lower.risks.map((r) => r.code)).toContain('lower-input-version');
  });

  test('an account that uses a new credential waits for it', () => {
    const { all, records, admin } = estate({ type: 'general', initial: 'now' });
    const resources = all.map((r) => (r === admin ? { ...r, inputs: { password: { fromEnv: 'ADMIN', version: 1 } } } : r));
    expect(find(plan(resources, records), 'rotate PamUser/app').dependsOn).toContain('ingest PamUser/admin password');
  });

  test('an adopted secret is proved, never rotated by surprise', () => {
    const { all, records } = estate();
    const { proof: _, ...unproved } = version({ id: 'v5', origin: 'recovered' });
    expect(ids(plan(all, replace(records, 'PamUser/app', { versions: [unproved], rotation: { anchorAt: NOW } })))).toEqual([
      'verify PamUser/app',
    ]);
  });
});

describe('limits', () => {
  const many = (n: number) => Array.from({ length: n }, (_, i) => desired(`PamUser/u${String(i).padStart(3, '0')}`, { login: `u${i}` }));

  test('more than a quarter of the records is not released at once, and the message names the grant', () => {
    const users = many(8);
    const p = plan(
      users.slice(3),
      users.map((u) => recordOf(u)),
    );
    expect(p.changes.map((c) => c.blocked?.code)).toEqual(['PAM2010', 'PAM2010', 'PAM2010']);
    expect(p.changes[0]?.blocked?.reason).toContain('--grant release=3');
    const granted = plan(
      users.slice(3),
      users.map((u) => recordOf(u)),
      { grants: { release: 3 } },
    );
    expect(granted.changes.every((c) => c.blocked === undefined)).toBe(true);
    expect(granted.digest).not.toBe(p.digest);
  });

  test('one always passes, so that a small project can release too', () => {
    const users = many(2);
    expect(
      plan(
        users.slice(1),
        users.map((u) => recordOf(u)),
      ).changes[0]?.blocked,
    ).toBeUndefined();
  });

  test('of what is merely due the most overdue goes first, and the rest waits', () => {
    const { all, records, app } = estate();
    const resources = [
      ...all.filter((r) => r !== app),
      ...['a', 'b', 'c'].map((n) => ({ ...app, address: `PamUser/${n}` as const, fields: { ...app.fields, login: n } })),
    ];
    const due = (n: string, day: string) =>
      recordOf(
        { ...app, address: `PamUser/${n}` as const, fields: { ...app.fields, login: n } },
        { rotation: { lastRotatedAt: `2026-11-${day}T00:00:00.000Z` } },
      );
    const p = plan(resources, [...records.filter((r) => r.address !== 'PamUser/app'), due('a', '20'), due('b', '10'), due('c', '15')], {
      limits: { rotate: { max: 2 } },
    });
    expect(find(p, 'rotate PamUser/b').blocked).toBeUndefined();
    expect(find(p, 'rotate PamUser/c').blocked).toBeUndefined();
    expect(find(p, 'rotate PamUser/a').blocked?.code).toBe('PAM2011');
  });

  test('declared rotations over the limit are blocked all together', () => {
    const { all, records } = estate({ type: 'general', initial: 'now' });
    expect(find(plan(all, records, { limits: { 'PamUser.rotate': { max: 0 } } }), 'rotate PamUser/app').blocked?.code).toBe('PAM2010');
  });

  test('a freeze blocks everything but recovery', () => {
    const { all, records } = estate({ type: 'general', initial: 'now' });
    const active = { id: 'r1', field: 'password' as const, reason: { type: 'initial' as const }, startedAt: NOW };
    const p = plan(all, replace(records, 'PamUser/app', { rotation: { active } }), {
      freezes: [{ from: '2027-01-01T00:00:00.000Z', until: '2027-02-01T00:00:00.000Z', reason: 'year end' }],
    });
    expect(find(p, 'recover PamUser/app').blocked).toBeUndefined();
    expect(find(p, 'rotate PamUser/app').blocked?.code).toBe('PAM2013');
  });
});

describe('narrowing', () => {
  test('--target takes what the target depends on with it', () => {
    const { all } = estate();
    const p = plan(all, [], { narrowing: { targets: ['PamUser/app'], excludes: [], files: [] } });
    expect(p.changes.some((c) => c.address === 'PamUser/admin')).toBe(true);
    const only = plan(all, [], { narrowing: { targets: ['RotationPolicy/monthly'], excludes: [], files: [] } });
    expect(ids(only)).toEqual(['create RotationPolicy/monthly']);
  });

  test('--exclude leaves out what depends on the excluded', () => {
    const { all } = estate({ type: 'general', initial: 'now' });
    const p = plan(all, [], { narrowing: { targets: [], excludes: ['PamDatabase/db'], files: [] } });
    expect(p.changes.some((c) => c.address === 'PamDatabase/db' || c.id.includes('belongs-to') || c.kind === 'rotate')).toBe(false);
    expect(p.changes.some((c) => c.id === 'create PamUser/app')).toBe(true);
  });

  test('--only records touches nothing live, --only rotations writes no record', () => {
    const { all, records, database } = estate({ type: 'general', initial: 'now' });
    const resources = all.map((r) => (r === database ? { ...r, fields: { ...r.fields, title: 'x' } } : r));
    const only = (mode: 'records' | 'rotations') =>
      plan(resources, records, { narrowing: { targets: [], excludes: [], files: [], only: mode } });
    expect(ids(only('records'))).toEqual(['update PamDatabase/db']);
    // The rotation waits for the record row that is left out.
    expect(ids(only('rotations'))).toEqual([]);
    const clean = plan(all, records, { narrowing: { targets: [], excludes: [], files: [], only: 'rotations' } });
    expect(ids(clean)).toEqual(['rotate PamUser/app']);
  });

  test('folders and labels select too', () => {
    const a = desired('PamUser/a', { login: 'a', metadata: { folder: 'prod/db', labels: { team: 'x' } } });
    const b = desired('PamUser/b', { login: 'b', metadata: { folder: 'dev' } });
    const target = (t: string) => ids(plan([a, b], [], { narrowing: { targets: [t], excludes: [], files: [] } }));
    expect(target('folder:prod')).toEqual(['create PamUser/a']);
    expect(target('label:team=x')).toEqual(['create PamUser/a']);
    expect(target('label:team=y')).toEqual([]);
  });
});

describe('digest', () => {
  test('same inputs, same bytes, whatever the order of the manifests', () => {
    const { all, records } = estate({ type: 'general', initial: 'now' });
    const a = plan(all, records.slice(0, 2));
    const b = plan([...all].reverse(), [...records.slice(0, 2)].reverse());
    expect(JSON.stringify(b)).toBe(JSON.stringify(a));
  });

  test('time, positions and the rest of the vault do not change it', () => {
    const { all } = estate({ type: 'general', initial: 'now' });
    const a = plan(all);
    const moved = all.map((r) => ({ ...r, source: { file: 'manifests/b.yaml', line: 9, column: 9 } }));
    const later = plan(moved, [recordOf(desired('PamUser/x'), { owner: { project: 'else', environment: 'default' } })], {
      asOf: '2027-01-16T00:00:00.000Z',
      snapshot: { ...snapshotOf([]), serial: 99 },
    });
    expect(later.digest).toBe(a.digest);
  });

  test('what merely falls due does not change it', () => {
    const { all, records } = estate();
    expect(plan(all, records, { asOf: '2028-01-01T00:00:00.000Z' }).digest).toBe(plan(all, records).digest);
  });

  test.each<[string, (e: ReturnType<typeof estate>) => Plan]>([
    ['a declared value', (e) => plan(e.all.map((r) => (r === e.app ? { ...r, fields: { ...r.fields, notes: 'x' } } : r)))],
    ['a record that a row starts from', (e) => plan(e.all, [recordOf({ ...e.app, fields: { login: 'else' } })])],
    ['a grant', (e) => plan(e.all, [], { grants: { rotate: 5 } })],
    ['the lineage', (e) => plan(e.all, [], { snapshot: snapshotOf([], { lineage: 'lineage-2' }) })],
    ['the environment', (e) => plan(e.all, [], { owner: { project: 'orders', environment: 'prod' } })],
  ])('%s changes it', (_, changed) => {
    const e = estate();
    expect(changed(e).digest).not.toBe(plan(e.all).digest);
  });

  test('a plan holds no function, no undefined, and survives JSON', () => {
    const { all } = estate({ type: 'general', initial: 'now' });
    const p = plan(all);
    expect(JSON.parse(JSON.stringify(p))).toEqual(p);
  });
});
