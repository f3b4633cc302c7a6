import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'ldapts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { versionIn } from '../../src/model/index.ts';
import { makeSlapd } from '../providers/ldap/openldap.ts';
import { startMariadb } from '../servers/mariadb.ts';
import { hasServer } from '../servers/missing.ts';
import { startPostgres } from '../servers/postgres.ts';
import { shadowOf, startSshd } from '../servers/sshd.ts';
import { makeProject, type TestProject } from './project.ts';

const ACCOUNTS = 30;

interface Login {
  readonly login: string;
  readonly password: string;
}

/** A real server with accounts that nobody declares. */
interface Estate {
  /** Of the resource, whose administrator is `PamUser/admin`. */
  readonly address: string;
  readonly documents: readonly object[];
  readonly env: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, string>>;
  readonly accounts: readonly Login[];
  /** A pattern that all of them fit and no other account. */
  readonly pattern: string;
  /** What the server compares logins with, looked up by its own administrator, by login. */
  verifiers(): Promise<Readonly<Record<string, string>>>;
  stop(): Promise<void>;
}

const manifest = (kind: string, name: string, spec: object) => ({ apiVersion: 'pam/v1', kind, metadata: { name }, spec });
const net = manifest('PamConfiguration', 'net', { type: 'network' });
const monthly = manifest('RotationPolicy', 'monthly', { schedule: { every: '30d' } });

function makeLogins(prefix: string): readonly Login[] {
  const tag = randomBytes(3).toString('hex');
  return Array.from({ length: ACCOUNTS }, (_, i) => ({
    login: `${prefix}${tag}_${String(i + 1).padStart(2, '0')}`,
    password: `Old-${randomBytes(12).toString('base64url')}`,
  }));
}

interface PostgresEstate extends Estate {
  query(sql: string): Promise<unknown>;
}

function databaseDocuments(databaseType: string, { host, port }: { host: string; port: number }, admin: string): object[] {
  const tls = { mode: 'disable' };
  return [
    manifest('PamDatabase', 'db', { configuration: 'net', databaseType, host, port, tls, adminCredential: 'admin' }),
    manifest('PamUser', 'admin', { login: admin, resource: 'PamDatabase/db', password: { fromEnv: 'ADMIN' } }),
  ];
}

async function postgresEstate(): Promise<PostgresEstate> {
  const server = await startPostgres();
  const accounts = makeLogins('app');
  for (const { login, password } of accounts) await server.query(`CREATE ROLE ${login} LOGIN PASSWORD '${password}'`);
  await server.query('CREATE ROLE readers NOLOGIN');
  return {
    address: 'PamDatabase/db',
    documents: databaseDocuments('postgresql', server, 'postgres'),
    env: { ADMIN: server.adminPassword },
    accounts,
    pattern: 'app*',
    query: (sql) => server.query(sql),
    async verifiers() {
      const rows = await server.query<{ rolname: string; rolpassword: string }>(
        "SELECT rolname, rolpassword FROM pg_authid WHERE rolname LIKE 'app%'",
      );
      return Object.fromEntries(rows.map((r) => [r.rolname, r.rolpassword]));
    },
    stop: () => server.stop(),
  };
}

async function mariadbEstate(): Promise<Estate> {
  const server = await startMariadb();
  const accounts = makeLogins('app');
  for (const { login, password } of accounts) await server.query(`CREATE USER '${login}'@'%' IDENTIFIED BY '${password}'`);
  await server.query("CREATE USER 'keeper'@'%' IDENTIFIED BY 'Keeper-of-accounts-1'");
  await server.query("GRANT CREATE USER ON *.* TO 'keeper'@'%'");
  await server.query("GRANT SELECT ON mysql.* TO 'keeper'@'%'");
  return {
    address: 'PamDatabase/db',
    documents: databaseDocuments('mariadb', server, 'keeper'),
    env: { ADMIN: 'Keeper-of-accounts-1' },
    accounts,
    pattern: 'app*',
    async verifiers() {
      const rows = await server.query<{ user: string; hash: string }>(
        "SELECT user, authentication_string AS hash FROM mysql.user WHERE user LIKE 'app%'",
      );
      return Object.fromEntries(rows.map((r) => [r.user, r.hash]));
    },
    stop: () => server.stop(),
  };
}

