import { describe, expect, test } from 'vitest';
import { PamError } from '../../src/errors/index.ts';
import { buildGraph } from '../../src/graph/index.ts';
import type { DesiredResource, JsonObject } from '../../src/model/index.ts';
import { admin, database, network, policy, resource, sound, user } from './fixtures.ts';

const codes = (resources: readonly DesiredResource[]) => buildGraph(resources).problems.map((p) => p.code);
const only = (resources: readonly DesiredResource[]) => {
  const { problems } = buildGraph(resources);
  expect(problems).toHaveLength(1);
  return problems[0] as PamError;
};

describe('references', () => {
  test('that lead where they may are no problem', () => {
    const rotation = { type: 'general', policy: 'RotationPolicy/monthly' };
    const { problems, warnings } = buildGraph([
      ...sound(),
      policy('monthly'),
      user('orders-app', { rotation, reconcileCredential: 'PamUser/orders-db-admin' }),
    ]);
    expect(problems).toEqual([]);
    expect(warnings).toEqual([]);
  });

  test('that lead nowhere name the resource that was meant, and where it is', () => {
    const [, db] = sound();
    const app = user('orders-app', { resource: 'PamDatabase/order-db' });
    const error = only([network(), db as DesiredResource, admin(), app]);
    expect(error).toMatchObject({ code: 'PAM1042', source: app.positions?.['spec.resource'] });
    expect(error.message).toMatch(/^PamUser\/orders-app links to a resource that no manifest declares/);
    expect(error.hint).toBe(`did you mean PamDatabase/orders-db (manifests/orders.yaml:${db?.source.line})?`);
  });

  test('prefer the same name of another kind to a similar name', () => {
    const error = only([...sound(), user('orders-app', { resource: 'PamMachine/orders-db' })]);
    expect(error.hint).toContain('did you mean PamDatabase/orders-db (');
  });

  test('say to declare what nothing resembles', () => {
    expect(only([...sound(), user('app', { rotation: { type: 'general', policy: 'RotationPolicy/quarterly' } })]).hint).toBe(
      'declare RotationPolicy/quarterly in a manifest',
    );
  });

  test.each<[string, string, JsonObject]>([
    ['policy', 'PamUser/a', { login: 'a', resource: 'PamDatabase/orders-db', rotation: { type: 'general', policy: 'RotationPolicy/x' } }],
    ['reconcileCredential', 'PamUser/a', { login: 'a', reconcileCredential: 'PamUser/x' }],
    ['services', 'PamUser/a', { login: 'a', services: ['PamMachine/x'] }],
    ['records of a hook', 'PamUser/a', { login: 'a', hooks: [{ file: 'a.sh', records: ['PamUser/x'] }] }],
    ['defaultPolicy', 'PamConfiguration/a', { type: 'network', defaultPolicy: 'RotationPolicy/x' }],
    ['via', 'PamMachine/a', { configuration: 'PamConfiguration/onprem', via: 'PamMachine/x' }],
    ['launchCredential', 'PamMachine/a', { configuration: 'PamConfiguration/onprem', launchCredential: 'PamUser/x' }],
    ['autofill', 'PamRemoteBrowser/a', { configuration: 'PamConfiguration/onprem', autofill: 'PamUser/x' }],
    ['configuration', 'PamMachine/a', { configuration: 'PamConfiguration/x' }],
  ])('are looked up in %s', (_, address, spec) => {
    expect(codes([...sound(), resource(address, spec)])).toEqual(['PAM1042']);
  });

  test.each<[string, string, JsonObject]>([
    ['a resource that is a configuration', 'PamUser/a', { login: 'a', resource: 'PamConfiguration/onprem' }],
    [
      'an administrator that is a database',
      'PamMachine/a',
      { configuration: 'PamConfiguration/onprem', adminCredential: 'PamDatabase/orders-db' },
    ],
    [
      'a policy that is a user',
      'PamUser/a',
      {
        login: 'a',
        resource: 'PamDatabase/orders-db',
        rotation: { type: 'general', policy: 'PamUser/orders-db-admin', schedule: { onDemand: true } },
      },
    ],
    ['a service on a database', 'PamUser/a', { login: 'a', services: ['PamDatabase/orders-db'] }],
    ['a jump host that is a database', 'PamMachine/a', { configuration: 'PamConfiguration/onprem', via: 'PamDatabase/orders-db' }],
    ['a policy with an administrator', 'RotationPolicy/a', { adminCredential: 'PamUser/orders-db-admin' }],
  ])('refuse %s', (_, address, spec) => {
    expect(codes([...sound(), resource(address, spec)])).toEqual(['PAM1040']);
  });

  test.each<[string, string, JsonObject]>([
    ['two resources', 'PamUser/a', { login: 'a', resource: ['PamDatabase/orders-db', 'PamDatabase/other-db'] }],
    [
      'a resource and a configuration',
      'PamUser/a',
      { login: 'a', resource: 'PamDatabase/orders-db', configuration: 'PamConfiguration/onprem' },
    ],
    [
      'two launch credentials',
      'PamMachine/a',
      { configuration: 'PamConfiguration/onprem', launchCredential: ['PamUser/orders-db-admin', 'PamUser/other-db-admin'] },
    ],
  ])('refuse %s', (_, address, spec) => {
    expect(codes([...sound(), database('other-db'), admin('other-db'), resource(address, spec)])).toEqual(['PAM1041']);
  });

  test.each(['PamMachine', 'PamDatabase', 'PamDirectory', 'PamRemoteBrowser'])('%s needs a configuration', (kind) => {
    expect(codes([resource(`${kind}/a`, {})])).toEqual(['PAM1043']);
  });

  test('to a resource that has problems of its own are let be', () => {
    const app = user('app', { resource: 'PamDatabase/broken', rotation: { type: 'general', policy: 'RotationPolicy/broken' } });
    const { problems, warnings } = buildGraph([app], { incomplete: ['PamDatabase/broken', 'RotationPolicy/broken'] });
    expect([...problems, ...warnings]).toEqual([]);
  });

  test('that another room told about are not told again', () => {
    const app = user('app', { resource: 'PamMachine/none' });
    const told = new PamError('PAM1042', 'told', {
      ...(app.positions?.['spec.resource'] === undefined ? {} : { source: app.positions['spec.resource'] }),
    });
    expect(buildGraph([app], { reported: [told] }).problems).toEqual([]);
    expect(buildGraph([app]).problems).toHaveLength(1);
  });

  test('carry the frame that they are given', () => {
    const frame = { text: '  resource: PamMachine/none', length: 4 };
    expect(buildGraph([user('app', { resource: 'PamMachine/none' })], { frameAt: () => frame }).problems[0]?.frame).toBe(frame);
  });
});

