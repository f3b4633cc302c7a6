import { expect } from 'vitest';
import { type Address, Secret, versionIn } from '../../../src/model/index.ts';
import { ldapModule } from '../../../src/providers/ldap/index.ts';
import type { Target } from '../../../src/providers/provider.ts';
import { makeProject, type PamOptions, type TestProject } from '../../cli/project.ts';
import type { LdapAccount } from '../../servers/slapd.ts';
import { type Domain, domainTarget } from './active-directory.ts';
import { accountOf, ldapsTarget, OPTIONS, type Slapd } from './openldap.ts';

export interface Directory {
  readonly target: Target;
  readonly admin: LdapAccount & { readonly login: string };
  addUser(): Promise<LdapAccount>;
  log(): Promise<string>;
}

/** A project whose accounts live in a real directory. */
export interface Fleet extends AsyncDisposable {
  readonly project: TestProject;
  /** Accounts by address, with the secret that the vault has as current, and the one they had at first. */
  stored(): Promise<readonly { readonly dn: string; readonly first: Secret; readonly secret: Secret }[]>;
  apply(options?: PamOptions): Promise<string>;
}

export async function makeFleet(directory: Directory, count: number, rotation: object = {}): Promise<Fleet> {
  const { target, admin } = directory;
  const users: (LdapAccount & { readonly name: string })[] = [];
  for (let i = 1; i <= count; i++) users.push({ ...(await directory.addUser()), name: `app-${i}` });
  const variableOf = (name: string) => name.toUpperCase().replace('-', '_');
  const env = Object.fromEntries(users.map(({ name, password }) => [variableOf(name), password]));
  const project = await makeProject({ ADMIN: admin.password, ...env });
  const { mode, ca, serverName, startTls } = target.tls;
  if (ca !== undefined) await project.write('manifests/ca.pem', ca);
  const resource = (kind: string, name: string, spec: object) => ({ apiVersion: 'pam/v1', kind, metadata: { name }, spec });
  const isSelf = 'selfRotate' in rotation;
  await project.declare([
    resource('PamConfiguration', 'net', { type: 'network' }),
    resource('PamDirectory', 'people', {
      configuration: 'net',
      directoryType: target.type,
      host: target.host,
      port: target.port,
      tls: {
        mode,
        ...(ca === undefined ? {} : { ca: './ca.pem' }),
        ...(serverName === undefined ? {} : { serverName }),
        ...(startTls === undefined ? {} : { startTls }),
      },
      ...(isSelf ? {} : { adminCredential: 'admin' }),
    }),
    resource('RotationPolicy', 'monthly', { schedule: { every: '30d' } }),
    ...(isSelf ? [] : [account('admin', admin.login, admin.dn, 'ADMIN', {})]),
    ...users.map(({ name, dn }) =>
      account(name, name, dn, variableOf(name), { rotation: { type: 'general', policy: 'monthly', initial: 'now', ...rotation } }),
    ),
  ]);
  function account(name: string, login: string, dn: string, variable: string, more: object): object {
    const password = { fromEnv: variable };
    return resource('PamUser', name, { login, resource: 'PamDirectory/people', distinguishedName: dn, password, ...more });
  }
  return {
    project,
    stored: () =>
      project.withVault(async (vault) => {
        const read = users.map(async ({ name, dn, password }) => {
          const address: Address = `PamUser/${name}`;
          const record = (await vault.snapshot()).records.find((r) => r.address === address);
          const version = record === undefined ? undefined : versionIn(record, 'password', 'current');
          if (record === undefined || version === undefined) throw new Error(`no secret of ${name}`);
          const secret = await vault.readSecret({ record: record.id, field: 'password', version: version.id });
          return { dn, first: Secret.fromText(password), secret };
        });
        return Promise.all(read);
      }),
    apply: async (options) => {
      const result = await project.pam(['apply', '--auto-approve'], options);
      expect(result, result.stdout + result.stderr).toMatchObject({ code: 0 });
      return result.stdout + result.stderr;
    },
    [Symbol.asyncDispose]: () => project[Symbol.asyncDispose](),
  };
}

/** Every account takes what the vault has for it and nothing else, and there is nothing left to do. */
export async function expectConverged(fleet: Fleet, directory: Directory): Promise<void> {
  await using provider = await ldapModule.open(directory.target, null, OPTIONS);
  const accounts = await fleet.stored();
  for (const { dn, first, secret } of accounts) {
    expect(secret.equals(first), dn).toBe(false);
    expect(await provider.prove(accountOf(dn), secret), dn).toMatchObject({ answer: 'accepted' });
  }
  expect(new Set(accounts.map(({ secret }) => secret.reveal())).size).toBe(accounts.length);
  expect(await fleet.project.pam(['plan', '--detailed-exitcode'])).toMatchObject({ code: 0 });
  expect(await fleet.project.journal()).toEqual([]);
}

export function slapdDirectory(server: Slapd): Directory & AsyncDisposable {
  return {
    target: ldapsTarget(server),
    admin: { ...server.rotator, login: 'rotator' },
    addUser: () => server.addUser(),
    log: () => server.log(),
    [Symbol.asyncDispose]: () => server.stop(),
  };
}

export function domainDirectory(server: Domain): Directory & AsyncDisposable {
  return {
    target: domainTarget(server),
    admin: { ...server.admin, login: server.admin.upn },
    addUser: () => server.addUser(),
    log: () => server.log(),
    [Symbol.asyncDispose]: () => server.stop(),
  };
}