async function sshdEstate(): Promise<Estate> {
  const server = await startSshd();
  const accounts = makeLogins('pama');
  for (const account of accounts) server.addUser(account);
  const admin = server.addUser({ sudo: 'ALL=(ALL) NOPASSWD: ALL' });
  const { host, port, fingerprint } = server;
  return {
    address: 'PamMachine/host',
    documents: [
      manifest('PamMachine', 'host', {
        configuration: 'net',
        host,
        port,
        operatingSystem: 'linux',
        hostKey: fingerprint,
        adminCredential: 'admin',
      }),
      manifest('PamUser', 'admin', { login: admin.login, resource: 'PamMachine/host', password: { fromEnv: 'ADMIN' } }),
    ],
    env: { ADMIN: admin.password },
    accounts,
    // Other suites have accounts on this machine too.
    pattern: `${accounts[0]?.login.slice(0, 'pama'.length + 6)}_*`,
    verifiers: async () => Object.fromEntries(accounts.map(({ login }) => [login, shadowOf(login)[1] ?? ''])),
    stop: () => server.stop(),
  };
}

async function slapdEstate(): Promise<Estate> {
  const server = await makeSlapd();
  const accounts = makeLogins('app');
  for (const { login, password } of accounts) await server.addUser(login, password, { uid: login });
  const url = `ldaps://127.0.0.1:${server.securePort}`;
  return {
    address: 'PamDirectory/people',
    documents: [
      manifest('PamDirectory', 'people', {
        configuration: 'net',
        directoryType: 'openldap',
        host: '127.0.0.1',
        port: server.securePort,
        tls: { mode: 'verify-full', ca: './ca.pem', startTls: false },
        adminCredential: 'admin',
      }),
      manifest('PamUser', 'admin', {
        login: 'rotator',
        distinguishedName: server.rotator.dn,
        resource: 'PamDirectory/people',
        password: { fromEnv: 'ADMIN' },
      }),
    ],
    env: { ADMIN: server.rotator.password },
    files: { 'manifests/ca.pem': server.ca.pem },
    accounts,
    pattern: 'app*',
    async verifiers() {
      const client = new Client({ url, tlsOptions: { ca: server.ca.pem, checkServerIdentity: () => undefined } });
      try {
        await client.bind(server.root.dn, server.root.password);
        const { searchEntries } = await client.search('ou=people,dc=pam,dc=test', {
          filter: '(uid=*)',
          attributes: ['uid', 'userPassword'],
        });
        return Object.fromEntries(searchEntries.map((e) => [String(e['uid']), String(e['userPassword'])]));
      } finally {
        await client.unbind();
      }
    },
    stop: () => server.stop(),
  };
}

/** A project that knows the server and its administrator, and has rules that leave everything else out. */
async function projectOn(estate: Estate): Promise<TestProject> {
  const secrets = Object.fromEntries(estate.accounts.map(({ login, password }) => [`OLD_${login.toUpperCase()}`, password]));
  const project = await makeProject({ ...estate.env, ...secrets });
  for (const [path, text] of Object.entries(estate.files ?? {})) await project.write(path, text);
  await project.write(
    'pam.yaml',
    `${await readFile(join(project.root, 'pam.yaml'), 'utf8')}
discover:
  rules:
    - { action: add, match: { resource: "Pam*", login: "${estate.pattern}" }, folder: found }
    - action: ignore
`,
  );
  await project.declare([net, monthly, ...estate.documents]);
  await run(project, 'apply', '--auto-approve');
  return project;
}

async function run(project: TestProject, ...args: readonly string[]) {
  const result = await project.pam(args);
  expect(result, `pam ${args.join(' ')}\n${result.stdout}${result.stderr}`).toMatchObject({ code: 0 });
  return result;
}

interface PlanJson {
  readonly changes: readonly {
    readonly address: string;
    readonly kind: string;
    readonly blocked?: unknown;
    readonly reason?: { type: string };
  }[];
}

