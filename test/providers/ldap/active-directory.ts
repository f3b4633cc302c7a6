import { Secret } from '../../../src/model/index.ts';
import { ldapModule } from '../../../src/providers/ldap/index.ts';
import type { Account, Credential, Target, TlsSettings } from '../../../src/providers/provider.ts';
import type { ProviderFixture, TestAccount } from '../../contract/provider-fixture.ts';
import { makeCa, type TestCa } from '../../servers/ca.ts';
import { type SambaOptions, type SambaServer, type SambaUser, startSamba } from '../../servers/samba.ts';
import { STRANGE, STRANGE_NAMES } from './openldap.ts';

/** A domain controller and the CA that its certificate comes from. */
export interface Domain extends SambaServer {
  readonly ca: TestCa;
}

export async function makeDomain(options: Omit<SambaOptions, 'ca'> = {}): Promise<Domain> {
  const ca = makeCa();
  return { ...(await startSamba({ ca, ...options })), ca };
}

export function domainTarget(server: Domain, port = 636, tls: Partial<TlsSettings> = {}): Target {
  return {
    address: 'PamDirectory/domain',
    type: 'active_directory',
    host: server.host,
    port,
    tls: { mode: 'verify-full', ca: server.ca.pem, ...tls },
    fields: { domainName: 'pam.test' },
  };
}

export function accountOf(dn: string, login = 'app'): Account {
  return { address: 'PamUser/app', login, field: 'password', fields: { distinguishedName: dn } };
}

/** An account that is known by its login alone. */
export function accountByLogin(login: string): Account {
  return { address: 'PamUser/app', login, field: 'password', fields: {} };
}

export function credentialOf({ upn, password }: SambaUser): Credential {
  return { address: 'PamUser/rotator', login: upn, field: 'password', secret: Secret.fromText(password), fields: {} };
}

export async function makeUser(
  server: Domain,
  wanted: { login?: string; secret?: Secret } = {},
): Promise<TestAccount & { user: SambaUser }> {
  const user = await server.addUser(wanted.login, wanted.secret?.reveal());
  return { account: accountOf(user.dn), secret: Secret.fromText(user.password), user };
}

export function activeDirectoryFixture(server: Domain): ProviderFixture {
  const dnOf = (account: Account) => String(account.fields['distinguishedName']);
  return {
    module: ldapModule,
    target: domainTarget(server),
    admin: credentialOf(server.admin),
    makeAccount: (wanted) => makeUser(server, wanted),
    absent: accountOf('CN=nobody,CN=Users,DC=pam,DC=test'),
    strangeLogins: STRANGE_NAMES,
    strangeSecret: STRANGE,
    disable: (account) => server.set(dnOf(account), { userAccountControl: '514' }),
    expire: (account) => server.set(dnOf(account), { accountExpires: '132223104000000000' }),
    loginsOf: (account) => server.loginsOf({ dn: dnOf(account), password: '' }),
    openSessions: () => server.openConnections(),
    stop: () => server.stop(),
  };
}
