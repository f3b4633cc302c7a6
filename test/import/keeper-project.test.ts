import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { writeManifests } from '../../src/adopt/index.ts';
import { buildGraph } from '../../src/graph/index.ts';
import { convertProject } from '../../src/import/index.ts';
import { type JsonNode, parseJson } from '../../src/import/json.ts';
import { formatManifest, loadManifests } from '../../src/manifest/index.ts';

const sample = await readFile(new URL('keeper.json', import.meta.url), 'utf8');

const convert = (text: string, secretsFolder: string | null = null) =>
  convertProject(Buffer.from(text), { file: 'keeper.json', taken: [], secretsFolder });
const convertOne = (data: object, configuration: object = { environment: 'local' }) =>
  convert(JSON.stringify({ pam_configuration: configuration, pam_data: data }));
const told = (errors: readonly { message: string; hint?: string }[]) => errors.map((e) => e.message);

describe('a whole project', () => {
  const imported = convert(sample);
  const text = writeManifests(imported.drafts);
  const loaded = loadManifests([{ path: 'a.yaml', text: Buffer.from(text) }], { readFile: () => null });
  const resourceAt = (address: string) => loaded.resources.find((r) => r.address === address);

  test('becomes manifests that are laid out, valid and linked', () => {
    expect(imported.problems).toEqual([]);
    expect(loaded.problems.map(String)).toEqual([]);
    expect(buildGraph(loaded.resources, { incomplete: [], reported: [], frameAt: () => undefined }).problems.map(String)).toEqual([]);
    expect(formatManifest('a.yaml', Buffer.from(text))).toEqual({ text });
    expect(loaded.resources.map((r) => r.address)).toEqual([
      'PamConfiguration/project1-local',
      'PamDatabase/orders-db',
      'PamDirectory/ad',
      'PamMachine/web-1',
      'PamRemoteBrowser/portal',
      'PamUser/ad-svc-example.org',
      'PamUser/late',
      'PamUser/nobody-s',
      'PamUser/orders-admin',
      'PamUser/orders-db-reader',
      'PamUser/orders-db-writer',
      'PamUser/portal-user',
      'PamUser/scripted',
      'PamUser/web-1-deploy',
      'PamUser/web-1-root',
      'RotationPolicy/nightly',
      'RotationPolicy/project1-local-default',
    ]);
  });

  test('links administrators, launch users and autofill by title or login', () => {
    expect(resourceAt('PamDatabase/orders-db')?.links).toEqual([
      { type: 'admin-of', to: 'PamUser/orders-admin' },
      { type: 'configured-by', to: 'PamConfiguration/project1-local' },
      { type: 'launches', to: 'PamUser/orders-db-reader' },
    ]);
    expect(resourceAt('PamRemoteBrowser/portal')?.links).toContainEqual({ type: 'autofills', to: 'PamUser/portal-user' });
    expect(resourceAt('PamUser/late')?.links).toEqual([{ type: 'belongs-to', to: 'PamDatabase/orders-db' }]);
  });

  test('keeps schedules in Quartz with their time zone, complexities, and what is switched off; nothing rotates at once', () => {
    const rotation = (name: string) => resourceAt(`PamUser/${name}`)?.fields['rotation'];
    expect(resourceAt('RotationPolicy/project1-local-default')?.fields).toMatchObject({
      schedule: { cron: '0 30 18 * * ?', timezone: 'Etc/UTC' },
    });
    expect(resourceAt('RotationPolicy/nightly')?.fields).toMatchObject({
      schedule: { cron: '0 0 3 * * ?', timezone: 'Europe/Berlin' },
      complexity: { length: 32, upper: 5, lower: 5, digits: 5, special: 5 },
    });
    expect(rotation('orders-db-reader')).toEqual({ type: 'general', policy: 'RotationPolicy/nightly' });
    expect(rotation('orders-db-writer')).toEqual({
      type: 'general',
      schedule: { onDemand: true },
      complexity: { length: 20, upper: 1, lower: 1, digits: 1, special: 1, specialSet: '#!' },
      enabled: false,
    });
    // The machine has its rotation switched off as a whole.
    expect(rotation('web-1-deploy')).toMatchObject({ enabled: false, schedule: { cron: '0 0 4 ? * SUN' } });
    expect(rotation('late')).toEqual({ type: 'general' });
    expect(text).not.toContain('initial');
  });

  test('has no secret in anything that is written or told, and says for each where it is read', () => {
    const everything = text + JSON.stringify([imported.secrets, imported.warnings, imported.drafts]);
    expect(everything).not.toContain('SECRET-');
    expect(imported.secrets.map((s) => `${s.address} ${s.field} ${s.path} ${Object.values(s.source)}`)).toEqual([
      'PamUser/orders-admin password $.pam_data.resources[0].users[0].password ORDERS_ADMIN_PASSWORD',
      'PamUser/orders-db-reader password $.pam_data.resources[0].users[1].password ORDERS_DB_READER_PASSWORD',
      'PamUser/orders-db-writer password $.pam_data.resources[0].users[2].password ORDERS_DB_WRITER_PASSWORD',
      'PamUser/web-1-root privateKey $.pam_data.resources[1].users[0].private_pem_key WEB_1_ROOT_PRIVATE_KEY',
      'PamUser/portal-user password $.pam_data.users[0].password PORTAL_USER_PASSWORD',
      'PamUser/portal-user oneTimeCode $.pam_data.users[0].otp PORTAL_USER_ONE_TIME_CODE',
    ]);
    expect(imported.secrets[3]?.value.reveal()).toBe('SECRET-KEY\nof two lines');
  });

  test('tells everything that is not as it stands, with its path, in order', () => {
    expect(told(imported.warnings)).toEqual([
      '$.shared_folder_users has no place in a manifest: left out',
      '$.pam_configuration.connections has no place in a manifest: left out',
      '$.pam_configuration.graphical_session_recording has no place in a manifest: left out',
      '$.pam_configuration.default_rotation_schedule.cron is a crontab of five fields: written as Quartz "0 30 18 * * ?"',
      '$.pam_data.resources[0].notes become readable in the manifest: see that no secret stands in them',
      '$.pam_data.resources[0].otp has no place in a manifest: left out',
      '$.pam_data.resources[0].pam_settings.connection.client_key is a secret among session settings, which are stored readably: left out',
      '$.pam_data.resources[0].users[2].shoe_size is not known: left out',
      '$.pam_data.resources[2].use_ssl turns TLS off: secrets travel readably (tls.mode: disable), which every plan tells as a risk',
      '$.pam_data.users[1].rotation_settings are left out: a general rotation needs a resource, and the user belongs to none',
      '$.pam_data.users[3].rotation_settings are left out: its scripts are not in the file: declare them as hooks, and rotation.type: scriptsOnly',
    ]);
    expect(imported.warnings[0]?.source).toEqual({ file: 'keeper.json', line: 3, column: 3 });
  });

  test('carries session settings as data in the spelling of the records, and notes as comments', () => {
    expect(resourceAt('PamDatabase/orders-db')?.fields['pamSettings']).toEqual({
      options: { connections: 'on' },
      allowSupplyHost: false,
      portForward: { port: '2222', reusePort: true },
      connection: { protocol: 'postgresql', port: '5432', defaultDatabase: 'orders', recordingIncludeKeys: true },
    });
    expect(text).toContain('# Shard 1\n# of 2\napiVersion: pam/v1\nkind: PamDatabase');
  });
});

