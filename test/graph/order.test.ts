import { describe, expect, test } from 'vitest';
import { buildGraph, connect, dependencies, order, rotationOrder } from '../../src/graph/index.ts';
import type { Address, DesiredResource } from '../../src/model/index.ts';
import { admin, database, network, policy, resource, sound, user } from './fixtures.ts';

describe('order', () => {
  test('puts everything after what it refers to, addresses sorted within a layer', () => {
    const bastion = resource('PamMachine/bastion', { configuration: 'PamConfiguration/onprem' });
    const config = resource('PamConfiguration/onprem', { type: 'network', defaultPolicy: 'RotationPolicy/monthly' });
    const graph = connect([
      user('app'),
      database('orders-db', { via: 'PamMachine/bastion' }),
      admin(),
      config,
      bastion,
      policy('monthly'),
      policy('weekly'),
    ]);
    expect(order(graph)).toEqual([
      ['RotationPolicy/monthly', 'RotationPolicy/weekly'],
      ['PamConfiguration/onprem'],
      ['PamMachine/bastion'],
      ['PamDatabase/orders-db'],
      ['PamUser/app', 'PamUser/orders-db-admin'],
    ]);
  });

  test('is the same whatever the order of the manifests', () => {
    const resources = [...sound(), user('a'), user('b'), policy('monthly')];
    expect(order(connect([...resources].reverse()))).toEqual(order(connect(resources)));
  });

  test('leaves out what leads nowhere, and has a place for circles', () => {
    const a = resource('PamMachine/a', { via: 'PamMachine/b', configuration: 'PamConfiguration/none' });
    const b = resource('PamMachine/b', { via: 'PamMachine/a' });
    expect(order(connect([a, b, network()]))).toEqual([['PamConfiguration/onprem'], ['PamMachine/a', 'PamMachine/b']]);
  });

  test('knows what a resource depends on', () => {
    const graph = connect([
      ...sound(),
      policy('monthly'),
      user('app', { rotation: { type: 'general', policy: 'RotationPolicy/monthly' } }),
    ]);
    expect(dependencies(graph, 'PamUser/app')).toEqual(['PamDatabase/orders-db', 'RotationPolicy/monthly']);
    expect(dependencies(graph, 'PamDatabase/orders-db')).toEqual(['PamConfiguration/onprem']);
  });
});

describe('rotationOrder', () => {
  const before = (...resources: DesiredResource[]) => Object.fromEntries(rotationOrder(connect(resources)));

  test('takes an administrator after everything that it administers', () => {
    expect(before(...sound(), user('b'), user('a'))).toEqual({ 'PamUser/orders-db-admin': ['PamUser/a', 'PamUser/b'] });
  });

  test('takes the credential of a jump host after what is reached through it', () => {
    const bastion = resource('PamMachine/bastion', {
      configuration: 'PamConfiguration/onprem',
      launchCredential: 'PamUser/jump',
      via: 'PamMachine/outer',
    });
    const outer = resource('PamMachine/outer', { configuration: 'PamConfiguration/onprem', adminCredential: 'PamUser/root' });
    const found = before(
      network(),
      outer,
      bastion,
      database('orders-db', { via: 'PamMachine/bastion' }),
      admin(),
      resource('PamUser/jump', {}),
      resource('PamUser/root', {}),
    );
    expect(found['PamUser/jump']).toEqual(['PamUser/orders-db-admin']);
    expect(found['PamUser/root']).toEqual(['PamUser/orders-db-admin']);
  });

  test('takes a reconcile credential after what it can restore', () => {
    expect(before(...sound(), user('a', { reconcileCredential: 'PamUser/z' }), user('z'))).toMatchObject({ 'PamUser/z': ['PamUser/a'] });
  });

  test('takes accounts that administer each other by name', () => {
    const db = (name: string, other: string) => database(name, { adminCredential: `PamUser/${other}-admin` });
    expect(before(network(), db('x', 'y'), db('y', 'x'), admin('x'), admin('y'))).toEqual({ 'PamUser/y-admin': ['PamUser/x-admin'] });
  });

  test('breaks longer circles without losing what lies outside them', () => {
    const db = (name: string, by: string) => database(name, { adminCredential: `PamUser/${by}-admin` });
    const found = before(
      network(),
      db('x', 'y'),
      db('y', 'z'),
      db('z', 'x'),
      admin('x'),
      admin('y'),
      admin('z'),
      user('app', { resource: 'PamDatabase/x' }),
    );
    expect(found).toEqual({ 'PamUser/y-admin': ['PamUser/app', 'PamUser/x-admin'], 'PamUser/z-admin': ['PamUser/y-admin'] });
  });
});

test('a project of 100,000 resources is checked and ordered in one pass over each', () => {
  // Counts look-ups instead of time: what grows with the square would need billions.
  let reads = 0;
  const counted = (r: DesiredResource): DesiredResource => ({
    ...r,
    get links() {
      reads += 1;
      return r.links;
    },
  });
  const resources: DesiredResource[] = [network(), policy('monthly')];
  const rotation = { type: 'general', policy: 'RotationPolicy/monthly' };
  for (let i = 0; i < 1000; i++) {
    resources.push(database(`db${i}`), admin(`db${i}`));
    for (let j = 0; j < 98; j++) resources.push(user(`u${i}-${j}`, { resource: `PamDatabase/db${i}` as Address, rotation }));
  }
  const { graph, problems } = buildGraph(resources.map(counted));
  expect(problems).toEqual([]);
  expect(order(graph).map((layer) => layer.length)).toEqual([2, 1000, 99_000]);
  expect(rotationOrder(graph).size).toBe(1000);
  expect(reads).toBeLessThan(20 * resources.length);
});
