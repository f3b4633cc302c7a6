import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'ldapts';
import type { Certificate, TestCa } from './ca.ts';
import { closedPort } from './fault-proxy.ts';
import { establishedOn, listening } from './listening.ts';

export interface SlapdOptions {
  readonly tls: { readonly ca: TestCa; readonly certificate: Certificate };
  /** Lines of slapd.conf before the database, such as `security simple_bind=128`. */
  readonly config?: readonly string[];
  /** Lines that go with the overlay ppolicy, such as `ppolicy_use_lockout`. */
  readonly overlay?: readonly string[];
  /** Attributes of the default policy besides `pwdAttribute`. */
  readonly policy?: Readonly<Record<string, string>>;
  /** Logs all that it can but the packets themselves, which hold what they hold. */
  readonly talkative?: boolean;
  /** What the rotator may do with `userPassword`: with `manage` it stands above policies. */
  readonly rotator?: 'write' | 'manage' | 'none' | '=w';
}

export interface LdapAccount {
  readonly dn: string;
  readonly password: string;
}

export interface SlapdServer {
  readonly host: string;
  /** Plain, with StartTLS. */
  readonly port: number;
  /** LDAPS. */
  readonly securePort: number;
  /** Above all rules. */
  readonly root: LdapAccount;
  /** Changes passwords of others, under the rules. */
  readonly rotator: LdapAccount;
  /** An entry below ou=people; `attributes` go on top of it. */
  addUser(name?: string, password?: string, attributes?: Readonly<Record<string, string | string[]>>): Promise<LdapAccount>;
  /** As root, with the Relax control, so that also what the server keeps for itself can be set. Empty values take an attribute away. */
  set(dn: string, attributes: Readonly<Record<string, string>>): Promise<void>;
  /** A policy entry of its own, by name; gives its DN. */
  addPolicy(attributes: Readonly<Record<string, string>>): Promise<string>;
  log(): Promise<string>;
  readonly logFile: string;
  /** Binds of an entry that were asked for, good and bad. */
  bindsOf(dn: string): Promise<number>;
  openConnections(): Promise<number>;
  /** On the same ports, with the same data; with lines of slapd.conf in place of those it was started with. */
  restart(lines?: Pick<SlapdOptions, 'config' | 'overlay'>): Promise<void>;
  stop(): Promise<void>;
}

const BASE = 'dc=pam,dc=test';

