import { chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ssh2 from 'ssh2';
import { expect } from 'vitest';
import { type Address, type SecretField, type VaultRecord, type VersionState, versionIn } from '../../../src/model/index.ts';
import type { Vault } from '../../../src/vault/index.ts';
import { makeProject, type TestProject } from '../../cli/project.ts';
import { run, type SshServer, type SshUser } from '../../servers/sshd.ts';
import { SUDO } from './fixture.ts';

export interface SceneAccount extends SshUser {
  readonly address: Address;
  readonly field: Extract<SecretField, 'password' | 'privateKey'>;
  /** What opens the account at first: a password or a private key. */
  readonly secret: string;
}

export interface SceneOptions {
  readonly passwords?: number;
  readonly keys?: number;
  /** Each account changes itself; default: an administrator changes all. */
  readonly self?: boolean;
  /** The keys that accounts have at first; default: new ed25519 ones. */
  readonly firstKey?: KeyPair;
  readonly sudo?: string;
  readonly rotation?: object;
  /** In place of `hostKey` of the server. */
  readonly trust?: object;
  readonly endpoint?: { readonly host: string; readonly port: number };
}

/** A project whose accounts live on a real host, and what tests ask of it again and again. */
export interface Scene extends AsyncDisposable {
  readonly project: TestProject;
  readonly admin: SshUser;
  readonly accounts: readonly SceneAccount[];
  /** Declares everything anew; `rotation` is merged into that of every account. */
  declare(rotation: object): Promise<void>;
  stored(account: SceneAccount, state?: VersionState): Promise<string | undefined>;
  record(account: SceneAccount): Promise<VaultRecord>;
}

export async function makeScene(server: SshServer, options: SceneOptions = {}): Promise<Scene> {
  const { passwords = 0, keys = 0, self = false, endpoint = server } = options;
  const admin = server.addUser({ sudo: options.sudo ?? SUDO.all });
  const accounts = [
    ...Array.from({ length: passwords }, (_, i) => passwordAccount(server, `app-${i + 1}`)),
    ...Array.from({ length: keys }, (_, i) => keyAccount(server, `key-${i + 1}`, options.firstKey)),
  ];
  const project = await makeProject({
    ADMIN: admin.password,
    ...Object.fromEntries(accounts.map((account) => [variableOf(account), account.secret])),
  });
  const user = (name: string, login: string, spec: object) => ({
    apiVersion: 'pam/v1',
    kind: 'PamUser',
    metadata: { name },
    spec: { login, resource: 'PamMachine/host', ...spec },
  });
  const declare = (more: object) =>
    project.declare([
      { apiVersion: 'pam/v1', kind: 'PamConfiguration', metadata: { name: 'net' }, spec: { type: 'network' } },
      {
        apiVersion: 'pam/v1',
        kind: 'PamMachine',
        metadata: { name: 'host' },
        spec: {
          configuration: 'net',
          host: endpoint.host,
          port: endpoint.port,
          operatingSystem: 'linux',
          ...(options.trust ?? { hostKey: server.fingerprint }),
          ...(self ? {} : { adminCredential: 'admin' }),
        },
      },
      { apiVersion: 'pam/v1', kind: 'RotationPolicy', metadata: { name: 'monthly' }, spec: { schedule: { every: '30d' } } },
      ...(self ? [] : [user('admin', admin.login, { password: { fromEnv: 'ADMIN' } })]),
      ...accounts.map((account) =>
        user(account.address.slice('PamUser/'.length), account.login, {
          [account.field]: { fromEnv: variableOf(account) },
          rotation: {
            type: 'general',
            policy: 'monthly',
            initial: 'now',
            field: account.field,
            ...(self ? { selfRotate: true } : {}),
            ...options.rotation,
            ...more,
          },
        }),
      ),
    ]);
  await declare({});
  return {
    project,
    admin,
    accounts,
    declare,
    stored: (account, state = 'current') => project.withVault((vault) => storedIn(vault, account, state)),
    record: (account) => project.withVault((vault) => recordIn(vault, account)),
    [Symbol.asyncDispose]: () => project[Symbol.asyncDispose](),
  };
}

function variableOf({ address }: SceneAccount): string {
  return address.slice('PamUser/'.length).toUpperCase().replaceAll('-', '_');
}

function passwordAccount(server: SshServer, name: string): SceneAccount {
  const user = server.addUser();
  return { ...user, address: `PamUser/${name}`, field: 'password', secret: user.password };
}

/** Keys of somebody else, options, comments, odd white space, no line feed at the end: none of it is ours. */
export const FOREIGN_LINES = [
  '# managed by hand, keep',
  '',
  `\tcommand="echo \\"hi, you\\"",no-pty ${publicLine('colleague@laptop')}`,
  `  ${publicLine('two  spaces and ünïcode')} \r`,
  'not a key at all',
];

export const OLD_OPTIONS = 'from="127.0.0.0/8",restrict';

/** An account that is opened by a key among foreign ones; `keysText` is what its file holds. */
export function keyAccount(server: SshServer, name: string, pair = makeKeyPair('first')): SceneAccount & { readonly keysText: string } {
  const user = server.addUser();
  const keysText = `${[...FOREIGN_LINES.slice(0, 3), `${OLD_OPTIONS} ${pair.public}`, ...FOREIGN_LINES.slice(3)].join('\n')}`;
  writeKeys(user, keysText);
  return { ...user, address: `PamUser/${name}`, field: 'privateKey', secret: pair.private, keysText };
}

export function writeKeys(user: SshUser, text: string, mode = 0o640): string {
  const folder = join(user.home, '.ssh');
  const file = join(folder, 'authorized_keys');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(file, text, { mode });
  const [uid, gid] = ['-u', '-g'].map((flag) => Number(run('id', [flag, user.login])));
  for (const path of [folder, file]) chownSync(path, uid ?? 0, gid ?? 0);
  return file;
}

export function publicLine(comment: string): string {
  return makeKeyPair(comment).public;
}

export interface KeyPair {
  readonly private: string;
  readonly public: string;
}

/** ssh2 cannot read one in three hundred of its own ed25519 keys. */
export function makeKeyPair(comment: string): KeyPair {
  const pair = ssh2.utils.generateKeyPairSync('ed25519', { comment });
  return ssh2.utils.parseKey(pair.private) instanceof Error ? makeKeyPair(comment) : pair;
}

/** Does a login from outside succeed with this secret and nothing else? */
export async function opens(server: SshServer, login: string, field: SecretField, secret: string | undefined): Promise<boolean> {
  if (secret === undefined) return false;
  const client = new ssh2.Client();
  try {
    await new Promise<void>((resolve, reject) => {
      client.on('ready', resolve).on('error', reject);
      client.connect({
        host: server.host,
        port: server.port,
        username: login,
        authHandler: field === 'password' ? ['password'] : ['publickey'],
        ...(field === 'password' ? { password: secret } : { privateKey: secret }),
      });
    });
    return true;
  } catch (error) {
    if ((error as { level?: string }).level === 'client-authentication') return false;
    throw error;
  } finally {
    client.end();
  }
}

async function recordIn(vault: Vault, { address }: SceneAccount): Promise<VaultRecord> {
  const found = (await vault.snapshot()).records.find((r) => r.address === address);
  if (found === undefined) throw new Error(`no record of ${address}`);
  return found;
}

async function storedIn(vault: Vault, account: SceneAccount, state: VersionState): Promise<string | undefined> {
  const record = await recordIn(vault, account);
  const header = versionIn(record, account.field, state);
  return header === undefined
    ? undefined
    : (await vault.readSecret({ record: record.id, field: account.field, version: header.id })).reveal();
}

/** Promises 1 and 6 after any fault: one more apply finishes, nothing is left over, and what readers get opens the account, alone. */
export async function expectConverged(server: SshServer, scene: Scene): Promise<void> {
  const applied = await scene.project.pam(['apply', '--auto-approve']);
  expect(applied, applied.stdout + applied.stderr).toMatchObject({ code: 0 });
  for (const account of scene.accounts) {
    const { login, field, address } = account;
    const record = await scene.record(account);
    expect(record.rotation.active).toBeUndefined();
    expect(record.rotation.retiring).toBeUndefined();
    expect(versionIn(record, field, 'pending')).toBeUndefined();
    expect(versionIn(record, field, 'current')?.proof).toBeDefined();
    expect(record.versions.filter((v) => v.field === field && v.origin === 'generated')).toHaveLength(1);
    expect(await opens(server, login, field, await scene.stored(account)), `${address} opens`).toBe(true);
    expect(await opens(server, login, field, account.secret), `${address} opens with the old secret`).toBe(false);
  }
  expect(await scene.project.journal()).toEqual([]);
  const plan = await scene.project.pam(['plan', '--detailed-exitcode']);
  expect(plan, plan.stdout + plan.stderr).toMatchObject({ code: 0 });
}
