import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { closedPort } from './fault-proxy.ts';
import { MYSQL_ROOT } from './missing.ts';
import { type MysqlServer, type MysqlServerOptions, runServer, writeCertificate } from './mysqld.ts';

/** MySQL of Debian sid, in a root of its own (`mysql-fetch.sh`), by chroot. */
export async function startMysql(options: MysqlServerOptions = {}): Promise<MysqlServer> {
  const runs = join(MYSQL_ROOT, 'run');
  await mkdir(runs, { recursive: true });
  const folder = await mkdtemp(join(runs, 's'));
  await cp(await freshData(runs), join(folder, 'data'), { recursive: true });
  await writeCertificate(folder, options.tls);
  const seen = `/run/${basename(folder)}`;
  const args = ['--user=root', '--mysqlx=OFF', '--secure-file-priv=NULL', ...SMALL, ...(options.args ?? [])];
  return runServer('mysql', ['/usr/sbin/chroot', MYSQL_ROOT, '/usr/sbin/mysqld'], { folder, seen }, await closedPort(), {
    ...options,
    args,
  });
}

const SMALL = ['--innodb-redo-log-capacity=8388608'];

/** An empty data folder takes seven seconds to make, so one is kept to be copied. */
async function freshData(runs: string): Promise<string> {
  const kept = join(MYSQL_ROOT, 'data-8M');
  if (existsSync(kept)) return kept;
  const made = await mkdtemp(join(runs, 'init'));
  const seen = `/run/${basename(made)}`;
  const args = [
    '--no-defaults',
    '--initialize-insecure',
    '--user=root',
    `--datadir=${seen}/data`,
    `--log-error=${seen}/error.log`,
    ...SMALL,
  ];
  execFileSync('/usr/sbin/chroot', [MYSQL_ROOT, '/usr/sbin/mysqld', ...args], { stdio: 'ignore' });
  // A copy has to get an identity of its own.
  await rm(join(made, 'data', 'auto.cnf'), { force: true });
  // Somebody else may have been faster: theirs is as good.
  await rename(join(made, 'data'), kept).catch(() => undefined);
  await rm(made, { recursive: true, force: true });
  return kept;
}
