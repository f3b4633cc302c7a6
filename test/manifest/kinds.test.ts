import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { schemaFor } from '../../src/manifest/index.ts';
import { KINDS, type Kind, SECRET_FIELDS } from '../../src/model/index.ts';
import { CA, load, manifest } from './load.ts';

/** For each kind, manifests that together use every field. */
const FULL: Readonly<Record<Kind, readonly Readonly<Record<string, unknown>>[]>> = {
  PamConfiguration: [
    {
      type: 'network',
      defaultPolicy: 'monthly',
      portMapping: ['2222=ssh'],
      runner: 'dc1',
      hooks: [],
      networkId: 'dc1',
      networkCIDR: '192.0.2.0/24',
    },
    {
      type: 'aws',
      awsId: 'prod',
      accessKeyId: { fromEnv: 'AWS_ACCESS_KEY_ID' },
      accessSecretKey: { fromFile: '/run/secrets/aws' },
      regionNames: ['eu-central-1'],
      endpoint: 'https://iam.example.internal',
    },
    {
      type: 'azure',
      azureId: 'prod',
      clientId: '8f7e6d5c',
      clientSecret: { fromCommand: ['op', 'read', 'op://prod/azure'] },
      subscriptionId: '1111',
      tenantId: '9999',
      resourceGroups: ['orders'],
    },
    {
      type: 'domain',
      pamDomainId: 'example.internal',
      host: 'dc1.example.internal',
      port: 636,
      tls: { mode: 'verify-ca' },
      adminCredential: 'admin',
    },
    { type: 'gcp', pamGcpId: 'prod', serviceAccountKey: { fromFile: 'gcp.json' }, regionNames: ['europe-west3'] },
    {
      type: 'oci',
      pamOciId: 'prod',
      adminOcid: 'ocid1.user',
      adminPrivateKey: { fromEnv: 'OCI_KEY' },
      tenancyOci: 'ocid1.tenancy',
      regionOci: 'eu-frankfurt-1',
    },
  ],
  PamMachine: [
    {
      configuration: 'onprem',
      host: '2001:db8::10',
      port: 22,
      operatingSystem: 'linux',
      instanceName: 'app1',
      instanceId: 'i-0abc',
      providerGroup: 'orders',
      providerRegion: 'eu-central-1',
      hostKey: 'SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU',
      tls: { mode: 'verify-full', ca: './ca.pem', serverName: 'app1.example.internal', pin: 'ab'.repeat(32), startTls: false },
      via: 'bastion',
      domainJoined: false,
      adminCredential: 'root',
      launchCredential: 'PamUser/root',
      pamSettings: { connection: { protocol: 'ssh', port: '22' } },
      hooks: [
        {
          file: 'hook.sh',
          sha256: createHash('sha256').update('#!/bin/sh\n').digest('hex'),
          command: ['bash', '-e'],
          timeout: '60s',
          records: ['root'],
        },
      ],
    },
    { configuration: 'onprem', host: 'app2', knownHosts: './known_hosts' },
  ],
  PamDatabase: [
    {
      configuration: 'onprem',
      databaseType: 'postgresql-flexible',
      host: 'db1.example.internal.',
      port: 5432,
      databaseId: 'orders',
      connectDatabase: 'orders',
      tls: {},
      via: 'bastion',
      adminCredential: 'admin',
      launchCredential: 'reader',
      providerGroup: 'g',
      providerRegion: 'r',
      pamSettings: {},
      hooks: [],
    },
  ],
  PamDirectory: [
    {
      configuration: 'onprem',
      directoryType: 'openldap',
      host: '192.0.2.4',
      port: 389,
      domainName: 'example.internal',
      alternativeIPs: ['192.0.2.5', '2001:db8::5'],
      directoryId: 'd-1',
      userMatch: '(objectClass=person)',
      tls: { startTls: true },
      via: 'bastion',
      adminCredential: 'admin',
      launchCredential: 'reader',
      providerGroup: 'g',
      providerRegion: 'r',
      pamSettings: {},
      hooks: [],
    },
  ],
  PamRemoteBrowser: [{ configuration: 'onprem', url: 'https://console.example.internal/a?b=c:d@e', autofill: 'admin', pamSettings: {} }],
  PamUser: [
    {
      login: 'app@10.%',
      password: { fromEnv: 'APP', version: 3 },
      privateKey: { fromFile: './id' },
      privateKeyPassphrase: { fromEnv: 'PASSPHRASE' },
      oneTimeCode: { fromCommand: ['op', 'read', 'x'] },
      publicKey: 'ssh-ed25519 AAAA app',
      distinguishedName: 'cn=app,dc=example,dc=org',
      connectDatabase: 'orders',
      managed: false,
      resource: 'PamDatabase/db',
      reconcileCredential: 'rescue',
      rotation: {
        type: 'general',
        policy: 'monthly',
        initial: 'now',
        trigger: 'contractor-left',
        enabled: true,
        selfRotate: false,
        allowUnproved: false,
        field: 'privateKey',
        keyType: 'rsa',
      },
      hooks: [{ file: 'hook.sh' }],
      services: ['app1', 'PamMachine/app2'],
      consumers: ['orders-api reads it at start'],
      notes: 'two\nlines',
    },
    {
      login: 'DOMAIN\\app',
      configuration: 'cloud',
      rotation: { type: 'iamUser', schedule: { every: '30d' }, complexity: { length: 40 }, retain: 2 },
    },
  ],
  RotationPolicy: [
    {
      schedule: { cron: '0 0 3 ? * SUN#1', timezone: 'Europe/Berlin', window: '2h', jitter: '30m', catchUp: 'asap' },
      complexity: {
        length: 32,
        upper: 2,
        lower: 2,
        digits: 2,
        special: 2,
        specialSet: '-_.~+',
        exclude: 'xyz',
        noAmbiguous: true,
        firstChar: 'letter',
        lastChar: 'alnum',
        maxRepeat: 2,
      },
      retain: 5,
    },
    { schedule: { onDemand: true } },
    { schedule: { every: '1d12h' } },
    { schedule: { daily: { time: '03:00', interval: 2 } } },
    { schedule: { weekly: { weekday: 'SUNDAY', time: '03:00:30', interval: 1 } } },
    { schedule: { monthlyByDay: { monthDay: 28, time: '03:00', interval: 3 } } },
    { schedule: { monthlyByWeekday: { weekday: 'MONDAY', occurrence: 'LAST', time: '03:00', interval: 1 } } },
    { schedule: { yearly: { month: 'JANUARY', monthDay: 31, time: '03:00', interval: 1 } } },
    { schedule: { runOnce: { time: '2097-01-15T03:00:00+02:00' } } },
  ],
};

