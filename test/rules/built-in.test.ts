import { expect, test } from 'vitest';
import type { PolicySettings } from '../../src/manifest/index.ts';
import type { DesiredResource, JsonObject } from '../../src/model/index.ts';
import { BUILT_IN_RULES } from '../../src/rules/built-in.ts';
import { desired, estate, recordOf } from '../plan/fixtures.ts';
import { find, load, only } from './load.ts';

const user = (fields: JsonObject, links: Parameters<typeof desired>[2] = { 'belongs-to': 'PamDatabase/db' }) =>
  desired('PamUser/u', { login: 'u', ...fields }, links);
const scheduled = (schedule: JsonObject, complexity: JsonObject = {}) => user({ rotation: { type: 'general', schedule, complexity } });
const admins = (count: number) => ['a', 'b', 'c'].slice(0, count).map((n) => desired(`PamDatabase/${n}`, {}, { 'admin-of': 'PamUser/u' }));
const inFolder = (folder: string) => ({ metadata: { folder } });
const administered = (own: string, of: string) => [
  desired('PamDatabase/db', of === '' ? {} : inFolder(of), { 'admin-of': 'PamUser/u' }),
  user(own === '' ? {} : inFolder(own)),
];
const joined = (login: string, domainJoined: boolean) => [
  desired('PamMachine/m', { operatingSystem: 'windows', domainJoined }),
  desired('PamUser/u', { login }, { 'belongs-to': 'PamMachine/m' }),
];
const many = (count: number, jitter: string) =>
  Array.from({ length: count }, (_, i) =>
    desired(`PamUser/u${i}`, { rotation: { type: 'general', schedule: { every: '30d', jitter } } }, { 'belongs-to': 'PamDatabase/db' }),
  );

type Case = readonly [string, NonNullable<PolicySettings['rules']>[string], readonly DesiredResource[], string | null];
const cases: readonly Case[] = [
  ['every-user-rotates', 'warning', [user({})], 'is not rotated'],
  ['every-user-rotates', 'warning', [user({ rotation: { type: 'general', enabled: false } })], 'has a rotation that is paused'],
  ['every-user-rotates', 'warning', [user({ rotation: { type: 'general' } })], null],
  ['every-user-rotates', 'warning', [user({}, {})], null],
  ['every-user-rotates', 'warning', [user({ managed: true })], null],
  ['every-user-rotates', 'warning', [user({ lifecycle: { retire: true } })], null],
  ['longest-period', 'warning', [scheduled({ every: '91d' })], 'may keep a secret for 91 days, longer than 90'],
  ['longest-period', 'warning', [scheduled({ every: '90d' })], null],
  ['longest-period', { max: '30d' }, [scheduled({ cron: '0 0 3 ? * SUN#1' })], 'may keep a secret for 35 days, longer than 30'],
  ['longest-period', { max: '35d' }, [scheduled({ cron: '0 0 3 ? * SUN#1' })], null],
  ['longest-period', 'warning', [scheduled({ onDemand: true })], 'is rotated on demand only'],
  ['longest-period', 'off', [scheduled({ every: '91d' })], null],
  ['password-strength', 'warning', [scheduled({ every: '1d' }, { length: 8 })], 'gets passwords of 46 bits, fewer than 80'],
  ['password-strength', { min: 40 }, [scheduled({ every: '1d' }, { length: 8 })], null],
  ['password-strength', 'warning', [scheduled({ every: '1d' })], null],
  ['shared-admin-credential', 'warning', [...admins(2), user({})], 'administers 2 resources, more than 1'],
  ['shared-admin-credential', { max: 2 }, [...admins(2), user({})], null],
  ['shared-admin-credential', { max: 2 }, [...admins(3), user({})], 'administers 3 resources, more than 2'],
  [
    'admin-without-reconcile',
    'warning',
    [...admins(1), user({ rotation: { type: 'general' } }, { 'belongs-to': 'PamDatabase/a' })],
    'is rotated, and nothing could reset it if that went wrong',
  ],
  [
    'admin-without-reconcile',
    'warning',
    [...admins(1), user({ rotation: { type: 'general' }, reconcileCredential: 'PamUser/r' }, { 'belongs-to': 'PamDatabase/a' })],
    null,
  ],
  ['admin-without-reconcile', 'warning', [...admins(1), user({}, { 'belongs-to': 'PamDatabase/a' })], null],
  ['admin-beyond-folder', 'warning', administered('prod/db', 'dev'), 'lies in dev, and is administered by PamUser/u of prod/db'],
  ['admin-beyond-folder', 'warning', administered('prod', 'production'), 'lies in production, and is administered by PamUser/u of prod'],
  ['admin-beyond-folder', 'warning', administered('prod', ''), 'lies in no folder, and is administered by PamUser/u of prod'],
  ['admin-beyond-folder', 'warning', administered('prod', 'prod/db'), null],
  ['admin-beyond-folder', 'warning', administered('', 'dev'), null],
  [
    'plaintext-transport',
    'error',
    [desired('PamDatabase/db', { tls: { mode: 'disable' } })],
    'tls.mode: disable sends credentials in the clear',
  ],
  ['plaintext-transport', 'error', [desired('PamDatabase/db', { tls: { mode: 'verify-ca' } }), desired('PamMachine/m', {})], null],
  ['upn-on-domain', 'warning', joined('CORP\\jo', true), 'does not log in as user@domain, although its machine is in a domain'],
  ['upn-on-domain', 'warning', joined('jo@corp.example', true), null],
  ['upn-on-domain', 'warning', joined('jo', false), null],
  [
    'rotations-per-hour',
    { severity: 'warning', max: 4 },
    many(5, '0s'),
    '5 rotations fall into the hour from 2027-02-14T12:00:00.000Z, more than 4',
  ],
  ['rotations-per-hour', { severity: 'warning', max: 5 }, many(5, '0s'), null],
  ['rotations-per-hour', { severity: 'warning', max: 4 }, many(5, '20d'), null],
];

test.each(cases)('%s (%j)', async (id, setting, resources, message) => {
  const found = await find(only(id, setting), resources);
  expect(found.map((f) => [f.rule, f.message])).toEqual(message === null ? [] : [[id, message]]);
});

test('both verdicts of every built-in rule are tested', () => {
  for (const { id } of BUILT_IN_RULES) {
    expect(
      cases.some(([c, , , message]) => c === id && message === null),
      id,
    ).toBe(true);
    expect(
      cases.some(([c, , , message]) => c === id && message !== null),
      id,
    ).toBe(true);
  }
});

test('no built-in rule stops an apply unless pam.yaml says so, and each has a hint', async () => {
  const { rules } = await load({});
  expect(rules.map((r) => r.severity)).not.toContain('error');
  expect(rules.every((r) => r.hint !== undefined && r.description.endsWith('.'))).toBe(true);
});

test('what is due now counts as one crowd, although each was due at another time', async () => {
  const { all } = estate();
  const users = many(3, '0s');
  const records = [...all, ...users].map((r, i) => recordOf(r, { rotation: { anchorAt: `2026-11-0${(i % 8) + 1}T00:00:00.000Z` } }));
  const found = await find(only('rotations-per-hour', { severity: 'error', max: 2 }), [...all, ...users], records);
  expect(found.map((f) => [f.severity, f.message])).toEqual([
    ['error', '4 rotations fall into the hour from 2027-01-15T12:00:00.000Z, more than 2'],
  ]);
});
