import { execFileSync, spawn } from 'node:child_process';
import { randomBytes, randomInt } from 'node:crypto';
import { appendFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Attribute, Change, Client } from 'ldapts';
import type { TestCa } from './ca.ts';
import { establishedOn, listening } from './listening.ts';
import { escapeRdn, type LdapAccount } from './slapd.ts';

export interface SambaOptions {
  readonly ca: TestCa;
  /** Minutes for which the last password still logs in; 0 unless it is what the test is about (Samba's own default is 60). */
  readonly oldPasswordMinutes?: number;
  /** Logs all that it can. */
  readonly talkative?: boolean;
  /** Attributes of the head of the domain, such as `lockoutThreshold`. There is no minimum age unless it says so. */
  readonly domain?: Readonly<Record<string, string>>;
}

export interface SambaUser extends LdapAccount {
  readonly sam: string;
  readonly upn: string;
}

export interface SambaServer {
  /** An address of its own in 127.0.0.0/8: the ports of a domain controller are fixed (389, 636). */
  readonly host: string;
  /** What its certificate is for, besides the address. */
  readonly name: string;
  readonly admin: SambaUser;
  addUser(name?: string, password?: string, attributes?: Readonly<Record<string, string>>): Promise<SambaUser>;
  /** As Administrator. Empty values take an attribute away. */
  set(dn: string, attributes: Readonly<Record<string, string>>): Promise<void>;
  read(dn: string, attribute: string): Promise<string>;
  /** What the domain compares passwords with, hex: read from its database, so that no login is spent. */
  ntHashOf(user: Pick<SambaUser, 'sam'>): string;
  /** The right "Reset Password" on one account for another one. */
  delegateReset(of: LdapAccount, to: LdapAccount): Promise<void>;
  log(): Promise<string>;
  loginsOf(user: LdapAccount): Promise<number>;
  openConnections(): Promise<number>;
  stop(): Promise<void>;
}

const BASE = 'DC=pam,DC=test';
const ADMIN_PASSWORD = 'Adm1n-Start!xyz';

/**
 * A real Samba domain controller, the nearest thing to Active Directory that can be had here: it needs root (`hasServer('samba')`). Only
 * its LDAP service is up; the domain is a copy of one that is provisioned once on this machine, since that takes ten seconds.
 */