describe('rotation', () => {
  const withRotation = (spec: JsonObject, rotation: JsonObject) =>
    user('app', { rotation: { schedule: { every: '30d' }, ...rotation }, ...spec });

  test('of type general needs a resource', () => {
    const app = resource('PamUser/app', { login: 'app', rotation: { type: 'general', schedule: { every: '1d' } } });
    expect(only([app])).toMatchObject({ code: 'PAM1044', source: app.positions?.['spec.rotation'] });
  });

  test('of type general needs an administrator, and says of which resource', () => {
    const db = resource('PamDatabase/orders-db', { configuration: 'PamConfiguration/onprem', databaseType: 'postgresql' });
    const error = only([network(), db, withRotation({}, { type: 'general' })]);
    expect(error.code).toBe('PAM1044');
    expect(error.message).toContain('PamDatabase/orders-db has no adminCredential');
    expect(error.hint).toContain(`PamDatabase/orders-db (manifests/orders.yaml:${db.source.line})`);
    expect(codes([network(), db, withRotation({}, { type: 'general', selfRotate: true })])).toEqual([]);
  });

  test('of keys is for machines', () => {
    expect(codes([...sound(), withRotation({}, { type: 'general', field: 'privateKey' })])).toEqual(['PAM1044']);
  });

  test('of an IAM user needs the configuration of a cloud', () => {
    const iam = (spec: JsonObject) =>
      resource('PamUser/app', { login: 'app', rotation: { type: 'iamUser', schedule: { every: '1d' } }, ...spec });
    expect(codes([iam({})])).toEqual(['PAM1044']);
    expect(codes([network(), iam({ configuration: 'PamConfiguration/onprem' })])).toEqual(['PAM1044']);
    expect(codes([resource('PamConfiguration/aws', { type: 'aws' }), iam({ configuration: 'PamConfiguration/aws' })])).toEqual([]);
  });

  test('by scripts only needs hooks on the user, its resource or its configuration', () => {
    const rotation = { type: 'scriptsOnly' };
    const hooks = [{ file: 'change.sh' }];
    expect(codes([...sound(), withRotation({}, rotation)])).toEqual(['PAM1044']);
    expect(codes([...sound(), withRotation({ hooks }, rotation)])).toEqual([]);
    expect(codes([network(), database('orders-db', { hooks }), admin(), withRotation({}, rotation)])).toEqual([]);
    expect(
      codes([resource('PamConfiguration/onprem', { type: 'network', hooks }), database(), admin(), withRotation({}, rotation)]),
    ).toEqual([]);
  });

  test('beside managed: true is an error, and the only one', () => {
    expect(codes([...sound(), withRotation({ managed: true }, { type: 'iamUser' })])).toEqual(['PAM1045']);
  });

  test('that waits for a schedule that nobody gives is a warning', () => {
    const warned = (rotation: JsonObject, others: readonly DesiredResource[] = sound()) =>
      buildGraph([...others, user('app', { rotation: { type: 'general', ...rotation } })]).warnings.map((w) => w.code);
    expect(warned({})).toEqual(['PAM1061']);
    expect(warned({ initial: 'now' })).toEqual([]);
    expect(warned({ trigger: 'x' })).toEqual([]);
    expect(warned({ schedule: { onDemand: true } })).toEqual([]);
    expect(
      warned({}, [
        resource('PamConfiguration/onprem', { type: 'network', defaultPolicy: 'RotationPolicy/monthly' }),
        policy('monthly'),
        database(),
        admin(),
      ]),
    ).toEqual([]);
  });
});

