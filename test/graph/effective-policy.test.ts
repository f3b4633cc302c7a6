import { expect, test } from 'vitest';
import { effectivePolicy } from '../../src/graph/index.ts';
import type { Address, DesiredResource, JsonObject } from '../../src/model/index.ts';
import { database, policy, resource, user } from './fixtures.ts';

const world = (...resources: DesiredResource[]) => {
  const all = new Map(
    [
      resource('PamConfiguration/onprem', { type: 'network', defaultPolicy: 'RotationPolicy/default' }),
      policy('default', { schedule: { every: '90d' }, complexity: { length: 40 }, retain: 3 }),
      policy('monthly', { schedule: { every: '30d' }, retain: 0 }),
      database(),
      ...resources,
    ].map((r) => [r.address, r]),
  );
  return (address: Address) => all.get(address);
};
const of = (rotation: JsonObject | undefined, spec: JsonObject = {}) =>
  effectivePolicy(user('app', { ...(rotation === undefined ? {} : { rotation }), ...spec }), world());

test('what stands at the account comes first, then the named policy, then the default of the configuration, part by part', () => {
  const schedule = { every: '1d' };
  expect(of({ policy: 'RotationPolicy/monthly', schedule })).toEqual({ schedule, complexity: { length: 40 }, retain: 0 });
  expect(of({ policy: 'RotationPolicy/monthly' })).toEqual({ schedule: { every: '30d' }, complexity: { length: 40 }, retain: 0 });
  expect(of({})).toEqual({ schedule: { every: '90d' }, complexity: { length: 40 }, retain: 3 });
});

test('an account of a cloud takes the default of its own configuration', () => {
  const iam = resource('PamUser/iam', { login: 'iam', configuration: 'PamConfiguration/onprem', rotation: { type: 'iamUser' } });
  expect(effectivePolicy(iam, world()).retain).toBe(3);
});

test('a kept credential with a rotation has only what it says itself', () => {
  expect(effectivePolicy(resource('PamUser/kept', { rotation: { retain: 1 } }), world())).toEqual({ retain: 1 });
});

test('without rotation there is no policy', () => {
  expect(of(undefined)).toEqual({});
});

test('a policy that is missing is passed over', () => {
  expect(of({ policy: 'RotationPolicy/gone' }).schedule).toEqual({ every: '90d' });
});
