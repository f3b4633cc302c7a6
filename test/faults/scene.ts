import { randomBytes, randomUUID } from 'node:crypto';
import pg from 'pg';
import { expect } from 'vitest';
import { type Address, Secret, type VaultRecord, type VersionState, versionIn } from '../../src/model/index.ts';
import { loadDesired, openProject, planWith, WHOLE } from '../../src/project/index.ts';
import { DEFAULT_ITERATIONS, fitsVerifier, scramVerifier } from '../../src/providers/postgres/verifier.ts';
import type { Vault } from '../../src/vault/index.ts';
import { makeProject, type TestProject } from '../cli/project.ts';
import type { PostgresServer } from '../servers/postgres.ts';

/**
 * Who changes the passwords: a superuser (sees verifiers, so nothing is ever guessed), a role with CREATEROLE (can reset, cannot
 * see), or each account itself (has nothing but its logins).
 */
export type Mode = 'superuser' | 'createrole' | 'self';
export const MODES: readonly Mode[] = ['superuser', 'createrole', 'self'];

/** Failed logins that one fault may cost an account: none where somebody can look or reset. */
export const ALLOWED_FAILURES: Readonly<Record<Mode, number>> = { superuser: 0, createrole: 0, self: 2 };

export interface SceneAccount {
  readonly address: Address;
  readonly login: string;
  /** The password that the role has at first. */
  readonly password: string;
}

/** A project whose accounts live on a real server, and what tests ask of it again and again. */
export interface Scene extends AsyncDisposable {
  readonly project: TestProject;
  readonly server: PostgresServer;
  readonly mode: Mode;
  readonly accounts: readonly SceneAccount[];
  readonly admin: SceneAccount;
  /** Declares everything anew; `rotation` is merged into that of `only`, `version` is that of every password source. */
  declare(rotation: object, only?: readonly SceneAccount[], version?: number): Promise<void>;
  /** The same, without a source for the accounts' passwords: only the vault has them. */
  declareUnknown(rotation: object): Promise<void>;
  /** The environment variable that the manifest reads the account's password from. */
  variable(account: SceneAccount): string;
  record(address: Address): Promise<VaultRecord>;
  /** Text of a stored version. */
  stored(address: Address, state?: VersionState): Promise<string | undefined>;
  /** The current one of every account, in their order. */
  storedAll(): Promise<readonly (string | undefined)[]>;
  /** How many secrets were ever made for the account, by the audit trail. */
  staged(address: Address): Promise<number>;
  stagedAll(): Promise<readonly number[]>;
  /** Failed logins of the role that the server saw. */
  failedLogins(login: string): Promise<number>;
}

export interface SceneOptions {
  readonly mode: Mode;
  readonly accounts: number;
  /** Rotation of each account beside `type` and `selfRotate`. */
  readonly rotation?: object;
  /** Where pam connects, such as a fault proxy; default: the server. */
  readonly endpoint?: { readonly host: string; readonly port: number };
  /** Of the administrator itself. */
  readonly adminRotation?: object;
  /** What the accounts are called, with a number behind; for rules of pg_hba.conf. Default `app`. */
  readonly prefix?: string;
  /** Accounts from this index on have no password in the manifest, so that the vault has none before the first rotation. */
  readonly unknownFrom?: number;
  /** Accounts that rotate themselves have the administrator, a superuser, as their reconcile credential. */
  readonly reconcile?: boolean;
  readonly env?: Readonly<Record<string, string>>;
}

