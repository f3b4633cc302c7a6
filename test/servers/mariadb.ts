import { execFileSync } from 'node:child_process';
import { chmod, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { closedPort } from './fault-proxy.ts';
import { type MysqlServer, type MysqlServerOptions, runServer, writeCertificate } from './mysqld.ts';

/** Debian's MariaDB, as the user `mysql` (root starts it). */
export async function startMariadb(options: MysqlServerOptions = {}): Promise<MysqlServer> {
  const folder = await mkdtemp(join(tmpdir(), 'pam-mariadb-'));
  await chmod(folder, 0o711);
  await writeCertificate(folder, options.tls);
  execFileSync('chown', ['-R', 'mysql:mysql', folder]);
  const install = [
    '--no-defaults',
    '--user=mysql',
    `--datadir=${folder}/data`,
    '--auth-root-authentication-method=normal',
    '--skip-test-db',
  ];
  execFileSync('mariadb-install-db', install, { stdio: 'ignore' });
  const args = ['--user=mysql', '--log-bin=binlog', ...(options.args ?? [])];
  return runServer('mariadb', ['/usr/sbin/mariadbd'], { folder, seen: folder }, await closedPort(), { ...options, args });
}
