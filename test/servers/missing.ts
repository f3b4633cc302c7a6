import { appendFileSync, existsSync } from 'node:fs';

interface Server {
  readonly path: string;
  readonly from: string;
  /** Only root can start it. */
  readonly root?: boolean;
  /** Missing is no failure, even with PAM_TEST_REQUIRE. */
  readonly optional?: boolean;
}

/** Where `mysql-fetch.sh` puts MySQL: a folder that root alone may write to, as what lies there is run. */
export const MYSQL_ROOT = '/var/cache/pam-test/mysql';

/** Servers that the suites start, what shows that they are here, and what they come from. */
const SERVERS = {
  postgresql: { path: '/usr/lib/postgresql', from: 'the Debian package postgresql' },
  openssh: { path: '/usr/sbin/sshd', from: 'the Debian packages openssh-server and sudo', root: true },
  slapd: { path: '/usr/sbin/slapd', from: 'the Debian packages slapd and ldap-utils' },
  samba: {
    path: '/usr/share/samba/setup/ad-schema',
    from: 'the Debian packages samba, samba-ad-dc and samba-ad-provision',
    root: true,
  },
  mariadb: { path: '/usr/sbin/mariadbd', from: 'the Debian package mariadb-server', root: true },
  // The one server that may be missing anywhere: it comes from a distribution that changes daily.
  mysql: {
    path: `${MYSQL_ROOT}/usr/sbin/mysqld`,
    from: 'Debian sid, when that can be had (test/servers/mysql-fetch.sh)',
    root: true,
    optional: true,
  },
  jq: { path: '/usr/bin/jq', from: 'the Debian package jq' },
  systemd: { path: '/usr/bin/systemd-analyze', from: 'the Debian package systemd', optional: true },
  zsh: { path: '/usr/bin/zsh', from: 'the Debian package zsh' },
} as const satisfies Record<string, Server>;

export type ServerName = keyof typeof SERVERS;

/**
 * Is the server here? Use it as `describe.runIf(hasServer('openssh'))`. A suite whose server is missing never passes quietly: with
 * PAM_TEST_REQUIRE (CI) this throws, elsewhere `npm test` says loudly at its end what did not run and why.
 */
export function hasServer(name: ServerName): boolean {
  const server: Server = SERVERS[name];
  const here = existsSync(server.path);
  if (here && (server.root !== true || process.getuid?.() === 0)) return true;
  const why = here
    ? `${name}: it can be started by root only`
    : `${name}: it comes from ${server.from} (sh test/servers/install.sh as root)`;
  if (process.env['PAM_TEST_REQUIRE'] && server.optional !== true) throw new Error(`required and not here: ${why}`);
  const file = process.env['PAM_TEST_MISSING'];
  if (file === undefined) process.stderr.write(`!!! NOT RUN, ${why}\n`);
  else appendFileSync(file, `${why}\n`);
  return false;
}