/** Makes the roles on the server (each scene its own) and a project that declares them. */
export async function makeScene(server: PostgresServer, options: SceneOptions): Promise<Scene> {
  const { mode, rotation = { initial: 'now' }, prefix = 'app', unknownFrom = options.accounts, endpoint = server } = options;
  const tag = randomUUID().slice(0, 8);
  const make = (name: string): SceneAccount => ({
    address: `PamUser/${name}`,
    login: `${name.replace('-', '_')}_${tag}`,
    password: `first-${randomBytes(15).toString('base64url')}`,
  });
  const admin = make('admin');
  const accounts = Array.from({ length: options.accounts }, (_, i) => make(`${prefix}-${i + 1}`));
  const hasAdmin = mode !== 'self' || options.reconcile === true;
  await makeRoles(server, mode, hasAdmin ? admin : null, accounts);

  const variable = (account: SceneAccount) => account.login.toUpperCase();
  const project = await makeProject({
    ...Object.fromEntries([admin, ...accounts].map((account) => [variable(account), account.password])),
    ...options.env,
  });
  const own = (account: SceneAccount, extra: object) => ({
    apiVersion: 'pam/v1',
    kind: 'PamUser',
    metadata: { name: account.address.slice('PamUser/'.length) },
    spec: { login: account.login, resource: 'PamDatabase/db', ...extra },
  });
  const password = (account: SceneAccount, version: number) => ({ password: { fromEnv: variable(account), version } });
  const common = (version: number) => [
    { apiVersion: 'pam/v1', kind: 'PamConfiguration', metadata: { name: 'net' }, spec: { type: 'network' } },
    {
      apiVersion: 'pam/v1',
      kind: 'PamDatabase',
      metadata: { name: 'db' },
      spec: {
        configuration: 'net',
        databaseType: 'postgresql',
        host: endpoint.host,
        port: endpoint.port,
        tls: { mode: 'disable' },
        ...(mode === 'self' ? {} : { adminCredential: 'admin' }),
      },
    },
    { apiVersion: 'pam/v1', kind: 'RotationPolicy', metadata: { name: 'monthly' }, spec: { schedule: { every: '30d' } } },
    ...(hasAdmin
      ? [
          own(admin, {
            ...password(admin, version),
            ...(options.adminRotation === undefined ? {} : { rotation: { type: 'general', policy: 'monthly', ...options.adminRotation } }),
          }),
        ]
      : []),
  ];
  const declareAll = (more: object, only: readonly SceneAccount[], version: number, isGiven: (index: number) => boolean) =>
    project.declare([
      ...common(version),
      ...accounts.map((account, i) =>
        own(account, {
          ...(isGiven(i) ? password(account, version) : {}),
          ...(options.reconcile === true ? { reconcileCredential: 'admin' } : {}),
          rotation: {
            type: 'general',
            policy: 'monthly',
            ...(mode === 'self' ? { selfRotate: true } : {}),
            ...rotation,
            ...(only.includes(account) ? more : {}),
          },
        }),
      ),
    ]);
  const declare: Scene['declare'] = (more, only = accounts, version = 1) =>
    declareAll(more, only, version, (i) => mode === 'self' || i < unknownFrom);
  await declare({});

  const record = (address: Address) => project.readVault((vault) => recordIn(vault, address));
  return {
    project,
    server,
    mode,
    accounts,
    admin,
    declare,
    declareUnknown: (more) => declareAll(more, accounts, 1, () => false),
    variable,
    record,
    stored: (address, state = 'current') => project.readVault((vault) => storedIn(vault, address, state)),
    storedAll: () => project.readVault((vault) => Promise.all(accounts.map((a) => storedIn(vault, a.address, 'current')))),
    staged: (address) => project.readVault((vault) => stagedIn(vault, address)),
    stagedAll: () => project.readVault((vault) => Promise.all(accounts.map((a) => stagedIn(vault, a.address)))),
    async failedLogins(login) {
      return (await server.logText()).split(`authentication failed for user "${login}"`).length - 1;
    },
    [Symbol.asyncDispose]: () => project[Symbol.asyncDispose](),
  };
}

async function makeRoles(server: PostgresServer, mode: Mode, admin: SceneAccount | null, accounts: readonly SceneAccount[]): Promise<void> {
  const create = async ({ login, password }: SceneAccount, attributes: string) => {
    // A verifier, so that no log of the server has the password from us.
    const verifier = await scramVerifier(Secret.fromText(password), DEFAULT_ITERATIONS);
    return `CREATE ROLE ${pg.escapeIdentifier(login)} LOGIN ${attributes} PASSWORD ${pg.escapeLiteral(verifier)};`;
  };
  const statements = [
    admin === null ? '' : await create(admin, mode === 'createrole' ? 'CREATEROLE' : 'SUPERUSER'),
    ...(await Promise.all(accounts.map((account) => create(account, '')))),
    // Since 16 CREATEROLE alone reaches no role that somebody else made.
    ...(admin !== null && mode === 'createrole' && server.version === 'npm'
      ? accounts.map(({ login }) => `GRANT ${login} TO ${admin.login} WITH ADMIN OPTION, INHERIT FALSE, SET FALSE;`)
      : []),
  ];
  await server.query(statements.join('\n'));
}

