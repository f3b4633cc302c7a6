import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { embeddedBinaries, type RunningPostgres, startPostgresFrom } from '../../scripts/embedded-postgres.mjs';
import { hasServer } from './missing.ts';

export interface PostgresServerOptions {
  /** `debian`: the newest that Debian's packages installed; `npm`: the one that comes with `npm ci` (18). */
  readonly version?: 'debian' | 'npm';
  readonly tls?: { readonly key: string; readonly cert: string };
  /** Lines before the default ones of pg_hba.conf. */
  readonly hbaLines?: readonly string[];
  /** Every statement and every login goes to the log. */
  readonly logAll?: boolean;
  readonly settings?: Readonly<Record<string, string>>;
}

export interface PostgresServer {
  readonly host: string;
  readonly port: number;
  readonly version: 'debian' | 'npm';
  /** Of the superuser `postgres`. */
  readonly adminPassword: string;
  /** Runs SQL as `postgres` and gives the rows of the last statement. */
  query<Row = Record<string, unknown>>(sql: string, values?: readonly unknown[]): Promise<Row[]>;
  logText(): Promise<string>;
  restart(change?: { readonly standby: boolean }): Promise<void>;
  stop(): Promise<void>;
}

/** The versions that a suite can run on here: the one of npm always, Debian's where it is installed (loudly missing elsewhere). */
export function postgresVersions(): readonly ('debian' | 'npm')[] {
  return hasServer('postgresql') ? ['debian', 'npm'] : ['npm'];
}

/** A real server of its own: start one per test file, and give each test its own roles. */
export async function startPostgres(options: PostgresServerOptions = {}): Promise<PostgresServer> {
  const version = options.version ?? 'npm';
  const adminPassword = randomBytes(18).toString('base64url');
  const server = await startPostgresFrom(version === 'npm' ? embeddedBinaries() : debianBinaries(), {
    password: adminPassword,
    settings: { ...(options.logAll ? { log_statement: 'all', log_connections: 'on' } : {}), ...options.settings },
    ...(options.tls === undefined ? {} : { tls: options.tls }),
    ...(options.hbaLines === undefined ? {} : { hbaLines: options.hbaLines }),
  });
  return {
    host: server.host,
    port: server.port,
    version,
    adminPassword,
    query: (sql, values) => queryAsAdmin(server, adminPassword, sql, values),
    logText: () => readFile(server.logFile, 'utf8'),
    restart: (change) => server.restart(change),
    stop: () => server.stop(),
  };
}

async function queryAsAdmin<Row>(server: RunningPostgres, password: string, sql: string, values?: readonly unknown[]): Promise<Row[]> {
  const client = new pg.Client({ host: server.host, port: server.port, user: 'postgres', database: 'postgres', password, ssl: false });
  await client.connect();
  try {
    const result: unknown = await client.query(sql, values === undefined ? undefined : [...values]);
    const last = Array.isArray(result) ? result.at(-1) : result;
    return (last as pg.QueryResult).rows as Row[];
  } finally {
    await client.end();
  }
}

const DEBIAN_HOME = '/usr/lib/postgresql';

function debianBinaries(): string {
  const versions = existsSync(DEBIAN_HOME)
    ? readdirSync(DEBIAN_HOME).filter((name) => existsSync(join(DEBIAN_HOME, name, 'bin/initdb')))
    : [];
  const newest = versions.sort((a, b) => Number(a) - Number(b)).at(-1);
  if (newest === undefined) throw new Error('no PostgreSQL of Debian is installed: sh test/servers/install.sh');
  return join(DEBIAN_HOME, newest);
}
