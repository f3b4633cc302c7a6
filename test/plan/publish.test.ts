import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { DesiredResource, RotationState, SecretField, VaultRecord, VersionHeader, VersionState } from '../../src/model/index.ts';
import { makePlan, openSnapshot, publishSnapshot, rotationCalendar } from '../../src/plan/index.ts';
import { scheduleHash } from '../../src/policy/index.ts';
import { checkSchema } from '../cli/schemas.ts';
import { inputOf } from '../report/hostile.ts';
import { desired, estate, NOW, OWNER, recordOf, replace, snapshotOf, version } from './fixtures.ts';

/** Stands in every field that a plan does not read, so that one of them in a file is found. */
const PRIVATE = 'private-to-the-vault';
const instant = fc.date({ min: new Date('2026-06-01'), max: new Date('2027-01-15'), noInvalidDate: true }).map((d) => d.toISOString());
const optional = <T>(of: fc.Arbitrary<T>) => fc.option(of, { nil: undefined });

const versions: fc.Arbitrary<VersionHeader[]> = fc.uniqueArray(
  fc
    .record({
      id: fc.uuid(),
      field: fc.constantFrom<SecretField>('password', 'privateKey', 'oneTimeCode'),
      state: fc.constantFrom<VersionState>('current', 'pending', 'previous', 'candidate'),
      proof: optional(fc.constant({ at: NOW, method: PRIVATE, node: PRIVATE })),
      unproved: optional(fc.constant(PRIVATE)),
      bits: optional(fc.integer({ min: 0, max: 256 })),
      refused: optional(fc.constant({ at: NOW, code: PRIVATE })),
    })
    .map(
      (v) =>
        defined({ ...v, id: v.state === 'current' ? v.id : `${PRIVATE}-${v.id}`, origin: 'generated', createdAt: NOW }) as VersionHeader,
    ),
  { selector: (v) => `${v.field} ${v.state}`, maxLength: 4 },
);

const rotation: fc.Arbitrary<RotationState> = fc
  .record({
    active: optional(fc.constant({ id: 'r1', field: 'password', reason: { type: 'trigger', value: PRIVATE }, startedAt: NOW })),
    triggersSeen: optional(fc.subarray(['one', 'two'])),
    retiring: optional(fc.constant([{ field: 'privateKey', version: PRIVATE }])),
    lastRotatedAt: optional(instant),
    anchorAt: optional(instant),
    nextAt: optional(instant),
    scheduleHash: optional(fc.constantFrom('0'.repeat(64), scheduleHash({ every: '30d', jitter: '0s' }))),
    seen: optional(fc.constant({ at: NOW, identity: PRIVATE, foreignKeys: [PRIVATE] })),
    drift: optional(fc.constant({ at: NOW, version: PRIVATE })),
    quarantined: optional(fc.constant({ at: NOW, code: PRIVATE, reason: 'nobody could say' })),
    lockout: optional(fc.constant({ maxFailures: 5 })),
    failures: optional(fc.constant({ count: 3, lastAt: NOW, code: PRIVATE, notBefore: NOW })),
  })
  .map((r) => defined(r) as RotationState);

const changes = fc.record({
  status: fc.constantFrom<VaultRecord['status']>('managed', 'released'),
  inputs: fc.constantFrom({}, { password: 1 }, { password: 3 }),
  versions,
  rotation,
  mac: fc.constant(PRIVATE),
});

/** The everyday estate, with parts of it gone from Git or from the vault, and records in any state. */
const worlds = fc
  .record({
    rotation: fc.constantFrom(
      { type: 'general', policy: 'RotationPolicy/monthly' },
      { type: 'general', policy: 'RotationPolicy/monthly', trigger: 'two' },
      { type: 'general', schedule: { every: '7d', jitter: '1h' }, complexity: { length: 40 }, initial: 'now' },
    ),
    login: fc.constantFrom('app', 'another'),
    app: changes,
    admin: changes,
    declared: fc.subarray([0, 1, 2, 3, 4, 5], { minLength: 3 }),
    recorded: fc.subarray([0, 1, 2, 3, 4, 5], { minLength: 3 }),
    refused: fc.boolean(),
  })
  .map(({ rotation, login, app, admin, declared, recorded, refused }) => {
    const { all } = estate();
    const twin = desired('PamUser/twin', { login: 'app', rotation }, { 'belongs-to': 'PamDatabase/db' });
    const wanted = [...estate(rotation).all.map((r) => (r.address === 'PamUser/app' ? { ...r, fields: { ...r.fields, login } } : r)), twin];
    const records = [...all, twin].map((r) => recordOf(r, { mac: PRIVATE, versions: [version({ id: `v-${r.address}` })] }));
    const changed = replace(replace(records, 'PamUser/app', since(app)), 'PamUser/admin', since(admin));
    const foreign = recordOf(desired('PamUser/foreign', { login: PRIVATE }), { owner: { ...OWNER, environment: 'prod' } });
    const kept = changed.filter((_, i) => recorded.includes(i));
    return {
      desired: wanted.filter((_, i) => declared.includes(i)) as readonly DesiredResource[],
      records: [foreign, ...kept],
      refused: refused ? [...kept.flatMap((r) => r.versions.map((v) => v.id)), `${PRIVATE}-refused`] : [],
    };
  });

describe('a published snapshot', () => {
  test('gives the plan that the vault gives, byte by byte, and the calendar', () => {
    const kinds = new Set<string>();
    fc.assert(
      fc.property(worlds, (world) => {
        const input = inputOf(world.desired, world.records, { refused: world.refused });
        const file = reread(publishSnapshot(input.snapshot, OWNER, NOW));
        const opened = openSnapshot(file);
        if (opened === null) throw new Error('its digest is not that of its content');
        const plan = makePlan(input);
        for (const change of plan.changes) kinds.add(change.kind);
        expect(makePlan({ ...input, snapshot: opened })).toEqual(plan);
        expect(rotationCalendar({ ...input, snapshot: opened })).toEqual(rotationCalendar(input));
      }),
      { numRuns: 150, seed: 1 },
    );
    // What was compared was worth it.
    for (const kind of ['create', 'update', 'rotate', 'recover', 'verify', 'adopt', 'release']) expect([...kinds]).toContain(kind);
  });

  test('holds nothing that a plan does not read, and is as its schema says', () => {
    fc.assert(
      fc.property(worlds, ({ records, refused }) => {
        const file = publishSnapshot(snapshotOf(records, { refusedVersions: refused }), OWNER, NOW);
        checkSchema('snapshot', reread(file));
        expect(JSON.stringify(file)).not.toContain(PRIVATE);
      }),
      { numRuns: 100 },
    );
  });

  test('is the same whatever the order in which the vault has its records', () => {
    const { records } = estate();
    const file = publishSnapshot(snapshotOf(records), OWNER, NOW);
    expect(publishSnapshot(snapshotOf([...records].reverse()), OWNER, NOW)).toEqual(file);
    expect(openSnapshot({ ...file, serial: 8 })).toBeNull();
  });
});

function since(state: Partial<VaultRecord>): Partial<VaultRecord> {
  return state.status === 'released' ? { ...state, releasedAt: NOW } : state;
}

/** Without what is undefined: a vault stores JSON. */
function defined(value: object): object {
  return reread(value);
}

function reread<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}
