import { execFileSync } from 'node:child_process';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { closedPort } from './fault-proxy.ts';
import { type MysqlServer, type MysqlServerOptions, runServer, writeCertificate } from './mysqld.ts';

/** Without io_uring, which takes locked memory that several servers of one user soon use up. */
const OLD_IO = '--innodb-use-native-aio=0';

/** Debian's MariaDB, as the user `mysql` (root starts it). */
export async function startMariadb(options: MysqlServerOptions = {}): Promise<MysqlServer> {
  const folder = await mkdtemp(join(tmpdir(), 'pam-mariadb-'));
  await chmod(folder, 0o711);
  await writeCertificate(folder, options.tls);
  try {
    execFileSync('chown', ['-R', 'mysql:mysql', folder]);
    const install = ['--no-defaults', '--user=mysql', `--datadir=${folder}/data`, '--auth-root-authentication-method=normal'];
    execFileSync('mariadb-install-db', [...install, '--skip-test-db', OLD_IO], { stdio: 'pipe' });
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw new Error(`no data folder could be made:\n${(error as { stdout?: Buffer }).stdout}`);
  }
  const args = ['--user=mysql', '--log-bin=binlog', OLD_IO, ...(options.args ?? [])];
  return runServer('mariadb', ['/usr/sbin/mariadbd'], { folder, seen: folder }, await closedPort(), { ...options, args });
}
