import { expect, test } from 'vitest';
import type { VaultRecord } from '../../src/model/index.ts';
import { makeStateReport } from '../../src/plan/index.ts';
import { inputOf } from '../report/hostile.ts';
import { desired, estate, NOW, recordOf, replace, version } from './fixtures.ts';

const { all, records } = estate();
const report = (changed: readonly VaultRecord[] = records, more = {}) => makeStateReport(inputOf(all, changed, more), []);
const account = (changed: readonly VaultRecord[], more = {}) => report(changed, more).accounts.find((a) => a.address === 'PamUser/app');

test('coverage counts accounts with rotation, and what is proved of them', () => {
  expect(report().total).toEqual({ group: '', accounts: 2, rotated: 1, proved: 1, unproved: 0, overdue: 0, troubled: 0 });
  expect(report().byResource.map((c) => [c.group, c.accounts])).toEqual([['PamDatabase/db', 2]]);
});

test('a secret has the age of its current version', () => {
  expect(account(replace(records, 'PamUser/app', { versions: [version({ createdAt: '2027-01-05T12:00:00.000Z' })] }))).toMatchObject({
    secret: 'proved',
    ageDays: 10,
    proof: { method: 'scram-login' },
  });
});

test('what a target refused, what moved, what failed and what is quarantined are told as trouble', () => {
  const at = '2027-01-10T00:00:00.000Z';
  const troubled = replace(records, 'PamUser/app', {
    versions: [version()],
    rotation: {
      quarantined: { at, code: 'PAM4001', reason: 'neither opens it' },
      drift: { at, version: 'v1' },
      failures: { count: 2, lastAt: at, code: 'PAM6001', notBefore: at },
    },
  });
  expect(account(troubled)).toMatchObject({
    secret: 'refused',
    trouble: [{ kind: 'quarantined' }, { kind: 'moved' }, { kind: 'failing' }],
  });
  expect(account(replace(records, 'PamUser/app', { versions: [version()] }), { refused: ['v1'] })?.secret).toBe('refused');
});

test('an unproved secret says why, and one that is kept has nothing to prove', () => {
  const { proof: _, ...bare } = version();
  expect(account(replace(records, 'PamUser/app', { versions: [{ ...bare, unproved: 'no login there' }] }))).toMatchObject({
    secret: 'unproved',
    unprovedBecause: 'no login there',
  });
  const kept = desired('PamUser/kept', { login: 'kept' });
  const [row] = makeStateReport(inputOf([kept], [recordOf(kept, { versions: [bare] })]), []).accounts;
  expect(row?.secret).toBe('kept');
});

test('the calendar holds every time of the next twelve weeks, what is due stands at the moment itself', () => {
  const times = (lastRotatedAt: string) =>
    report(replace(records, 'PamUser/app', { rotation: { lastRotatedAt } })).calendar.map((u) => `${u.at} ${u.state}`);
  expect(times('2027-01-10T00:00:00.000Z')).toEqual(['2027-02-09T00:00:00.000Z scheduled', '2027-03-11T00:00:00.000Z scheduled']);
  expect(times('2026-12-01T00:00:00.000Z')).toEqual([
    `${NOW} due`,
    '2027-02-14T12:00:00.000Z scheduled',
    '2027-03-16T12:00:00.000Z scheduled',
  ]);
});

test('a paused, a retired and a released account have no times and are counted for what they are', () => {
  const app = (fields: object, status: 'managed' | 'released' = 'managed') => {
    const one = desired('PamUser/app', { login: 'app', rotation: { type: 'general', schedule: { every: '1d' } }, ...fields });
    const made = makeStateReport(inputOf(status === 'managed' ? [one] : [], [recordOf(one, { status, rotation: { anchorAt: NOW } })]), []);
    return [made.accounts[0]?.rotation, made.calendar.length, made.total.accounts];
  };
  expect(app({})).toEqual(['scheduled', 84, 1]);
  expect(app({ rotation: { type: 'general', schedule: { every: '1d' }, enabled: false } })).toEqual(['paused', 0, 1]);
  expect(app({ lifecycle: { retire: true } })).toEqual(['retired', 0, 1]);
  expect(app({}, 'released')).toEqual(['none', 0, 0]);
});

test('initial: now that no apply has carried out is due, with a schedule or without', () => {
  for (const rotation of [
    { type: 'general', initial: 'now' },
    { type: 'general', initial: 'now', schedule: { every: '60d' } },
  ]) {
    const one = desired('PamUser/app', { login: 'app', rotation });
    const made = makeStateReport(inputOf([one], [recordOf(one)]), []);
    expect(made.accounts[0]?.due).toBe(true);
    expect(made.calendar[0]).toEqual({ address: 'PamUser/app', at: NOW, state: 'due' });
  }
});
