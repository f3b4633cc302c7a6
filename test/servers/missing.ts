import { appendFileSync, existsSync } from 'node:fs';

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
  zsh: { path: '/usr/bin/zsh', from: 'the Debian package zsh' },
} as const satisfies Record<string, { path: string; from: string; root?: boolean }>;

export type ServerName = keyof typeof SERVERS;

/**
 * Is the server here? Use it as `describe.runIf(hasServer('openssh'))`. A suite whose server is missing never passes quietly: with
 * PAM_TEST_REQUIRE (CI) this throws, elsewhere `npm test` says loudly at its end what did not run and why.
 */
export function hasServer(name: ServerName): boolean {
  const server: { path: string; from: string; root?: boolean } = SERVERS[name];
  const here = existsSync(server.path);
  if (here && (server.root !== true || process.getuid?.() === 0)) return true;
  const why = here ? `${name}: it can be started by root only` : `${name}: it comes from ${server.from} (sh test/servers/install.sh as root)`;
  if (process.env['PAM_TEST_REQUIRE']) throw new Error(`required and not here: ${why}`);
  const file = process.env['PAM_TEST_MISSING'];
  if (file === undefined) process.stderr.write(`!!! NOT RUN, ${why}\n`);
  else appendFileSync(file, `${why}\n`);
  return false;
}