export async function startSamba(options: SambaOptions): Promise<SambaServer> {
  const folder = mkdtempSync(join(tmpdir(), 'pam-samba-'));
  const dc = join(folder, 'dc');
  cpSync(provisionDomain(), dc, { recursive: true, preserveTimestamps: true });
  const host = `127.77.${randomInt(1, 255)}.${randomInt(1, 255)}`;
  const name = 'dc1.pam.test';
  const certificate = options.ca.issue({ dns: [name], ip: [host] });
  for (const [file, text] of Object.entries({ 'ca.pem': options.ca.pem, 'cert.pem': certificate.cert, 'key.pem': certificate.key })) {
    writeFileSync(join(folder, file), text, { mode: 0o600 });
  }
  for (const path of ['run', 'state', 'lock', 'cache']) mkdirSync(join(dc, path), { recursive: true });
  const config = join(dc, 'etc', 'smb.conf');
  writeFileSync(config, configOf(folder, dc, host, options));

  const logFile = join(folder, 'samba.log');
  writeFileSync(logFile, '');
  const child = spawn('/usr/sbin/samba', ['-i', '-M', 'single', '--debug-stdout', '-s', config], { stdio: ['ignore', 'pipe', 'pipe'] });
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => appendFileSync(logFile, chunk));
  // Not only its end: what it last said is still on its way to the file then.
  const gone = new Promise((resolve) => child.once('close', resolve));
  await listening(host, 636);

  const provisioned = {
    dn: `CN=Administrator,CN=Users,${BASE}`,
    sam: 'Administrator',
    upn: 'Administrator@pam.test',
    password: ADMIN_PASSWORD,
  };
  let admin: SambaUser = provisioned;
  const asAdmin = async <T>(work: (client: Client) => Promise<T>): Promise<T> => {
    const client = new Client({ url: `ldaps://${host}:636`, tlsOptions: { ca: options.ca.pem } });
    try {
      await client.bind(admin.upn, admin.password);
      return await work(client);
    } finally {
      await client.unbind();
    }
  };
  const replace = (type: string, value: string) =>
    value === ''
      ? new Change({ operation: 'delete', modification: new Attribute({ type }) })
      : new Change({ operation: 'replace', modification: new Attribute({ type, values: [value] }) });
  const set: SambaServer['set'] = (dn, attributes) =>
    asAdmin((client) =>
      client.modify(
        dn,
        Object.entries(attributes).map(([type, value]) => replace(type, value)),
      ),
    );
  const read = async (dn: string, attribute: string) => {
    const { searchEntries } = await asAdmin((client) => client.search(dn, { scope: 'base', attributes: [attribute] }));
    return String(searchEntries[0]?.[attribute] ?? '');
  };
  await set(BASE, { minPwdAge: '0', pwdHistoryLength: '0', ...options.domain });
  // One that no other domain of this machine has, so that it can be looked for.
  const password = `Adm1n-${randomBytes(12).toString('base64url')}`;
  await asAdmin((client) => client.modify(admin.dn, new Change({ operation: 'replace', modification: unicodePwd(password) })));
  admin = { ...provisioned, password };

  const log = async () => {
    const files = (await readdir(dc)).filter((file) => file.startsWith('log.')).map((file) => join(dc, file));
    return (await Promise.all([logFile, ...files].map((file) => readFile(file, 'latin1')))).join('\n');
  };
  return {
    host,
    name,
    admin,
    set,
    read,
    addUser: async (
      cn = `app-${randomBytes(5).toString('hex')}`,
      password = `Start-${randomBytes(9).toString('base64url')}`,
      attributes = {},
    ) => {
      const sam = `sam${randomBytes(5).toString('hex')}`;
      const dn = `CN=${escapeRdn(cn)},CN=Users,${BASE}`;
      const upn = `${sam}@pam.test`;
      const texts = { objectClass: 'user', sAMAccountName: sam, userPrincipalName: upn, userAccountControl: '512', ...attributes };
      const attribute = ([type, value]: [string, string]) => new Attribute({ type, values: [value] });
      await asAdmin((client) => client.add(dn, [...Object.entries(texts).map(attribute), unicodePwd(password)]));
      return { dn, sam, upn, password };
    },
    // smbpasswd(5): name, uid, LM hash, NT hash.
    ntHashOf: ({ sam }) => run('pdbedit', ['-L', '-w', '-u', sam, '-s', config]).split(':')[3] ?? '',
    delegateReset: async (of, to) => {
      const sid = samba(['user', 'show', samNameOf(to), '--attributes=objectSid', '-s', config]).match(/objectSid: (\S+)/)?.[1];
      const right = `(OA;;CR;00299570-246d-11d0-a768-00aa006e0529;;${sid})`;
      const where = ['-s', config, '-H', join(dc, 'private', 'sam.ldb')];
      samba(['dsacl', 'set', ...where, '--action=allow', `--objectdn=${of.dn}`, `--trusteedn=${to.dn}`, `--sddl=${right}`]);
    },
    log,
    // The line of auth_audit names the account as it came.
    loginsOf: async ({ dn }) => (await log()).split('\n').filter((line) => line.includes('Auth: [LDAP') && line.includes(`[${dn}]`)).length,
    openConnections: async () => (await establishedOn(host, 636)) + (await establishedOn(host, 389)),
    stop: async () => {
      child.kill('SIGTERM');
      await gone;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** [MS-ADTS] 3.1.1.3.1.5. */
function unicodePwd(password: string): Attribute {
  return new Attribute({ type: 'unicodePwd', values: [Buffer.from(`"${password}"`, 'utf16le')] });
}

function samNameOf(account: LdapAccount): string {
  return 'sam' in account ? String(account.sam) : account.dn;
}

function configOf(folder: string, dc: string, host: string, { oldPasswordMinutes = 0, talkative = false }: SambaOptions): string {
  const file = (name: string) => join(folder, name);
  const path = (name: string) => join(dc, name);
  return `[global]
  netbios name = DC1
  realm = PAM.TEST
  workgroup = PAM
  server role = active directory domain controller
  interfaces = ${host}/8
  bind interfaces only = yes
  server services = ldap
  old password allowed period = ${oldPasswordMinutes}
  private dir = ${path('private')}
  state directory = ${path('state')}
  lock directory = ${path('lock')}
  cache directory = ${path('cache')}
  pid directory = ${path('run')}
  ncalrpc dir = ${path('run/ncalrpc')}
  ntp signd socket directory = ${path('run/ntp')}
  winbindd socket directory = ${path('run/winbindd')}
  log file = ${path('log.%m')}
  log level = ${talkative ? 10 : 1} auth_audit:3 dsdb_password_audit:5
  tls keyfile = ${file('key.pem')}
  tls certfile = ${file('cert.pem')}
  tls cafile = ${file('ca.pem')}
  ldap server require strong auth = yes
`;
}

/** The folder of a domain that never ran, made once. Two that make it at the same time do no harm: the first one to finish wins. */
export function provisionDomain(): string {
  const cache = join(tmpdir(), `pam-samba-domain-${statSync('/usr/sbin/samba').mtimeMs}`);
  if (existsSync(cache)) return cache;
  const made = mkdtempSync(join(tmpdir(), 'pam-samba-new-'));
  const domain = ['--realm=PAM.TEST', '--domain=PAM', '--server-role=dc', '--dns-backend=NONE', `--adminpass=${ADMIN_PASSWORD}`];
  const here = ['--host-name=dc1', '--host-ip=127.0.0.1', '--option=interfaces=lo', '--option=bind interfaces only=yes'];
  samba(['domain', 'provision', ...domain, ...here, `--targetdir=${join(made, 'dc')}`]);
  try {
    renameSync(join(made, 'dc'), cache);
  } catch (error) {
    if (!existsSync(cache)) throw error;
  }
  rmSync(made, { recursive: true, force: true });
  return cache;
}

function samba(args: readonly string[]): string {
  return run('samba-tool', args);
}

function run(command: string, args: readonly string[]): string {
  return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}