const METADATA = {
  folder: 'prod/databases',
  title: 'Orders',
  labels: { team: 'payments', 'example.com/tier': '1' },
  moved: { from: 'former' },
  lifecycle: { protect: true, retire: false },
};

describe.each(KINDS)('%s', (kind) => {
  test('is read with every field that it can have', async () => {
    const text = FULL[kind].map((spec, index) => manifest(kind, `a${index}`, spec, index === 0 ? METADATA : {})).join('');
    const { problems, warnings, resources } = load(text);
    expect(problems.map((p) => `${p.code} ${p.message}`)).toEqual([]);
    expect(warnings).toEqual([]);
    expect(resources.map((r) => r.address)).toEqual(FULL[kind].map((_, index) => `${kind}/a${index}`));
    const used = usedPaths({ specs: FULL[kind] });
    const declared = [...declaredPaths(await schemaFor(kind))].filter((path) => path.startsWith('specs.'));
    expect(declared.length).toBeGreaterThan(1);
    expect(declared.filter((path) => !used.has(path))).toEqual([]);
  });

  test('refuses fields that it does not have', () => {
    for (const spec of FULL[kind])
      expect(load(manifest(kind, 'a', { ...spec, unknown: 1 })).problems.map((p) => p.code)).toContain('PAM1013');
  });
});

test('what several kinds share is used in full by these manifests together', async () => {
  const used = usedPaths({ metadata: METADATA, specs: Object.values(FULL) });
  const schemas = await Promise.all(KINDS.map((kind) => schemaFor(kind)));
  const declared = new Set(schemas.flatMap((schema) => [...declaredPaths(schema)]));
  declared.delete('metadata.name');
  expect(declared.size).toBeGreaterThan(100);
  expect([...declared].filter((path) => !used.has(path))).toEqual([]);
});

/** Fields that take a source are one and the same. */
const nameOf = (key: string) => ((SECRET_FIELDS as readonly string[]).includes(key) ? 'source' : key);

/** `field`, `parent.field` of everything that a value holds; lists do not count. */
function usedPaths(value: unknown, parent = '', into = new Set<string>()): Set<string> {
  if (Array.isArray(value)) for (const item of value) usedPaths(item, parent, into);
  else if (typeof value === 'object' && value !== null) {
    for (const [key, item] of Object.entries(value)) {
      into.add(`${parent}.${key}`);
      usedPaths(item, nameOf(key), into);
    }
  }
  return into;
}

interface SchemaNode {
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, SchemaNode>>;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly items?: SchemaNode;
  readonly oneOf?: readonly SchemaNode[];
}

/** The same of everything that a schema allows below `metadata` and `spec`. */
function declaredPaths(schema: SchemaNode): Set<string> {
  const into = new Set<string>();
  const visit = (node: SchemaNode, parent: string): void => {
    if (node.$ref !== undefined) visit(schema.$defs?.[node.$ref.replace('#/$defs/', '')] ?? {}, parent);
    for (const part of [node.items, ...(node.oneOf ?? [])]) if (part !== undefined) visit(part, parent);
    for (const [key, part] of Object.entries(node.properties ?? {})) {
      into.add(`${parent}.${key}`);
      visit(part, nameOf(key));
    }
  };
  visit(schema.properties?.['metadata'] ?? {}, 'metadata');
  visit(schema.properties?.['spec'] ?? {}, 'specs');
  return into;
}

test('a certificate of the test files is what the CA field keeps', () => {
  const { resources } = load(
    manifest('PamDatabase', 'db', { configuration: 'a', databaseType: 'mysql', host: 'b', tls: { ca: 'ca.pem' } }),
  );
  expect(resources[0]?.fields['tls']).toEqual({ ca: CA });
});
