import { execFileSync } from 'node:child_process';
import { Client, InvalidCredentialsError } from 'ldapts';
import type { Secret } from '../../src/model/index.ts';
import { fitsVerifier } from '../../src/providers/ldap/verifier.ts';
import { makeCa } from '../servers/ca.ts';
import { startSamba } from '../servers/samba.ts';
import { type LdapAccount, startSlapd } from '../servers/slapd.ts';
import { manifest, type RoundAccount, type RoundServer, type RoundServerOptions, type RoundTarget } from './target.ts';

/** What both kinds of directory have in common; `P` tells their documents apart. */
interface Directory {
  readonly prefix: 'ol' | 'ad';
  readonly url: string;
  readonly ca: string;
  /** Of a PamDirectory. */
  readonly spec: object;
  readonly admin: LdapAccount & { readonly login: string };
  addUser(): Promise<LdapAccount & { readonly login: string }>;
  isLive(user: LdapAccount, secret: Secret): Promise<boolean>;
  failed(user: LdapAccount): Promise<number>;
}

export async function slapdRounds({ talkative = false }: RoundServerOptions = {}): Promise<RoundServer> {
  const ca = makeCa();
  const server = await startSlapd({ tls: { ca, certificate: ca.issue() }, talkative });
  const url = `ldaps://127.0.0.1:${server.securePort}`;
  const directory: Directory = {
    prefix: 'ol',
    url,
    ca: ca.pem,
    spec: {
      directoryType: 'openldap',
      host: '127.0.0.1',
      port: server.securePort,
      tls: { mode: 'verify-full', ca: './ca-ol.pem', startTls: false },
    },
    admin: { ...server.rotator, login: 'rotator' },
    addUser: async () => ({ ...(await server.addUser()), login: 'app' }),
    isLive: async ({ dn }, secret) => {
      const stored = await withClient(url, ca.pem, async (client) => {
        await client.bind(server.root.dn, server.root.password);
        const { searchEntries } = await client.search(dn, { scope: 'base', attributes: ['userPassword'] });
        return String(searchEntries[0]?.['userPassword'] ?? '');
      });
      return fitsVerifier(Buffer.from(stored), secret) === true;
    },
    failed: async ({ dn }) => refusedBinds(await server.log(), dn),
  };
  return {
    name: 'slapd',
    makeTarget: () => makeTarget(directory),
    written: async () => ({ slapd: await server.log() }),
    stop: () => server.stop(),
  };
}

/** slapd tells an operation and its result in two lines that share their numbers; 49 is invalidCredentials. */
export function refusedBinds(log: string, dn: string): number {
  const binds = log.matchAll(/(conn=\d+ op=\d+) BIND dn="([^"]*)" method=128/g);
  const refused = new Set([...log.matchAll(/(conn=\d+ op=\d+) RESULT tag=97 err=49/g)].map(([, id]) => id));
  return [...binds].filter(([, id, who]) => who?.toLowerCase() === dn.toLowerCase() && refused.has(id)).length;
}

export async function sambaRounds({ talkative = false }: RoundServerOptions = {}): Promise<RoundServer> {
  const ca = makeCa();
  // As it is by default: the last password logs in for an hour, which proves nothing.
  const server = await startSamba({ ca, oldPasswordMinutes: 60, talkative });
  const tls = { mode: 'verify-full', ca: './ca-ad.pem' };
  const directory: Directory = {
    prefix: 'ad',
    url: `ldaps://${server.host}:636`,
    ca: ca.pem,
    spec: { directoryType: 'active_directory', host: server.host, port: 636, domainName: 'pam.test', tls },
    admin: { ...server.admin, login: server.admin.upn },
    addUser: async () => {
      const user = await server.addUser();
      return { ...user, login: user.upn };
    },
    isLive: async (user, secret) => server.ntHashOf(user as unknown as { sam: string }) === ntHash(secret),
    failed: async ({ dn }) =>
      (await server.log())
        .split('\n')
        .filter((line) => line.includes('Auth: [LDAP') && line.includes(`[${dn}]`) && !line.includes('status [NT_STATUS_OK]')).length,
  };
  return {
    name: 'samba',
    makeTarget: () => makeTarget(directory),
    written: async () => ({ samba: await server.log() }),
    stop: () => server.stop(),
  };
}

/** MD4 of the password in UTF-16LE ([MS-NLMP] §3.3.1); OpenSSL keeps MD4 among its legacy algorithms, out of Node's reach. */
function ntHash(secret: Secret): string {
  const input = Buffer.from(secret.reveal(), 'utf16le');
  const printed = execFileSync('openssl', ['dgst', '-md4', '-provider', 'legacy', '-provider', 'default'], { input, encoding: 'utf8' });
  return printed
    .slice(printed.indexOf('=') + 1)
    .trim()
    .toUpperCase();
}

async function makeTarget(directory: Directory): Promise<RoundTarget> {
  const { prefix, admin } = directory;
  const spec = { configuration: 'net', ...directory.spec };
  const user = { login: admin.login, distinguishedName: admin.dn, resource: `PamDirectory/${prefix}` };
  const account = async (name: string, self: boolean): Promise<RoundAccount> => {
    const made = await directory.addUser();
    return {
      address: `PamUser/${prefix}-${name}`,
      spec: { login: made.login, distinguishedName: made.dn, resource: `PamDirectory/${prefix}${self ? '-self' : ''}` },
      password: made.password,
      variable: `${prefix}_${name}`.toUpperCase(),
      self,
      isLive: (secret) => directory.isLive(made, secret),
      opens: (secret) => withClient(directory.url, directory.ca, (client) => binds(client, made.dn, secret)),
      failedLogins: () => directory.failed(made),
    };
  };
  return {
    documents: [
      manifest('PamDirectory', prefix, { ...spec, adminCredential: `${prefix}-admin` }),
      manifest('PamDirectory', `${prefix}-self`, spec),
      manifest('PamUser', `${prefix}-admin`, { ...user, password: { fromEnv: `${prefix}_ADMIN`.toUpperCase() } }),
    ],
    env: { [`${prefix}_ADMIN`.toUpperCase()]: admin.password },
    files: { [`manifests/ca-${prefix}.pem`]: directory.ca },
    accounts: [await account('app', false), await account('own', true)],
    failedAdminLogins: () => directory.failed(admin),
  };
}

async function binds(client: Client, dn: string, secret: Secret): Promise<boolean> {
  try {
    await client.bind(dn, secret.reveal());
    return true;
  } catch (error) {
    if (error instanceof InvalidCredentialsError) return false;
    throw error;
  }
}

async function withClient<T>(url: string, ca: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ url, tlsOptions: { ca, checkServerIdentity: () => undefined } });
  try {
    return await work(client);
  } finally {
    await client.unbind();
  }
}