async function recordIn(vault: Vault, address: Address): Promise<VaultRecord> {
  const found = (await vault.snapshot()).records.find((r) => r.address === address);
  if (found === undefined) throw new Error(`no record of ${address}`);
  return found;
}

async function storedIn(vault: Vault, address: Address, state: VersionState): Promise<string | undefined> {
  const { id, versions } = await recordIn(vault, address);
  const header = versions.find((v) => v.field === 'password' && v.state === state);
  return header === undefined ? undefined : (await vault.readSecret({ record: id, field: 'password', version: header.id })).reveal();
}

async function stagedIn(vault: Vault, address: Address): Promise<number> {
  let count = 0;
  for await (const event of vault.audit()) if (event.action === 'rotation.stage' && event.address === address) count++;
  return count;
}

/** Does a login from outside succeed with this password? Anything but "wrong password" is an error of the test. */
export async function opens(server: PostgresServer, login: string, password: string | undefined): Promise<boolean> {
  if (password === undefined) return false;
  const client = new pg.Client({ host: server.host, port: server.port, user: login, password, database: 'postgres', ssl: false });
  try {
    await client.connect();
    return true;
  } catch (error) {
    if ((error as { code?: string }).code === '28P01') return false;
    throw error;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Which of the secrets has the server for the role? Looked up, so that no login is spent. */
export async function liveAmong(
  server: PostgresServer,
  login: string,
  secrets: readonly (string | undefined)[],
): Promise<string | undefined> {
  const [row] = await server.query<{ rolpassword: string }>('SELECT rolpassword FROM pg_authid WHERE rolname = $1', [login]);
  for (const secret of secrets)
    if (secret !== undefined && (await fitsVerifier(row?.rolpassword ?? '', login, Secret.fromText(secret)))) return secret;
  return undefined;
}

/** Promise 1 and 6 after any fault: one more apply finishes, nothing is left over, and what readers get opens the account. */
export async function expectConverged(
  scene: Scene,
  { staged = 1, approval = ['--auto-approve'] as readonly string[] } = {},
): Promise<void> {
  const { project, server, mode } = scene;
  const applied = await project.pam(['apply', ...approval]);
  expect(applied, applied.stdout + applied.stderr).toMatchObject({ code: 0 });
  for (const { login } of scene.accounts)
    expect(await scene.failedLogins(login), `failed logins of ${login}`).toBeLessThanOrEqual(ALLOWED_FAILURES[mode]);
  if (mode !== 'self') expect(await scene.failedLogins(scene.admin.login)).toBe(0);
  await project.readVault(async (vault) => {
    for (const { address, login } of scene.accounts) {
      const record = await recordIn(vault, address);
      expect(record.rotation.active).toBeUndefined();
      expect(versionIn(record, 'password', 'pending')).toBeUndefined();
      expect(versionIn(record, 'password', 'current')?.proof).toBeDefined();
      expect(await stagedIn(vault, address), `secrets made for ${address}`).toBe(staged);
      expect(await opens(server, login, await storedIn(vault, address, 'current')), `${address} opens`).toBe(true);
    }
  });
  expect(await project.journal()).toEqual([]);
  expect(await plannedRows(scene)).toEqual([]);
}

/** What `pam plan` would show now; made in this process, since it is asked after every fault. */
export async function plannedRows({ project }: Pick<Scene, 'project'>): Promise<readonly string[]> {
  const opened = await openProject({ folder: project.root });
  const plan = planWith(opened, await loadDesired(opened), { narrowing: WHOLE, grants: {} });
  const snapshot = await project.readVault((vault) => vault.snapshot());
  return plan(snapshot, new Date().toISOString()).changes.map((change) => change.id);
}