const kindsOf = ({ changes }: PlanJson) => [...new Set(changes.map((c) => c.kind))].sort();

/** Every secret that was ever made for an account; nothing is rotated without one. */
function made(project: TestProject): Promise<number> {
  return project.readVault(async (vault) => {
    let count = 0;
    for await (const { action } of vault.audit()) if (action === 'secret.stage') count++;
    return count;
  });
}

/** Discovers the thirty accounts of a server and adopts them with the secrets that they have. */
async function adoptAll(estate: Estate): Promise<void> {
  const before = await estate.verifiers();
  await using project = await projectOn(estate);
  const { accounts } = (await run(project, 'discover', estate.address, '--json')).json<{
    accounts: readonly { login: string; verdict: string; address?: string }[];
  }>();
  const added = accounts.filter((a) => a.verdict === 'add');
  expect(added.map((a) => a.login)).toEqual(estate.accounts.map((a) => a.login));
  expect(accounts.find((a) => a.verdict === 'managed')).toMatchObject({ address: 'PamUser/admin' });

  const out = 'manifests/adopted.yaml';
  const args = ['adopt', estate.address, '--from-env', 'OLD_{login}', '--policy', 'monthly', '--out', out];
  expect((await run(project, ...args)).stdout).toContain(`Wrote ${ACCOUNTS} manifests to ${out}.`);
  const plan = (await run(project, 'plan', '--json')).json<PlanJson>();
  expect(kindsOf(plan)).toEqual(['create', 'ingest', 'link']);
  expect(plan.changes.filter((c) => c.kind === 'ingest')).toHaveLength(ACCOUNTS);
  await run(project, 'apply', '--auto-approve');
  await run(project, 'plan', '--detailed-exitcode');
  const again = await run(project, 'discover', estate.address);
  expect(again.stdout).toBe('');
  expect(again.stderr).toContain(', 0 to add.');

  expect(await estate.verifiers()).toEqual(before);
  expect(await made(project)).toBe(0);
  const stored = await project.readVault(async (vault) => {
    const { records } = await vault.snapshot();
    const found = records.filter((r) => estate.accounts.some((a) => a.login === r.fields['login']));
    return Promise.all(
      found.map(async (record) => {
        const current = versionIn(record, 'password', 'current');
        expect(current?.proof, record.address).toBeDefined();
        const secret = await vault.readSecret({ record: record.id, field: 'password', version: current?.id ?? '' });
        return { login: String(record.fields['login']), password: secret.reveal() };
      }),
    );
  });
  expect(stored.sort((a, b) => (a.login < b.login ? -1 : 1))).toEqual(estate.accounts);
}

function suite(name: string, isHere: boolean, start: () => Promise<Estate>): void {
  describe.runIf(isHere)(name, () => {
    let estate: Estate;
    beforeAll(async () => {
      estate = await start();
    });
    afterAll(() => estate?.stop());

    test('thirty accounts are adopted with the secrets that they have: each is proved, the plan is empty, and nothing was rotated', () =>
      adoptAll(estate));
  });
}