describe('what cannot be converted is refused at its place', () => {
  const user = (settings: unknown) => ({
    resources: [
      {
        type: 'pamDatabase',
        title: 'db',
        pam_settings: { connection: { administrative_credentials: 'a' } },
        users: [{ type: 'pamUser', login: 'a', rotation_settings: settings }],
      },
    ],
  });
  const settings = '$.pam_data.resources[0].users[0].rotation_settings';

  test.for([
    [{ rotation: 'general', schedule: { type: 'CRON', cron: '0 3 1 * MON' } }, `${settings}.schedule.cron runs on either of two days`],
    [{ rotation: 'general', schedule: { type: 'CRON', cron: 'whenever' } }, `${settings}.schedule.cron cannot be read`],
    [{ rotation: 'general', schedule: { type: 'CRON', cron: '0 0 3 * * ?', tz: 'Mars/Base' } }, `${settings}.schedule.tz cannot be read`],
    [{ rotation: 'general', schedule: { type: 'CRON' } }, `${settings}.schedule.cron is missing`],
    [{ rotation: 'general', schedule: { type: 'hourly' } }, `${settings}.schedule.type is neither on-demand nor CRON`],
    [{ rotation: 'general', schedule: ['x'] }, `${settings}.schedule is no object`],
    [{ rotation: 'general', password_complexity: '32,5' }, `${settings}.password_complexity is not of the form`],
    [{ rotation: 'sometimes' }, `${settings}.rotation is none of`],
    [{ rotation: 'general', enabled: 'perhaps' }, `${settings}.enabled is neither true nor false`],
    ['Weekly', `${settings} names no profile`],
  ] as const)('%j', ([given, message]) => {
    const { problems } = convertOne(user(given));
    expect(told(problems)).toEqual([expect.stringContaining(message)]);
    expect(problems[0]).toMatchObject({ code: 'PAM9023', source: { file: 'keeper.json', line: 1 } });
  });

  test.for([
    [{ users: [{ type: 'pamUser', title: 'x' }] }, '$.pam_data.users[0] has no login'],
    [{ users: [{ type: 'robot', login: 'x' }] }, '$.pam_data.users[0].type is not known'],
    [{ users: ['x'] }, '$.pam_data.users[0] is no object'],
    [{ users: {} }, '$.pam_data.users is no list'],
    [{ users: [{ login: ['x'] }] }, '$.pam_data.users[0].login is not a text'],
    [{ resources: [{ type: 'toaster' }] }, '$.pam_data.resources[0].type is not known'],
    [{ resources: [{ type: 'pamMachine', operating_system: 'BeOS' }] }, '$.pam_data.resources[0].operating_system is not known'],
    [{ resources: [{ type: 'pamMachine', port: 'ssh' }] }, '$.pam_data.resources[0].port is no port'],
    [
      { resources: [{ type: 'pamMachine', pam_settings: { connection: { launch_credentials: 'who' } } }] },
      '$.pam_data.resources[0].pam_settings.connection.launch_credentials is neither title nor login',
    ],
    [
      {
        resources: [{ type: 'pamMachine', pam_settings: { connection: { launch_credentials: 'x' } } }],
        users: [{ login: 'x' }, { login: 'x' }],
      },
      '$.pam_data.resources[0].pam_settings.connection.launch_credentials may be one of several',
    ],
  ] as const)('%j', ([data, message]) => {
    expect(told(convertOne(data).problems)).toContainEqual(expect.stringContaining(message));
  });

  test('all of it at once', () => {
    expect(convertOne({ users: [{ type: 'robot' }, { type: 'robot' }], resources: [{ type: 'toaster' }] }).problems).toHaveLength(3);
  });

  test.for([
    ['', 'ends too early'],
    ['[]', 'neither pam_configuration nor pam_data'],
    ['{"project": "x"}', 'neither pam_configuration nor pam_data'],
    ['{"password": "SECRET-1" "x": 1}', 'a comma or } should stand here'],
    ['{"a": SECRET-1}', 'no value of JSON begins here'],
    ['{"password": "SECRET-1', 'this text has no end'],
    ['{"a": 1, "a": 2}', 'a key stands twice'],
    ['{"a": 1,}', 'a key in double quotes should stand here'],
    ['{"a": 1} SECRET-1', 'something stands behind the end'],
    [`${'['.repeat(100)}`, 'deep in each other'],
  ] as const)('%j is no project, which is told without a piece of it', ([text, message]) => {
    const { problems } = convert(text);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatchObject({ code: 'PAM9022', message: expect.stringContaining(message) });
    expect(String(problems[0])).not.toContain('SECRET');
  });
});

