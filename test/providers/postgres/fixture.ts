import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { Secret } from '../../../src/model/index.ts';
import { postgresModule } from '../../../src/providers/postgres/index.ts';
import type { Account, Credential, Target, TlsSettings } from '../../../src/providers/provider.ts';
import { freshSecret, type ProviderFixture, type TestAccount } from '../../contract/provider-fixture.ts';
import type { PostgresServer } from '../../servers/postgres.ts';

export const NO_TLS: TlsSettings = { mode: 'disable' };

export function targetOf(server: { host: string; port: number }, tls: TlsSettings = NO_TLS): Target {
  return { address: 'PamDatabase/orders-db', type: 'postgresql', host: server.host, port: server.port, tls, fields: {} };
}

export function accountOf(login: string, fields: Account['fields'] = {}): Account {
  return { address: 'PamUser/orders-app', login, field: 'password', fields };
}

export function adminOf(server: PostgresServer): Credential {
  return {
    address: 'PamUser/orders-admin',
    login: 'postgres',
    field: 'password',
    secret: Secret.fromText(server.adminPassword),
    fields: {},
  };
}

/** A role of its own with a password; `attributes` as in CREATE ROLE. */
export async function makeRole(
  server: PostgresServer,
  { login = `app_${randomUUID().slice(0, 8)}`, secret = freshSecret(), attributes = 'LOGIN' } = {},
): Promise<TestAccount> {
  await server.query(`CREATE ROLE ${pg.escapeIdentifier(login)} ${attributes} PASSWORD ${pg.escapeLiteral(secret.reveal())}`);
  return { account: accountOf(login), secret };
}

/** Holds the row of a role, so that a change of it waits until the function that comes back is called. */
export async function blockRole(
  server: PostgresServer,
  login: string,
  end: 'ROLLBACK' | 'COMMIT' = 'ROLLBACK',
): Promise<() => Promise<void>> {
  const client = new pg.Client({
    host: server.host,
    port: server.port,
    user: 'postgres',
    database: 'postgres',
    password: server.adminPassword,
    application_name: 'pam-test',
    ssl: false,
  });
  // `stop` may end it before the test does.
  client.on('error', () => undefined);
  await client.connect();
  await client.query('BEGIN');
  await client.query(`ALTER ROLE ${client.escapeIdentifier(login)} CONNECTION LIMIT 5`);
  return async () => {
    await client.query(end);
    await client.end();
  };
}

/** Every printable ASCII character. */
export const ALL_PRINTABLE = Secret.fromText(Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i)).join(''));

export function postgresFixture(server: PostgresServer, tls: TlsSettings): ProviderFixture {
  const logins = async (account: Account) => {
    const log = await server.logText();
    return (
      log.split(`connection authorized: user=${account.login} `).length +
      log.split(`authentication failed for user "${account.login}"`).length
    );
  };
  return {
    module: postgresModule,
    target: targetOf(server, tls),
    admin: adminOf(server),
    makeAccount: (wanted) => makeRole(server, wanted),
    absent: accountOf('no_such_role'),
    strangeLogins: [
      'Orders"App',
      "o'brien",
      'two words',
      'Größe_名前',
      'UPPER',
      '$(id)',
      'back\\slash',
      'a;DROP ROLE x;--',
      '-n',
      'x'.repeat(63),
    ],
    strangeSecret: ALL_PRINTABLE,
    disable: async (account) => {
      await server.query(`ALTER ROLE "${account.login}" NOLOGIN`);
    },
    expire: async (account) => {
      await server.query(`ALTER ROLE "${account.login}" VALID UNTIL '2020-01-01'`);
    },
    loginsOf: logins,
    openSessions: async () => {
      const [row] = await server.query<{ count: string }>("SELECT count(*) FROM pg_stat_activity WHERE application_name ~ '^pam'");
      return Number(row?.count);
    },
    plain: { target: targetOf(server), isChange: ({ clientBytes }) => clientBytes.includes('ALTER ROLE') },
    block: (account) => blockRole(server, account.login),
    stop: () => server.stop(),
  };
}
