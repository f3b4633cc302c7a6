import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { closedPort } from '../servers/fault-proxy.ts';
import { type PostgresServer, startPostgres } from '../servers/postgres.ts';
import { makeProject, type PamResult, type TestProject } from './project.ts';
import { vaultRows } from './vault-rows.ts';

interface DriftJson {
  readonly findings: readonly { class: string; address: string; what?: string; message: string; since?: string }[];
  readonly accepted: readonly { address: string; what?: string }[];
  readonly live?: {
    readonly targets: number;
    readonly accounts: number;
    readonly proved: number;
    readonly unseen: readonly { address: string; code: string; message: string }[];
    readonly notes: readonly { address: string; message: string }[];
  };
  readonly exit: number;
}

/** The statements in a piece of the server's log, however they were sent. */
function statementsIn(log: string): readonly string[] {
  return [...log.matchAll(/(?:statement|execute [^:]*): \s*(.*)/g)].map(([, text = '']) => text);
}

let server: PostgresServer;
let project: TestProject;
let names: readonly string[];
let admin: string;

const ADMIN = 'Admin-secret-1';

beforeAll(async () => {
  server = await startPostgres({ logAll: true });
});
afterAll(() => server?.stop());

const resource = (kind: string, name: string, spec: object, metadata: object = {}) => ({
  apiVersion: 'pam/v1',
  kind,
  metadata: { name, ...metadata },
  spec,
});

function manifests({ port = server.port, self = false } = {}): object[] {
  return [
    resource('PamConfiguration', 'net', { type: 'network' }),
    resource('PamDatabase', 'orders-db', {
      configuration: 'net',
      databaseType: 'postgresql',
      host: server.host,
      port,
      tls: { mode: 'disable' },
      ...(self ? {} : { adminCredential: 'admin' }),
    }),
    ...(self ? [] : [resource('PamUser', 'admin', { login: admin, resource: 'PamDatabase/orders-db', password: { fromEnv: 'ADMIN' } })]),
    ...names.map((login, i) =>
      resource('PamUser', `app-${i}`, {
        login,
        resource: 'PamDatabase/orders-db',
        ...(self ? { password: { fromEnv: 'ADMIN' } } : {}),
        rotation: {
          type: 'general',
          schedule: { every: '30d' },
          ...(self ? { selfRotate: true } : { initial: 'now' }),
        },
      }),
    ),
  ];
}

let round = 0;
beforeEach(async () => {
  round++;
  names = ['a', 'b', 'c', 'd', 'e'].map((n) => `live_${round}_${n}`);
  admin = `live_${round}_admin`;
  await server.query(`CREATE ROLE ${admin} LOGIN SUPERUSER PASSWORD '${ADMIN}'`);
  for (const name of names) await server.query(`CREATE ROLE ${name} LOGIN`);
  project = await makeProject({ ADMIN });
});
afterEach(() => project[Symbol.asyncDispose]());

async function apply(): Promise<void> {
  const result = await project.pam(['apply', '--auto-approve']);
  expect(result, result.stdout + result.stderr).toMatchObject({ code: 0 });
}

/** Runs drift, and shows that it wrote nothing: not to the vault, not to the journal, and no statement that changes something. */
async function drift(args: readonly string[] = [], options: Parameters<TestProject['pam']>[1] = {}): Promise<DriftJson> {
  const [rows, log] = [vaultRows(project.vaultFile), (await server.logText()).length];
  const result: PamResult = await project.pam(['drift', '--live', '--json', ...args], options);
  expect(vaultRows(project.vaultFile)).toEqual(rows);
  expect(await project.journal()).toEqual([]);
  for (const statement of statementsIn((await server.logText()).slice(log))) expect(statement).toMatch(/^SELECT\b/);
  const report = result.json<DriftJson>();
  expect(result.code, result.stdout + result.stderr).toBe(report.exit);
  return report;
}

const told = (report: DriftJson) => report.findings.map((f) => `${f.class} ${f.address} ${f.what ?? f.message}`);