describe('PostgreSQL', () => {
  let estate: PostgresEstate;
  beforeAll(async () => {
    estate = await postgresEstate();
  });
  afterAll(() => estate?.stop());

  test('thirty accounts are adopted with the secrets that they have: each is proved, the plan is empty, and nothing was rotated', () =>
    adoptAll(estate));

  test('what discover prints is laid out, applies as it stands, and leaves an empty plan with nothing rotated', async () => {
    const before = await estate.verifiers();
    await using project = await projectOn(estate);
    const { stdout, stderr } = await run(project, 'discover', 'db');
    expect(stderr).toContain(`accounts, ${ACCOUNTS} to add.`);
    expect(stderr).toMatch(/ignored by rule 2: .*pg_/);
    await project.write('manifests/found.yaml', stdout);
    await run(project, 'fmt', '--check', '-f', 'manifests/found.yaml');
    await run(project, 'apply', '--auto-approve');
    await run(project, 'plan', '--detailed-exitcode');
    expect(await estate.verifiers()).toEqual(before);
    expect(await made(project)).toBe(0);
  });

  test('a reset is a row of the plan for each account, and of no other', async () => {
    await using project = await projectOn(estate);
    const [one, other] = estate.accounts;
    const args = ['adopt', 'db', one?.login ?? '', '--reset', '--policy', 'monthly', '--out', 'manifests/one.yaml'];
    await run(project, ...args);
    const before = await estate.verifiers();
    const plan = (await run(project, 'plan', '--json')).json<PlanJson>();
    expect(plan.changes.filter((c) => c.kind === 'rotate')).toEqual([
      expect.objectContaining({ address: `PamUser/db-${one?.login}`, reason: { type: 'initial' } }),
    ]);
    await run(project, 'apply', '--auto-approve');
    await run(project, 'plan', '--detailed-exitcode');
    const after = await estate.verifiers();
    expect(Object.keys(after).filter((login) => after[login] !== before[login])).toEqual([one?.login]);
    // Whoever is adopted is declared, and no file is written over.
    expect(await project.pam(args)).toMatchObject({ code: 8, stderr: expect.stringContaining('PAM9020') });
    const twice = await project.pam(['adopt', 'db', one?.login ?? '', 'nobody_at_all', '--reset']);
    expect(twice).toMatchObject({ code: 8, stdout: '' });
    expect(twice.stderr).toContain(`it is declared already: PamUser/db-${one?.login}`);
    expect(twice.stderr).toContain('"nobody_at_all" cannot be adopted: PamDatabase/db has no account of that name');
    // A wrong secret is found out by apply, not taken.
    await run(project, 'adopt', 'db', other?.login ?? '', '--from-env', 'WRONG', '--out', 'manifests/other.yaml');
    const wrong = await project.pam(['apply', '--auto-approve'], { env: { WRONG: 'not-its-password' } });
    expect(wrong.code).toBe(7);
    expect(wrong.stdout).toContain('PAM6003');
  });

  test('a name that turns the line around is an escape in the manifest, and is the same account again', async () => {
    const login = 'app"\u202e; DROP \u200b名前';
    for (const name of [login, 'app two\nlines']) await estate.query(`CREATE ROLE "${name.replaceAll('"', '""')}" LOGIN PASSWORD 'x'`);
    await using project = await projectOn(estate);
    const { stdout, stderr } = await run(project, 'discover', 'db');
    for (const text of [stdout, stderr]) expect(text).not.toMatch(/[\u202e\u200b]/);
    expect(stderr).toContain('1 with a name that no manifest can spell: app two<U+000A>lines');
    await project.write('manifests/found.yaml', stdout);
    const { accounts } = (await run(project, 'discover', 'db', '--json')).json<{ accounts: { login: string; verdict: string }[] }>();
    expect(accounts.find((a) => a.login === login)).toMatchObject({ verdict: 'managed' });
    expect(accounts.filter((a) => a.verdict === 'add')).toEqual([]);
  });

  test('what cannot be done is said before anything is asked of the target or written', async () => {
    await using project = await projectOn(estate);
    for (const [args, said] of [
      [['adopt', 'db'], 'one of --from-env, --from-file, --reset'],
      [['adopt', 'PamUser/admin', '--reset'], 'no accounts live on PamUser/admin'],
      [['adopt', 'db', '--reset', '--policy', 'hourly', '--out', 'manifests/new.yaml'], 'RotationPolicy/hourly'],
    ] as const) {
      const result = await project.pam(args);
      expect(result, args.join(' ')).toMatchObject({ code: 8, stdout: '' });
      expect(result.stderr).toContain(said);
    }
    expect(await project.pam(['discover', 'nowhere'])).toMatchObject({ code: 1, stderr: expect.stringContaining('PAM9008') });
    await run(project, 'plan', '--detailed-exitcode');
  });
});

suite('MariaDB', hasServer('mariadb'), mariadbEstate);
suite('sshd', hasServer('openssh'), sshdEstate);
suite('OpenLDAP', hasServer('slapd'), slapdEstate);