describe('configurations of clouds', () => {
  test('keep the keys of AWS as sources, and the role of the machine as none', () => {
    const aws = (more: object) => ({ environment: 'aws', title: 'cloud', aws_id: '1', aws_region_names: ['eu-central-1'], ...more });
    const keys = convertOne({ users: [] }, aws({ aws_access_key_id: 'SECRET-ID', aws_secret_access_key: 'SECRET-KEY' }));
    expect(keys.drafts[0]?.spec).toEqual({
      type: 'aws',
      awsId: '1',
      regionNames: ['eu-central-1'],
      accessKeyId: { fromEnv: 'CLOUD_ACCESS_KEY_ID', version: 1 },
      accessSecretKey: { fromEnv: 'CLOUD_ACCESS_SECRET_KEY', version: 1 },
    });
    const role = convertOne({ users: [] }, aws({ aws_access_key_id: 'USE_INSTANCE_ROLE', aws_secret_access_key: 'USE_INSTANCE_ROLE' }));
    expect(role.drafts[0]?.spec).toEqual({ type: 'aws', awsId: '1', regionNames: ['eu-central-1'] });
  });

  test('link their IAM users; a managed one is not rotated', () => {
    const rotation_settings = { rotation: 'iam_user', schedule: { type: 'on-demand' } };
    const users = [
      { title: 'a', login: 'a', rotation_settings },
      { title: 'b', login: 'b', managed: true, rotation_settings },
    ];
    const { drafts, warnings } = convertOne({ users }, { environment: 'aws', title: 'cloud' });
    expect(drafts.find((d) => d.address === 'PamUser/a')?.spec).toMatchObject({
      configuration: 'PamConfiguration/cloud',
      rotation: { type: 'iamUser', schedule: { onDemand: true } },
    });
    expect(drafts.find((d) => d.address === 'PamUser/b')?.spec).toEqual({ login: 'b', managed: true });
    expect(told(warnings)).toContainEqual(expect.stringContaining('owns the secret (managed)'));
  });

  test('rotation that is off for the whole configuration is off for every user', () => {
    const data = {
      resources: [
        {
          type: 'pamDatabase',
          title: 'db',
          pam_settings: { connection: { administrative_credentials: 'a' } },
          users: [{ login: 'a', rotation_settings: { rotation: 'general', enabled: 'on' } }],
        },
      ],
    };
    const { drafts } = convertOne(data, { environment: 'local', rotation: 'off' });
    expect(drafts.find((d) => d.address === 'PamUser/db-a')?.spec['rotation']).toMatchObject({ enabled: false });
  });
});