describe('accounts', () => {
  const directory = (spec: JsonObject = {}) =>
    resource('PamDirectory/corp', {
      configuration: 'PamConfiguration/onprem',
      directoryType: 'active_directory',
      domainName: 'corp.example.com',
      host: 'dc1',
      ...spec,
    });

  test('of a directory need a distinguished name', () => {
    const inDirectory = (spec: JsonObject) => user('app', { resource: 'PamDirectory/corp', ...spec });
    expect(codes([network(), directory(), inDirectory({})])).toEqual(['PAM1046']);
    expect(codes([network(), directory(), inDirectory({ distinguishedName: 'cn=app,dc=corp,dc=example,dc=com' })])).toEqual([]);
  });

  test.each([
    ['postgresql', 'app@10.%', ['PAM1047']],
    ['mssql', 'app@localhost', ['PAM1047']],
    ['mysql', 'app@10.%', []],
    ['mariadb-flexible', 'app@10.0.0.1', []],
    ['postgresql', 'app@EXAMPLE.ORG', []],
  ])('on %s may be called %s or not', (databaseType, login, expected) => {
    expect(codes([network(), database('orders-db', { databaseType }), admin(), user('app', { login })])).toEqual(expected);
  });

  test('of a domain in the form DOMAIN\\user are a warning that shows the principal name', () => {
    const machine = (spec: JsonObject) =>
      resource('PamMachine/pc', { configuration: 'PamConfiguration/onprem', operatingSystem: 'windows', host: 'pc', ...spec });
    const hints = (...resources: DesiredResource[]) => buildGraph([network(), ...resources]).warnings.map((w) => [w.code, w.hint]);
    const onMachine = user('svc', { login: 'CORP\\svc', resource: 'PamMachine/pc' });
    expect(hints(machine({ domainJoined: true }), directory(), onMachine)).toEqual([['PAM1060', 'write login: svc@corp.example.com']]);
    expect(hints(machine({}), onMachine)).toEqual([]);
    const dn = { distinguishedName: 'cn=svc,dc=corp,dc=example,dc=com' };
    expect(hints(directory(), user('svc', { login: 'CORP\\svc', resource: 'PamDirectory/corp', ...dn }))).toEqual([
      ['PAM1060', 'write login: svc@corp.example.com'],
    ]);
    expect(hints(directory(), user('svc', { login: 'svc@corp.example.com', resource: 'PamDirectory/corp', ...dn }))).toEqual([]);
  });

  describe('declared twice', () => {
    const pair = (spec: JsonObject, a: JsonObject, b: JsonObject) =>
      codes([network(), database('orders-db', spec), admin(), user('a', { login: 'app', ...a }), user('b', { login: 'app', ...b })]);

    test('are refused at the second, naming the first', () => {
      const [a, b] = [user('a', { login: 'app' }), user('b', { login: 'app' })];
      const error = only([...sound(), a, b]);
      expect(error).toMatchObject({ code: 'PAM1048', source: b.positions?.['spec.login'] });
      expect(error.message).toBe(`PamUser/b is the same account as PamUser/a (manifests/orders.yaml:${a.source.line})`);
    });

    test.each<[string, JsonObject, JsonObject, boolean]>([
      ['postgresql', { login: 'app' }, { login: 'App' }, false],
      ['mssql', { login: 'app' }, { login: 'App' }, true],
      ['mysql', { login: 'app' }, { login: 'app@%' }, true],
      ['mysql', { login: 'app@10.%' }, { login: 'app@%' }, false],
      ['mysql', { login: 'app@DB.example' }, { login: 'app@db.example' }, true],
      ['mariadb', { login: 'App' }, { login: 'app' }, false],
      ['mongodb', { connectDatabase: 'a' }, { connectDatabase: 'b' }, false],
      ['mongodb', { connectDatabase: 'admin' }, {}, true],
    ])('by the rules of %s: %j and %j', (databaseType, a, b, same) => {
      expect(pair({ databaseType }, a, b)).toEqual(same ? ['PAM1048'] : []);
    });

    test('are found over two resources with one endpoint, and told apart behind two jump hosts', () => {
      const twins = (first: JsonObject, second: JsonObject) =>
        codes([
          network(),
          resource('PamMachine/j1', { configuration: 'PamConfiguration/onprem' }),
          database('orders-db', { host: 'DB1.example.', ...first }),
          admin(),
          database('other-db', { host: 'db1.example', ...second }),
          user('a', { login: 'app' }),
          user('b', { login: 'app', resource: 'PamDatabase/other-db' }),
          admin('other-db', { login: 'other' }),
        ]);
      expect(twins({}, { port: 5432 })).toEqual(['PAM1048']);
      expect(twins({}, { port: 5433 })).toEqual([]);
      expect(twins({}, { databaseType: 'mysql' })).toEqual([]);
      expect(twins({}, { via: 'PamMachine/j1' })).toEqual([]);
    });

    test('go by distinguished name in directories, whatever its case and spaces', () => {
      const inDirectory = (name: string, distinguishedName: string) => user(name, { resource: 'PamDirectory/corp', distinguishedName });
      expect(codes([network(), directory(), inDirectory('a', 'CN=App, DC=corp'), inDirectory('b', 'cn=app,dc=corp')])).toEqual(['PAM1048']);
      expect(codes([network(), directory(), inDirectory('a', 'CN=App,DC=corp'), inDirectory('b', 'cn=app2,dc=corp')])).toEqual([]);
    });

    test('are not found among kept credentials', () => {
      expect(codes([resource('PamUser/a', { login: 'app' }), resource('PamUser/b', { login: 'app' })])).toEqual([]);
    });
  });
});

