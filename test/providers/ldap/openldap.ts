import { Secret } from '../../../src/model/index.ts';
import { ldapModule } from '../../../src/providers/ldap/index.ts';
import type { Account, Credential, Target, TlsSettings } from '../../../src/providers/provider.ts';
import type { ProviderFixture, TestAccount } from '../../contract/provider-fixture.ts';
import { makeCa, type TestCa } from '../../servers/ca.ts';
import { type LdapAccount, type SlapdOptions, type SlapdServer, startSlapd } from '../../servers/slapd.ts';

export const OPTIONS = { connectTimeoutMs: 10_000, sessionName: 'pam-test' };

/** A server and the CA that its certificate comes from. */
export interface Slapd extends SlapdServer {
  readonly ca: TestCa;
}

export async function makeSlapd(options: Omit<SlapdOptions, 'tls'> = {}): Promise<Slapd> {
  const ca = makeCa();
  return { ...(await startSlapd({ tls: { ca, certificate: ca.issue() }, ...options })), ca };
}

export function ldapsTarget(server: Slapd, tls: Partial<TlsSettings> = {}): Target {
  return targetOf(server.securePort, { mode: 'verify-full', ca: server.ca.pem, startTls: false, ...tls });
}

export function plainTarget(server: Slapd): Target {
  return targetOf(server.port, { mode: 'disable' });
}

export function targetOf(port: number, tls: TlsSettings): Target {
  return { address: 'PamDirectory/people', type: 'openldap', host: '127.0.0.1', port, tls, fields: {} };
}

export function accountOf(dn: string, login = 'app'): Account {
  return { address: 'PamUser/app', login, field: 'password', fields: { distinguishedName: dn } };
}

export function credentialOf({ dn, password }: LdapAccount): Credential {
  return { ...accountOf(dn, 'rotator'), address: 'PamUser/rotator', secret: Secret.fromText(password) };
}

export async function makeUser(server: Slapd, wanted: { login?: string; secret?: Secret } = {}): Promise<TestAccount> {
  const { dn, password } = await server.addUser(wanted.login, wanted.secret?.reveal());
  return { account: accountOf(dn), secret: Secret.fromText(password) };
}

/** Every printable ASCII character, and more. */
export const STRANGE = Secret.fromText(`${Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i)).join('')}äß€名`);

/** What means something in a distinguished name or a filter. */
export const STRANGE_NAMES = [
  'a,b',
  'o"brien',
  'x+y=z',
  '#hash',
  ' led by a space',
  'followed by one ',
  'back\\slash',
  '<tag>;',
  '(cn=*)',
  '*)(uid=*',
  'Größe_名前',
  'nul\\00',
  'UPPER',
];

export function openLdapFixture(server: Slapd): ProviderFixture {
  const dnOf = (account: Account) => String(account.fields['distinguishedName']);
  return {
    module: ldapModule,
    target: ldapsTarget(server),
    admin: credentialOf(server.rotator),
    makeAccount: (wanted) => makeUser(server, wanted),
    absent: accountOf('cn=nobody,ou=people,dc=pam,dc=test'),
    strangeLogins: STRANGE_NAMES,
    strangeSecret: STRANGE,
    disable: (account) => server.set(dnOf(account), { pwdAccountLockedTime: '000001010000Z' }),
    expire: (account) => server.set(dnOf(account), { pwdEndTime: '20200101000000Z' }),
    loginsOf: (account) => server.bindsOf(dnOf(account)),
    openSessions: () => server.openConnections(),
    plain: { target: plainTarget(server), isChange: ({ clientBytes }) => clientBytes.includes('1.3.6.1.4.1.4203.1.11.1') },
    stop: () => server.stop(),
  };
}
