import { randomUUID } from 'node:crypto';
import mysql from 'mysql2/promise';
import { Secret } from '../../../src/model/index.ts';
import { mariadbModule, mysqlModule } from '../../../src/providers/mysql/index.ts';
import { type AccountName, parseName } from '../../../src/providers/mysql/name.ts';
import type { Account, Credential, ProviderModule, Target, TlsSettings } from '../../../src/providers/provider.ts';
import { freshSecret, type ProviderFixture, type TestAccount } from '../../contract/provider-fixture.ts';
import { makeCa } from '../../servers/ca.ts';
import type { Moment } from '../../servers/fault-proxy.ts';
import { startMariadb } from '../../servers/mariadb.ts';
import { hasServer } from '../../servers/missing.ts';
import { startMysql } from '../../servers/mysql.ts';
import type { MysqlServer, MysqlServerOptions } from '../../servers/mysqld.ts';

export const OPTIONS = { connectTimeoutMs: 10_000, sessionName: 'pam-test' } as const;
export const NO_TLS: TlsSettings = { mode: 'disable' };

/** A server whose certificate is trusted, and an administrator with no more rights than needed. */
export interface Place {
  readonly server: MysqlServer;
  readonly module: ProviderModule;
  readonly tls: TlsSettings;
  readonly admin: Credential;
}

/** The servers that suites can run on here, loudly missing the others. */
export function serverKinds(): readonly MysqlServer['kind'][] {
  return (['mariadb', 'mysql'] as const).filter(hasServer);
}

export async function startPlace(kind: MysqlServer['kind'], options: MysqlServerOptions = {}): Promise<Place> {
  const ca = makeCa();
  const server = await (kind === 'mariadb' ? startMariadb : startMysql)({ tls: ca.issue(), ...options });
  const place = {
    server,
    module: kind === 'mariadb' ? mariadbModule : mysqlModule,
    tls: { mode: 'verify-full', ca: ca.pem } as const,
  };
  return { ...place, admin: await makeAdmin(server) };
}

/** `CREATE USER`, and a look at the accounts. */
export async function makeAdmin(server: MysqlServer, rights = ['CREATE USER ON *.*', 'SELECT ON mysql.*']): Promise<Credential> {
  const { account, secret } = await makeAccount(server, { login: `pam_admin_${randomUUID().slice(0, 8)}` });
  for (const right of rights) await server.query(`GRANT ${right} TO ${rowOf(account.login)}`);
  return { ...account, address: 'PamUser/orders-admin', secret };
}

export function targetOf(server: { host: string; port: number }, tls: TlsSettings = NO_TLS): Target {
  return { address: 'PamDatabase/orders-db', type: 'mysql', host: server.host, port: server.port, tls, fields: {} };
}

export function accountOf(login: string): Account {
  return { address: 'PamUser/orders-app', login, field: 'password', fields: {} };
}

/** `'user'@'host'`, for statements of the test's own session. */
export function rowOf(login: string): string {
  const { user, host } = parseName(login) as AccountName;
  return `${mysql.escape(user)}@${mysql.escape(host)}`;
}

/** An account of its own; `more` as in CREATE USER, after the password. */
export async function makeAccount(
  server: MysqlServer,
  { login = `app_${randomUUID().slice(0, 8)}`, secret = freshSecret(), more = '' } = {},
): Promise<TestAccount> {
  await server.query(`CREATE USER ${rowOf(login)} IDENTIFIED BY ${mysql.escape(secret.reveal())} ${more}`);
  return { account: accountOf(login), secret };
}

/** Every change of an account waits until the function that comes back is called. */
export async function blockChanges(server: MysqlServer): Promise<() => Promise<void>> {
  const connection = await server.connect();
  await connection.query('FLUSH TABLES WITH READ LOCK');
  return async () => {
    await connection.query('UNLOCK TABLES');
    await connection.end();
  };
}

/** Every printable ASCII character, and some whose UTF-8 bytes others read as quotes or backslashes. */
export const STRANGE_SECRET = Secret.fromText(`${Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i)).join('')}üÁ表€𝄞`);

export function mysqlFixture({ server, module, tls, admin }: Place): ProviderFixture {
  const isMariadb = server.kind === 'mariadb';
  return {
    module,
    target: targetOf(server, tls),
    admin,
    makeAccount: (wanted) => makeAccount(server, wanted),
    absent: accountOf('no_such_user'),
    strangeLogins: [
      'Orders"App',
      "o'brien",
      'two words',
      'Größe_名前',
      'UPPER',
      '$(id)',
      'back\\slash',
      'a;DROP USER x;--',
      '-n',
      'x'.repeat(32),
      'me@corp@127.0.0.%',
      'off`ice',
    ],
    strangeSecret: STRANGE_SECRET,
    disable: async (account) => {
      await server.query(`ALTER USER ${rowOf(account.login)} ACCOUNT LOCK`);
    },
    loginsOf: async ({ login }) => {
      const log = await server.logText();
      return log.split(`\t${login}@127.0.0.1 on `).length + log.split(`Access denied for user '${login}'@`).length;
    },
    openSessions: async () => {
      const [row] = await server.query<{ n: number }>(
        "SELECT COUNT(*) AS n FROM information_schema.PROCESSLIST WHERE USER LIKE 'pam%' OR USER LIKE 'app%' OR USER LIKE 'unauth%'",
      );
      return row?.n ?? -1;
    },
    plain: isMariadb
      ? { target: targetOf(server), isChange: ({ clientBytes }) => clientBytes.includes('ALTER USER') }
      : { target: targetOf(server, tls), isChange: seesChange },
    block: () => blockChanges(server),
    stop: () => server.stop(),
  };
}

/**
 * MySQL's logins need TLS, so a change is told by what it looks like from outside: the second of the long requests, after the longer
 * question for the account (https://www.rfc-editor.org/rfc/rfc8446#section-5.1: type, version, length).
 */
function seesChange({ clientBytes }: Moment): boolean {
  let asked = false;
  // First comes the request for TLS, in a packet of MySQL's.
  for (let at = 36; at + 5 <= clientBytes.length; ) {
    const length = clientBytes.readUInt16BE(at + 3);
    if (length > 500) asked = true;
    else if (asked && length > 180) return true;
    at += 5 + length;
  }
  return false;
}