test('two records of one name get two names, two variables and two files', () => {
  const users = [
    { title: 'App', login: 'a', password: 'x' },
    { title: 'app', login: 'b', password: 'y' },
  ];
  const text = JSON.stringify({ pam_data: { users } });
  for (const folder of [null, '../secrets']) {
    const places = convert(text, folder).secrets.map((s) => Object.values(s.source)[0]);
    expect(new Set(places).size).toBe(2);
  }
  expect(convert(text, '../secrets').secrets[0]?.source).toEqual({ fromFile: '../secrets/app.password' });
});

test('JSON is read as JSON.parse reads it', () => {
  const plain = (node: JsonNode): unknown =>
    node.kind === 'scalar'
      ? node.value
      : node.kind === 'array'
        ? node.items.map(plain)
        : Object.fromEntries([...node.entries].map(([k, v]) => [k, plain(v.node)]));
  fc.assert(
    fc.property(fc.json(), fc.constantFrom(undefined, 2, '\t'), (text, indent) => {
      const value: unknown = JSON.parse(text);
      const node = parseJson(JSON.stringify(value, null, indent));
      if (!('kind' in node)) throw new Error(node.message);
      expect(JSON.stringify(plain(node))).toBe(JSON.stringify(value));
    }),
  );
  fc.assert(
    fc.property(fc.string(), (text) => {
      const isJson = (() => {
        try {
          JSON.parse(text);
          return true;
        } catch {
          return false;
        }
      })();
      expect('kind' in parseJson(text)).toBe(isJson);
    }),
  );
});
