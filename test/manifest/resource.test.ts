import { describe, expect, test } from 'vitest';
import { hashOwned } from '../../src/model/index.ts';
import { CA, load, manifest } from './load.ts';

const machine = (spec: object = {}, metadata = {}) => manifest('PamMachine', 'm', { configuration: 'c', host: 'h', ...spec }, metadata);
const user = (spec: object = {}, metadata = {}) => manifest('PamUser', 'u', { login: 'l', ...spec }, metadata);

/** The one resource of the text, which must have no problems. */
function only(text: string | Record<string, string>) {
  const { resources, problems } = load(text);
  expect(problems.map((p) => p.message)).toEqual([]);
  const [resource] = resources;
  if (resource === undefined || resources.length > 1) throw new Error('one resource expected');
  return resource;
}

describe('links', () => {
  test('of a user lead to where it lives and what it serves, sorted', () => {
    const { links } = only(user({ resource: 'PamDatabase/db', services: ['b', 'PamMachine/a', 'PamMachine/b'] }));
    expect(links).toEqual([
      { type: 'belongs-to', to: 'PamDatabase/db' },
      { type: 'serves', to: 'PamMachine/a' },
      { type: 'serves', to: 'PamMachine/b' },
    ]);
  });

  test('from a user to a configuration say that the cloud owns it', () => {
    expect(only(user({ configuration: 'aws' })).links).toEqual([{ type: 'iam-of', to: 'PamConfiguration/aws' }]);
  });

  test('of a resource lead to its configuration, administrator and session user', () => {
    expect(only(machine({ adminCredential: 'root', launchCredential: 'PamUser/op' })).links).toEqual([
      { type: 'admin-of', to: 'PamUser/root' },
      { type: 'configured-by', to: 'PamConfiguration/c' },
      { type: 'launches', to: 'PamUser/op' },
    ]);
  });

  test('of a browser lead to the user that is filled in', () => {
    const { links } = only(manifest('PamRemoteBrowser', 'b', { configuration: 'c', url: 'https://a', autofill: 'u' }));
    expect(links.find((link) => link.type === 'autofills')?.to).toBe('PamUser/u');
  });

  test('are no fields', () => {
    const spec = { resource: 'PamDatabase/db', services: ['a'], password: { fromEnv: 'A' } };
    expect(only(user(spec)).fields).toEqual({ login: 'l' });
  });
});

describe('fields', () => {
  test('name other resources by their full addresses', () => {
    expect(only(machine({ via: 'bastion' })).fields['via']).toBe('PamMachine/bastion');
    expect(only(user({ reconcileCredential: 'x' })).fields['reconcileCredential']).toBe('PamUser/x');
    expect(only(user({ rotation: { type: 'general', policy: 'p' } })).fields['rotation']).toEqual({
      type: 'general',
      policy: 'RotationPolicy/p',
    });
    expect(only(manifest('PamConfiguration', 'c', { type: 'network', defaultPolicy: 'p' })).fields['defaultPolicy']).toBe(
      'RotationPolicy/p',
    );
  });

  test('hold folder, title, labels and lifecycle, and neither name nor rename', () => {
    const metadata = { folder: 'f', title: 't', labels: { a: 'b' }, lifecycle: { protect: true }, moved: { from: 'old' } };
    const resource = only(user({}, metadata));
    expect(resource.fields).toEqual({
      login: 'l',
      metadata: { folder: 'f', title: 't', labels: { a: 'b' } },
      lifecycle: { protect: true },
    });
    expect(resource.movedFrom).toBe('PamUser/old');
  });

  test('hold the content of files, whatever their line breaks and comments', () => {
    expect(only(machine({ tls: { mode: 'verify-ca', ca: './ca.pem' } })).fields['tls']).toEqual({ mode: 'verify-ca', ca: CA });
    expect(only(machine({ knownHosts: 'known_hosts' })).fields['knownHosts']).toBe(
      '@revoked * ssh-rsa AAAAB3Nz\ndb1,192.0.2.1 ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHUb1sIV\n',
    );
  });

  test('hold file and hash of a hook', () => {
    const text = user({ hooks: [{ file: '../shared/hook.sh', records: ['a'] }] });
    expect(only(text).fields['hooks']).toEqual([
      { file: 'shared/hook.sh', sha256: 'b875f928546aee7855cb1db9afc8ab3f1a8a34d43de5bbd62f7076d7ba9f3917', records: ['PamUser/a'] },
    ]);
  });

  test.each([
    ['bare names', user({ resource: 'PamMachine/m', services: ['a'] }), user({ services: ['PamMachine/a'], resource: 'PamMachine/m' })],
    ['the text of a CA and its file', machine({ tls: { ca: CA } }), machine({ tls: { ca: 'ca.pem' } })],
    [
      'lines of known hosts and their file',
      machine({ knownHosts: 'b ssh-rsa AAAAB3Nz c\na ssh-rsa AAAAB3Nz' }),
      machine({ knownHosts: 'a ssh-rsa AAAAB3Nz\n\nb ssh-rsa AAAAB3Nz' }),
    ],
    ['paths', user({ hooks: [{ file: './hook.sh' }] }), user({ hooks: [{ file: '../m/hook.sh' }] })],
    [
      'styles of YAML',
      user({ notes: 'a\nb\n' }),
      '---\nspec:\n  notes: |\n    a\n    b\n  login: "l"\nmetadata: {name: u}\nkind: PamUser\napiVersion: pam/v1\n',
    ],
    [
      'aliases',
      user({ consumers: ['x'], notes: 'x' }),
      '---\napiVersion: pam/v1\nkind: PamUser\nmetadata: { name: u }\nspec: { login: l, consumers: [&x x], notes: *x }\n',
    ],
    ['empty groups', machine(), machine({}, { lifecycle: {} })],
    ['sources', user({ password: { fromEnv: 'A' } }), user({ password: { fromFile: 'b', version: 2 } })],
  ])('are the same for two spellings of %s', (_, a, b) => {
    expect(hashOwned(only(a))).toBe(hashOwned(only(b)));
  });
});