/** A real slapd on 127.0.0.1 with one small database and password policies; everything lies in a folder of its own. */
export async function startSlapd(options: SlapdOptions): Promise<SlapdServer> {
  const folder = mkdtempSync(join(tmpdir(), 'pam-slapd-'));
  const root = { dn: `cn=admin,${BASE}`, password: randomBytes(12).toString('base64url') };
  const rotator = { dn: `cn=rotator,ou=people,${BASE}`, password: randomBytes(12).toString('base64url') };
  const file = (name: string) => join(folder, name);
  mkdirSync(file('db'));
  writeFileSync(file('ca.pem'), options.tls.ca.pem);
  writeFileSync(file('cert.pem'), options.tls.certificate.cert);
  writeFileSync(file('key.pem'), options.tls.certificate.key, { mode: 0o600 });
  writeFileSync(file('slapd.conf'), configOf(folder, options, root, rotator.dn), { mode: 0o600 });
  writeFileSync(file('init.ldif'), ldifOf(options.policy ?? {}));
  execFileSync('/usr/sbin/slapadd', ['-f', file('slapd.conf'), '-b', BASE, '-l', file('init.ldif')], { stdio: ['ignore', 'pipe', 'pipe'] });

  const [port, securePort] = [await closedPort(), await closedPort()];
  const logFile = file('slapd.log');
  writeFileSync(logFile, '');
  // slapd.conf(5), loglevel: 256 has every operation without its values; all but 2 (packets) and 16 (their BER).
  const level = options.talkative ? '32749' : '256';
  const urls = `ldap://127.0.0.1:${port} ldaps://127.0.0.1:${securePort}`;
  const start = async () => {
    // Straight into the file: what it has been asked is there before its answer leaves.
    const log = openSync(logFile, 'a');
    const child = spawn('/usr/sbin/slapd', ['-d', level, '-f', file('slapd.conf'), '-h', urls], { stdio: ['ignore', log, log] });
    closeSync(log);
    const gone = new Promise((resolve) => child.once('exit', resolve));
    await listening('127.0.0.1', port);
    return async () => {
      child.kill('SIGTERM');
      await gone;
    };
  };
  let halt = await start();

  const asRoot = async <T>(work: (client: Client) => Promise<T>): Promise<T> => {
    const client = new Client({
      url: `ldaps://127.0.0.1:${securePort}`,
      tlsOptions: { ca: options.tls.ca.pem, checkServerIdentity: () => undefined },
    });
    try {
      await client.bind(root.dn, root.password);
      return await work(client);
    } finally {
      await client.unbind();
    }
  };
  const modifyAsRoot = (dn: string, attributes: Readonly<Record<string, string>>) => {
    const lines = Object.entries(attributes).map(([name, value]) =>
      value === '' ? `replace: ${name}\n-` : `replace: ${name}\n${ldif(name, value)}\n-`,
    );
    const text = `${ldif('dn', dn)}\nchangetype: modify\n${lines.join('\n')}\n`;
    const login = ['-x', '-H', `ldaps://127.0.0.1:${securePort}`, '-D', root.dn, '-y', file('root.secret')];
    const env = { ...process.env, LDAPTLS_CACERT: file('ca.pem'), LDAPTLS_REQCERT: 'allow' };
    execFileSync('ldapmodify', ['-e', '!relax', ...login], { input: text, env, stdio: ['pipe', 'pipe', 'pipe'] });
  };
  writeFileSync(file('root.secret'), root.password, { mode: 0o600 });
  const addUser: SlapdServer['addUser'] = async (
    name = `app-${randomBytes(5).toString('hex')}`,
    password = `Start-${randomBytes(9).toString('base64url')}`,
    attributes = {},
  ) => {
    const dn = `cn=${escapeRdn(name)},ou=people,${BASE}`;
    await asRoot((client) => client.add(dn, { objectClass: ['inetOrgPerson'], cn: name, sn: name, userPassword: password, ...attributes }));
    return { dn, password };
  };
  await asRoot((client) =>
    client.add(rotator.dn, { objectClass: 'inetOrgPerson', cn: 'rotator', sn: 'rotator', userPassword: rotator.password }),
  );
  const log = () => readFile(logFile, 'utf8');
  return {
    host: '127.0.0.1',
    port,
    securePort,
    root,
    rotator,
    addUser,
    set: async (dn, attributes) => modifyAsRoot(dn, attributes),
    addPolicy: async (attributes) => {
      const dn = `cn=policy-${randomBytes(4).toString('hex')},ou=policies,${BASE}`;
      const objectClass = ['organizationalRole', 'pwdPolicy'];
      await asRoot((client) => client.add(dn, { objectClass, pwdAttribute: 'userPassword', ...attributes }));
      return dn;
    },
    log,
    logFile,
    bindsOf: async (dn) => (await log()).split(`BIND dn="${dn}" method=128`).length - 1,
    openConnections: async () => (await Promise.all([port, securePort].map((p) => establishedOn('127.0.0.1', p)))).reduce((a, b) => a + b),
    restart: async (lines) => {
      await halt();
      if (lines !== undefined) writeFileSync(file('slapd.conf'), configOf(folder, { ...options, ...lines }, root, rotator.dn));
      halt = await start();
    },
    stop: async () => {
      await halt();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function configOf(folder: string, options: SlapdOptions, root: LdapAccount, rotator: string): string {
  const file = (name: string) => join(folder, name);
  const may = options.rotator ?? 'write';
  return [
    ...['core', 'cosine', 'nis', 'inetorgperson'].map((name) => `include /etc/ldap/schema/${name}.schema`),
    `pidfile ${file('slapd.pid')}`,
    'modulepath /usr/lib/ldap',
    'moduleload back_mdb',
    'moduleload ppolicy',
    `TLSCACertificateFile ${file('ca.pem')}`,
    `TLSCertificateFile ${file('cert.pem')}`,
    `TLSCertificateKeyFile ${file('key.pem')}`,
    'password-hash {SSHA}',
    ...(options.config ?? []),
    'database mdb',
    'maxsize 33554432',
    `suffix "${BASE}"`,
    `rootdn "${root.dn}"`,
    `rootpw ${root.password}`,
    `directory ${file('db')}`,
    'overlay ppolicy',
    `ppolicy_default "cn=default,ou=policies,${BASE}"`,
    'ppolicy_hash_cleartext',
    ...(options.overlay ?? []),
    `access to attrs=userPassword by dn.exact="${rotator}" ${may} by self write by anonymous auth by * none`,
    `access to attrs=pwdReset by dn.exact="${rotator}" ${may === 'manage' ? 'manage' : 'read'} by users read by * none`,
    'access to * by users read by * none',
    '',
  ].join('\n');
}

function ldifOf(policy: Readonly<Record<string, string>>): string {
  const entry = (dn: string, lines: readonly string[]) => [`dn: ${dn}`, ...lines, ''].join('\n');
  return [
    entry(BASE, ['objectClass: dcObject', 'objectClass: organization', 'o: pam']),
    entry(`ou=people,${BASE}`, ['objectClass: organizationalUnit']),
    entry(`ou=policies,${BASE}`, ['objectClass: organizationalUnit']),
    entry(`cn=default,ou=policies,${BASE}`, [
      'objectClass: organizationalRole',
      'objectClass: pwdPolicy',
      'pwdAttribute: userPassword',
      ...Object.entries(policy).map(([name, value]) => `${name}: ${value}`),
    ]),
  ].join('\n');
}

/** RFC 2849: any value may stand there as base64. */
function ldif(name: string, value: string): string {
  return `${name}:: ${Buffer.from(value).toString('base64')}`;
}

/** RFC 4514 §2.4. */
export function escapeRdn(value: string): string {
  return value
    .replaceAll(/[\\",+;<>=]/g, '\\$&')
    .replace(/^[# ]/, '\\$&')
    .replace(/ $/, '\\ ');
}
