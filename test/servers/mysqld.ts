import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import mysql, { type Connection } from 'mysql2/promise';
import { readTree } from '../cli/project.ts';
import type { Certificate } from './ca.ts';

export interface MysqlServerOptions {
  readonly tls?: Certificate;
  /** Further arguments of the server. */
  readonly args?: readonly string[];
}

/** A MariaDB or MySQL server of its own: start one per test file, and give each test its own accounts. General log and binary log are on. */
export interface MysqlServer {
  readonly kind: 'mariadb' | 'mysql';
  readonly host: string;
  readonly port: number;
  /** Runs SQL as `root@localhost` over the socket and gives the rows. */
  query<Row = Record<string, unknown>>(sql: string): Promise<Row[]>;
  /** A connection of its own, such as to hold a lock. Whoever takes it ends it. */
  connect(): Promise<Connection>;
  /** The general log: every login and every statement. */
  logText(): Promise<string>;
  /** All that the server has written to disk: logs, binary logs, tables. */
  diskText(): Promise<string>;
  stop(): Promise<void>;
}

/** Where the server finds its files; MySQL lives in a root of its own, and sees less of the way. */
export interface Place {
  readonly folder: string;
  readonly seen: string;
}

const READY_MS = 60_000;
const POLL_MS = 100;

export async function runServer(
  kind: MysqlServer['kind'],
  command: readonly [string, ...string[]],
  place: Place,
  port: number,
  options: MysqlServerOptions,
): Promise<MysqlServer> {
  const [file, ...first] = command;
  const { folder, seen } = place;
  const tls = options.tls === undefined ? [] : [`--ssl-cert=${seen}/tls/cert.pem`, `--ssl-key=${seen}/tls/key.pem`];
  const args = [
    ...first,
    '--no-defaults',
    `--datadir=${seen}/data`,
    '--bind-address=127.0.0.1',
    `--port=${port}`,
    `--socket=${seen}/s.sock`,
    `--pid-file=${seen}/server.pid`,
    `--log-error=${seen}/error.log`,
    '--skip-name-resolve',
    '--innodb-flush-log-at-trx-commit=0',
    '--general-log=1',
    `--general-log-file=${seen}/general.log`,
    ...tls,
    ...(options.args ?? []),
  ];
  const child = spawn(file, args, { stdio: 'ignore' });
  const connect = () => mysql.createConnection({ socketPath: join(folder, 's.sock'), user: 'root', multipleStatements: true });
  const stop = async () => {
    await ended(child);
    await rm(folder, { recursive: true, force: true });
  };
  let root: Connection;
  try {
    root = await untilReady(connect, child, join(folder, 'error.log'));
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    kind,
    host: '127.0.0.1',
    port,
    connect,
    async query<Row>(sql: string) {
      const [rows] = await root.query(sql);
      return rows as Row[];
    },
    logText: () => readFile(join(folder, 'general.log'), 'utf8'),
    diskText: () => readTree(folder),
    async stop() {
      root.destroy();
      await stop();
    },
  };
}

export async function writeCertificate(folder: string, tls: Certificate | undefined): Promise<void> {
  await mkdir(join(folder, 'tls'), { recursive: true });
  if (tls === undefined) return;
  await writeFile(join(folder, 'tls', 'cert.pem'), tls.cert);
  await writeFile(join(folder, 'tls', 'key.pem'), tls.key);
}

async function untilReady(connect: () => Promise<Connection>, child: ChildProcess, log: string): Promise<Connection> {
  const giveUpAt = performance.now() + READY_MS;
  for (;;) {
    try {
      return await connect();
    } catch (error) {
      if (child.exitCode === null && performance.now() < giveUpAt) await wait(POLL_MS);
      else throw new Error(`the server did not start:\n${await readFile(log, 'utf8').catch(() => String(error))}`);
    }
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  // Nothing of it is kept, so it need not be shut down in order.
  child.kill('SIGKILL');
  await gone;
}