test('each thing that was done by hand is told in its own words, and nothing is written; mended, there is nothing to tell', async () => {
  await project.declare(manifests());
  await apply();
  expect(statementsIn(await server.logText()).some((s) => /ALTER ROLE "?live_/.test(s))).toBe(true);
  const clean = await drift();
  expect(clean).toMatchObject({ findings: [], exit: 0, live: { targets: 1, accounts: 6, proved: 0, unseen: [], notes: [] } });

  const [locked, gone, changed, expired, again] = names;
  const [before] = await server.query<{ rolpassword: string }>(`SELECT rolpassword FROM pg_authid WHERE rolname = '${changed}'`);
  await server.query(`ALTER ROLE ${locked} NOLOGIN`);
  await server.query(`DROP ROLE ${gone}`);
  await server.query(`ALTER ROLE ${changed} PASSWORD 'by-hand'`);
  await server.query(`ALTER ROLE ${expired} VALID UNTIL '2020-01-01'`);
  await server.query(`DROP ROLE ${again}`);
  await server.query(`CREATE ROLE ${again} LOGIN`);

  const moved = await drift();
  expect(moved.exit).toBe(2);
  expect(told(moved)).toEqual([
    'drift PamUser/app-0 disabled',
    'drift PamUser/app-1 absent',
    'drift PamUser/app-2 secret-changed',
    'drift PamUser/app-3 expired',
    'drift PamUser/app-4 replaced',
    'drift PamUser/app-4 secret-changed',
  ]);
  const log = await server.logText();
  for (const name of names) expect(log).not.toContain(`authentication failed for user "${name}"`);
  // What the vault alone knows is as it was.
  expect(await project.pam(['drift'])).toMatchObject({ code: 0 });

  const text = (await project.pam(['drift', '--live'])).stdout;
  expect(text).toContain('PamUser/app-1: the role does not exist on the server');
  expect(text).toContain('Drift: 6 drift. Looked at 6 accounts on 1 target.');

  await server.query(`ALTER ROLE ${locked} LOGIN`);
  await server.query(`ALTER ROLE ${changed} PASSWORD '${before?.rolpassword}'`);
  await server.query(`ALTER ROLE ${expired} VALID UNTIL 'infinity'`);
  expect(told(await drift(['--target', 'PamUser/app-0', '--target', 'PamUser/app-2', '--target', 'PamUser/app-3']))).toEqual([]);
  // A rotation takes the account that was made anew as it is.
  await server.query(`CREATE ROLE ${gone} LOGIN`);
  await project.pam(['rotate', 'PamUser/app-1', 'PamUser/app-4', '--auto-approve']);
  expect(await drift()).toMatchObject({ findings: [], exit: 0 });
});

test('an earlier secret of ours that is live again is told as such', async () => {
  await project.declare(manifests());
  await apply();
  const [old] = await server.query<{ rolpassword: string }>(`SELECT rolpassword FROM pg_authid WHERE rolname = '${names[0]}'`);
  await project.pam(['rotate', 'PamUser/app-0', '--auto-approve']);
  await server.query(`ALTER ROLE ${names[0]} PASSWORD '${old?.rolpassword}'`);
  const report = await drift();
  expect(told(report)).toEqual(['drift PamUser/app-0 secret-changed']);
  expect(report.findings[0]?.message).toMatch(/version [0-9a-f-]{36} \(previous\)/);
});

describe('drift.accept', () => {
  test.for([
    ['what: disabled', []],
    ['class: drift', []],
    ['class: unproved', ['disabled']],
    ['what: absent', ['disabled']],
  ] as const)('with %s', async ([only, left]) => {
    await project.declare(manifests());
    await apply();
    const lineage = await project.withVault(async (vault) => vault.lineage);
    await project.write(
      'pam.yaml',
      `project: work\nvault: { type: local, lineage: ${lineage} }\ndrift:\n  accept: [{ address: PamUser/app-0, ${only}, reason: shut for the audit, until: 2100-01-01 }]\n`,
    );
    await server.query(`ALTER ROLE ${names[0]} NOLOGIN`);
    const report = await drift();
    expect(report.findings.map((f) => f.what)).toEqual(left);
    expect(report.accepted.map((f) => f.what)).toEqual(left.length === 0 ? ['disabled'] : []);
    expect(report.exit).toBe(left.length === 0 ? 0 : 2);
  });
});

describe('what could not be looked at', () => {
  test('an unreachable target is no finding, exits with 1, and takes no finding away', async () => {
    await project.declare(manifests());
    await apply();
    const port = await closedPort();
    await project.declare(manifests({ port }));
    // Git moved the endpoint and nobody applied it: nothing is presented to either.
    const moving = await drift();
    expect(told(moving)).toEqual(['pending PamDatabase/orders-db update']);
    expect(moving.live).toMatchObject({ targets: 0, accounts: 0, unseen: [] });
    expect(moving.live?.notes).toHaveLength(6);

    await project.pam(['apply', '--auto-approve', '--only', 'records']);
    const away = await drift();
    expect(away).toMatchObject({ findings: [], exit: 1, live: { targets: 0, accounts: 0 } });
    expect(new Set(away.live?.unseen.map((u) => u.code))).toEqual(new Set(['PAM6001']));
    expect(away.live?.unseen.map((u) => u.address)).toContain('PamUser/app-0');
    expect((await project.pam(['drift', '--live'])).stdout).toMatch(/could not be looked at \(6\)\n.* and 3 more: \[PAM6001\]/);

    await project.declare([...manifests({ port }), resource('PamUser', 'new', { login: 'new' })]);
    expect(await drift()).toMatchObject({ exit: 2, findings: [{ class: 'pending', address: 'PamUser/new' }] });
  });

  test('a refused admin credential is a finding of its own, spends one login, and is not tried again', async () => {
    await project.declare(manifests());
    await apply();
    const log = (await server.logText()).length;
    await server.query(`ALTER ROLE ${admin} PASSWORD 'another'`);
    for (const code of ['PAM6003', 'PAM4003']) {
      const report = await drift();
      expect(told(report)).toEqual(['drift PamUser/admin secret-refused']);
      expect(report.exit).toBe(2);
      expect(new Set(report.live?.unseen.map((u) => u.code))).toEqual(new Set([code]));
      expect((await server.logText()).slice(log).split(`password authentication failed for user "${admin}"`)).toHaveLength(2);
    }
  });

  test('an admin that may not read verifiers leaves the passwords unknown, and --prove tells', async () => {
    const [role] = names;
    await server.query(`CREATE ROLE weak_${round} CREATEROLE LOGIN PASSWORD 'weak'`);
    await server.query(`GRANT ${role} TO weak_${round} WITH ADMIN OPTION`);
    names = [role ?? ''];
    const text = JSON.stringify(manifests()).replace(`"login":"${admin}"`, `"login":"weak_${round}"`);
    await project.declare(JSON.parse(text) as object[]);
    const applied = await project.pam(['apply', '--auto-approve'], { env: { ADMIN: 'weak' } });
    expect(applied, applied.stdout + applied.stderr).toMatchObject({ code: 0 });
    expect((await drift()).live?.notes).toMatchObject([{ address: 'PamUser/app-0', message: expect.stringContaining('pg_authid') }]);

    await server.query(`ALTER ROLE ${role} PASSWORD 'by-hand'`);
    expect(await drift()).toMatchObject({ findings: [], exit: 0 });
    expect(told(await drift(['--prove']))).toEqual(['drift PamUser/app-0 secret-refused']);
    const log = (await server.logText()).length;
    // Not a second time, since the attempt is on record.
    expect(told(await drift(['--prove']))).toEqual(['drift PamUser/app-0 secret-refused']);
    expect((await server.logText()).slice(log)).not.toContain(`authentication failed for user "${role}"`);
  });
});

test('--prove logs in to each account with what is stored, writes no proof, and not to those that are shut', async () => {
  await project.declare(manifests());
  await apply();
  await server.query(`ALTER ROLE ${names[0]} NOLOGIN`);
  await server.query(`ALTER ROLE ${names[1]} PASSWORD 'by-hand'`);
  const log = (await server.logText()).length;
  const report = await drift(['--prove']);
  expect(told(report)).toEqual(['drift PamUser/app-0 disabled', 'drift PamUser/app-1 secret-changed']);
  expect(report.live).toMatchObject({ accounts: 6, proved: 4 });
  const since = (await server.logText()).slice(log);
  for (const [i, name] of names.entries()) {
    expect(since.includes(`connection authorized: user=${name} `), name).toBe(i > 1);
    expect(since).not.toContain(`authentication failed for user "${name}"`);
  }
});

test('an account without an administrator cannot be inspected without a login: no finding; --prove logs in', async () => {
  for (const name of names) await server.query(`ALTER ROLE ${name} PASSWORD '${ADMIN}'`);
  await project.declare(manifests({ self: true }));
  await apply();
  const report = await drift();
  expect(report).toMatchObject({ findings: [], exit: 0, live: { targets: 0, accounts: 0, unseen: [] } });
  expect(report.live?.notes[0]?.message).toContain('cannot be inspected without a login');
  await server.query(`ALTER ROLE ${names[0]} PASSWORD 'by-hand'`);
  const proved = await drift(['--prove']);
  expect(told(proved)).toEqual(['drift PamUser/app-0 secret-refused']);
  expect(proved.live).toMatchObject({ proved: 4 });
});

describe('--coverage', () => {
  const accept = async (lines: readonly string[]) => {
    const lineage = await project.withVault(async (vault) => vault.lineage);
    const list = lines.map((l) => `    - { address: PamDatabase/orders-db, ${l}, reason: known, until: 2100-01-01 }\n`).join('');
    await project.write(
      'pam.yaml',
      `project: work\nvault: { type: local, lineage: ${lineage} }\nmanifests: [manifests/*.yaml]\ndrift:\n  accept:\n${list}`,
    );
  };
  /** Of the tests before, and of the server itself. */
  const others = async () =>
    (
      await server.query<{ rolname: string }>(`SELECT rolname FROM pg_roles WHERE rolcanlogin AND rolname NOT LIKE 'live\\_${round}\\_%'`)
    ).map((r) => r.rolname);

  test('tells an administrator that was made by hand, by its login, until it is declared or accepted', async () => {
    await project.declare(manifests());
    await apply();
    await accept((await others()).map((login) => `login: ${login}`));
    expect(await drift(['--coverage'])).toMatchObject({ findings: [], exit: 0 });

    const [stranger, shut] = [`live_${round}_by "hand"`, `live_${round}_group`];
    await server.query(`CREATE ROLE "${stranger.replaceAll('"', '""')}" SUPERUSER LOGIN`);
    await server.query(`CREATE ROLE ${shut}`);
    const report = await drift(['--coverage']);
    expect(report.findings).toEqual([
      {
        class: 'unmanaged',
        address: 'PamDatabase/orders-db',
        what: 'undeclared-admin',
        login: stranger,
        message: `nobody declares the administrator ${stranger} (superuser)`,
      },
    ]);
    expect(report.exit).toBe(2);
    // Without --coverage it is nobody's business here.
    expect(await drift()).toMatchObject({ findings: [], exit: 0 });

    await project.declare([...manifests(), resource('PamUser', 'by-hand', { login: stranger, resource: 'PamDatabase/orders-db' })]);
    expect(told(await drift(['--coverage']))).toEqual([
      'pending PamUser/by-hand create',
      'pending PamUser/by-hand link belongs-to PamDatabase/orders-db',
    ]);
  });
});

test('a narrowed look takes the accounts of a resource that is named, and leaves out those of one that is excluded', async () => {
  await project.declare(manifests());
  await apply();
  await server.query(`ALTER ROLE ${names[0]} NOLOGIN`);
  await server.query(`ALTER ROLE ${names[1]} NOLOGIN`);
  expect(told(await drift(['--target', 'PamUser/app-0']))).toEqual(['drift PamUser/app-0 disabled']);
  expect(told(await drift(['--exclude', 'PamUser/app-0']))).toEqual(['drift PamUser/app-1 disabled']);
  expect(told(await drift(['--target', 'PamDatabase/orders-db']))).toHaveLength(2);
  const none = await drift(['--exclude', 'PamDatabase/orders-db']);
  expect(none).toMatchObject({ findings: [], exit: 0, live: { targets: 0, accounts: 0 } });
});

test('metadata that somebody wrote into the vault file is found before any secret is read', async () => {
  await project.declare(manifests());
  await apply();
  const { default: Libsql } = await import('libsql');
  const db = new Libsql(project.vaultFile);
  db.prepare("UPDATE record SET body = replace(body, '127.0.0.1', '127.0.0.2') WHERE body LIKE '%PamDatabase/orders-db%'").run();
  db.close();
  const log = (await server.logText()).length;
  const result = await project.pam(['drift', '--live', '--json']);
  expect(result.code).toBe(6);
  expect(result.stdout).toContain('PAM5006');
  expect((await server.logText()).slice(log)).not.toContain('connection authorized');
});

test('--prove without --live is a usage error', async () => {
  await project.declare(manifests());
  expect(await project.pam(['drift', '--prove'])).toMatchObject({ code: 8 });
});
