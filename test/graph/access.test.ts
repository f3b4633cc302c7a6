import { expect, test } from 'vitest';
import { blastRadius, buildAccess, connect, neighbourhood } from '../../src/graph/index.ts';
import type { Address, DesiredResource } from '../../src/model/index.ts';
import { admin, database, network, policy, resource, sound, user } from './fixtures.ts';

const said = (resources: readonly DesiredResource[]) => buildAccess(resources).edges.map((e) => `${e.from} ${e.relation} ${e.to}`);
const opened = (resources: readonly DesiredResource[], origin: string) =>
  blastRadius(connect(resources), origin as Address).hops.map((h) => `${h.step} ${h.level} ${h.address}`);

test('edges point from the one with the power, and policies are no part of it', () => {
  expect(said([...sound(), policy('monthly'), user('app', { rotation: { policy: 'RotationPolicy/monthly' } })])).toEqual([
    'PamDatabase/orders-db is configured by PamConfiguration/onprem',
    'PamUser/app lives on PamDatabase/orders-db',
    'PamUser/orders-db-admin administers PamDatabase/orders-db',
    'PamUser/orders-db-admin lives on PamDatabase/orders-db',
  ]);
});

test('a focus keeps what lies within its depth, whatever way an edge points', () => {
  const graph = buildAccess([...sound(), user('app')]);
  const around = (depth: number) => neighbourhood(graph, ['PamUser/app'], depth).nodes.map((n) => n.address);
  expect(around(1)).toEqual(['PamDatabase/orders-db', 'PamUser/app']);
  expect(around(2)).toEqual(['PamConfiguration/onprem', 'PamDatabase/orders-db', 'PamUser/app', 'PamUser/orders-db-admin']);
});

test('a stolen administrator opens its resource and every account there, onward', () => {
  const second = [database('billing', { adminCredential: 'PamUser/shared' }), user('billing-app', { resource: 'PamDatabase/billing' })];
  const all = [...sound(), ...second, user('shared'), user('app')];
  expect(opened(all, 'PamUser/orders-db-admin')).toEqual([
    '1 administered PamDatabase/orders-db',
    '2 held PamUser/app',
    '2 held PamUser/shared',
    '3 administered PamDatabase/billing',
    '4 held PamUser/billing-app',
  ]);
});

test('an ordinary account opens its own resource and no more', () => {
  expect(opened([...sound(), user('app')], 'PamUser/app')).toEqual(['1 entered PamDatabase/orders-db']);
});

test('launch, reconcile, service and browser credentials each open what they are for', () => {
  const all = [
    network(),
    database('orders-db', { launchCredential: 'PamUser/launcher' }),
    admin(),
    user('launcher'),
    user('target', { reconcileCredential: 'PamUser/launcher', resource: 'PamDatabase/other' }),
    database('other', {}),
    admin('other'),
    resource('PamRemoteBrowser/portal', { configuration: 'PamConfiguration/onprem', url: 'https://x', autofill: 'PamUser/launcher' }),
  ];
  expect(opened(all, 'PamUser/launcher')).toEqual([
    '1 entered PamDatabase/orders-db',
    '1 entered PamRemoteBrowser/portal',
    '1 held PamUser/target',
    '2 entered PamDatabase/other',
  ]);
});

test('who administers a machine reads the credentials of the services that run on it', () => {
  const machine = resource('PamMachine/win', { configuration: 'PamConfiguration/onprem', adminCredential: 'PamUser/root' });
  const all = [...sound(), machine, user('root', { resource: 'PamMachine/win' }), user('svc', { services: ['PamMachine/win'] })];
  expect(opened(all, 'PamUser/root')).toContain('2 held PamUser/svc');
});

test('a domain opens the machines that joined it, another configuration does not', () => {
  const of = (type: string) => [
    resource('PamConfiguration/corp', { type, adminCredential: 'PamUser/da' }),
    resource('PamMachine/in', { configuration: 'PamConfiguration/corp', domainJoined: true }),
    resource('PamMachine/out', { configuration: 'PamConfiguration/corp' }),
    resource('PamUser/da', { login: 'da' }),
  ];
  expect(opened(of('domain'), 'PamUser/da')).toEqual(['1 administered PamConfiguration/corp', '2 administered PamMachine/in']);
  expect(opened(of('network'), 'PamUser/da')).toEqual(['1 administered PamConfiguration/corp']);
});

test('accounts that can reset each other end the walk, and each hop starts at one before it', () => {
  const all = [...sound(), user('a', { reconcileCredential: 'PamUser/b' }), user('b', { reconcileCredential: 'PamUser/a' })];
  const { hops } = blastRadius(connect(all), 'PamUser/a');
  expect(hops.map((h) => h.address)).toEqual(['PamDatabase/orders-db', 'PamUser/b']);
  const known = new Set<string>(['PamUser/a']);
  for (const hop of hops) {
    expect(known).toContain(hop.from);
    known.add(hop.address);
  }
});