describe('inputs', () => {
  test('name their source, with version 1 where none is given', () => {
    const { inputs } = only(
      user({ password: { fromEnv: 'A' }, privateKey: { fromFile: './id', version: 2 }, oneTimeCode: { fromCommand: ['op', 'read', 'x'] } }),
    );
    expect(inputs).toEqual({
      password: { fromEnv: 'A', version: 1 },
      privateKey: { fromFile: 'm/id', version: 2 },
      oneTimeCode: { fromCommand: ['op', 'read', 'x'], version: 1 },
    });
  });

  test.each([
    [['op', 'read', 'a'], true],
    [['op', 'read'], true],
    [['op', 'write', 'a'], false],
    [['/usr/bin/op', 'read', 'a'], false],
    [['pass', 'show'], true],
    [['pass', 'show', 'x'], false],
  ])('run the command %j only where it is allow-listed: %s', (fromCommand, isAllowed) => {
    const { problems } = load(user({ password: { fromCommand } }), { allowCommands: [['op', 'read', '*'], ['pass', 'show'], ['*']] });
    expect(problems.map((p) => p.code)).toEqual(isAllowed ? [] : ['PAM1026']);
  });
});

describe('a bare resource', () => {
  const db = (name: string) => manifest('PamDatabase', name, { configuration: 'c', databaseType: 'mysql', host: 'h' });

  test('is the one that has the name, in whatever file', () => {
    const { resources, problems } = load({ 'a.yaml': user({ resource: 'orders' }), 'b.yaml': db('orders') });
    expect(problems).toEqual([]);
    expect(resources.find((r) => r.address === 'PamUser/u')?.links).toEqual([{ type: 'belongs-to', to: 'PamDatabase/orders' }]);
  });

  test('is refused where several have the name, and all are named', () => {
    const { problems } = load({ 'a.yaml': user({ resource: 'm' }), 'b.yaml': db('m'), 'c.yaml': machine() });
    expect(problems.map((p) => [p.code, p.message, p.hint])).toEqual([
      [
        'PAM1021',
        'PamUser/u: spec.resource fits PamMachine/m (c.yaml:4) and PamDatabase/m (b.yaml:4)',
        'write PamMachine/m or PamDatabase/m',
      ],
    ]);
  });

  test('that nobody declares is named with the nearest that somebody does', () => {
    const { problems } = load({ 'a.yaml': user({ resource: 'order' }), 'b.yaml': db('orders') });
    expect(problems.map((p) => [p.code, p.hint])).toEqual([['PAM1042', 'did you mean PamDatabase/orders (b.yaml:4)?']]);
  });

  test('may be one whose manifest has problems of its own', () => {
    const { problems } = load({ 'a.yaml': user({ resource: 'm' }), 'b.yaml': machine({ port: 0 }) });
    expect(problems.map((p) => p.code)).toEqual(['PAM1017']);
  });
});

test('a rename from a name that is still declared is refused', () => {
  const { problems } = load(`${user({}, { moved: { from: 'v' } })}${manifest('PamUser', 'v', { login: 'l' })}`);
  expect(problems.map((p) => [p.code, p.message, p.source?.line])).toEqual([
    ['PAM1029', 'PamUser/u moved from PamUser/v, which is still declared at m/a.yaml:9', 4],
  ]);
});

test('a weak complexity is a warning, and the resource is whole', () => {
  const { warnings, problems, resources } = load(manifest('RotationPolicy', 'p', { complexity: { length: 8 } }));
  expect([warnings.map((w) => w.code), problems, resources.length]).toEqual([['PAM1028'], [], 1]);
});

describe('the digest', () => {
  const text = `${machine()}${user({ password: { fromEnv: 'A' } })}`;

  test('does not depend on comments, files or their order', () => {
    const { digest } = load(text);
    expect(load(`# a comment\n${text}`).digest).toBe(digest);
    expect(load({ 'm/b.yaml': machine(), 'm/a.yaml': user({ password: { fromEnv: 'A' } }) }).digest).toBe(digest);
  });

  test('depends on fields, links, inputs and renames', () => {
    const changed = [
      machine({ port: 2222 }) + user({ password: { fromEnv: 'A' } }),
      machine({ via: 'x' }) + user({ password: { fromEnv: 'A' } }),
      machine() + user({ password: { fromEnv: 'A', version: 2 } }),
      machine() + user({ password: { fromEnv: 'A' } }, { moved: { from: 'x' } }),
      machine() + user({ password: { fromEnv: 'A' }, configuration: 'c' }),
    ];
    expect(new Set([text, ...changed].map((t) => load(t).digest)).size).toBe(6);
  });
});

test('positions tell where each field stands', () => {
  const resource = only(
    'apiVersion: pam/v1\nkind: PamUser\nmetadata:\n  name: u\nspec:\n  login: l\n  rotation:\n    type: general\n    policy: p\n',
  );
  expect(resource.source).toEqual({ file: 'm/a.yaml', line: 4, column: 9 });
  expect(resource.positions?.['spec.rotation.policy']).toEqual({ file: 'm/a.yaml', line: 9, column: 13 });
  expect(resource.positions?.['spec.login']).toEqual({ file: 'm/a.yaml', line: 6, column: 10 });
});