describe('circles', () => {
  const machine = (name: string, spec: JsonObject) => resource(`PamMachine/${name}`, { configuration: 'PamConfiguration/onprem', ...spec });

  test('of jump hosts are told once, with the way round', () => {
    const b = machine('b', { via: 'PamMachine/c' });
    const error = only([
      network(),
      machine('d', { via: 'PamMachine/b' }),
      machine('c', { via: 'PamMachine/e' }),
      machine('e', { via: 'PamMachine/b' }),
      b,
    ]);
    expect(error).toMatchObject({ code: 'PAM1049', source: b.positions?.['spec.via'] });
    expect(error.message).toContain('PamMachine/b → PamMachine/c → PamMachine/e → PamMachine/b');
  });

  test('of one are circles too', () => {
    expect(codes([network(), machine('a', { via: 'PamMachine/a' })])).toEqual(['PAM1049']);
    expect(codes([resource('PamUser/a', { login: 'a', reconcileCredential: 'PamUser/a' })])).toEqual(['PAM1049']);
  });

  test('are not made by accounts that administer each other', () => {
    const db = (name: string, other: string) => database(name, { adminCredential: `PamUser/${other}-admin` });
    expect(codes([network(), db('x', 'y'), db('y', 'x'), admin('x'), admin('y')])).toEqual([]);
  });
});
