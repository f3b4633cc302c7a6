import { Secret } from '../../../src/model/index.ts';
import type { Account, Credential, Provider, ProviderModule, Target } from '../../../src/providers/provider.ts';
import { sshModule } from '../../../src/providers/ssh/index.ts';
import { freshSecret, type ProviderFixture, type TestAccount } from '../../contract/provider-fixture.ts';
import type { Moment } from '../../servers/fault-proxy.ts';
import { holdPasswordLock, run, type SshServer, type SshUser, shadowOf } from '../../servers/sshd.ts';

/** Rules of sudo for administrators, from all to as little as `chpasswd`. */
export const SUDO = {
  all: 'ALL=(ALL) NOPASSWD: ALL',
  narrow: 'ALL=(root) NOPASSWD: /usr/sbin/chpasswd',
  reading: 'ALL=(root) NOPASSWD: /usr/sbin/chpasswd, /usr/bin/getent shadow *',
  withPassword: 'ALL=(ALL) ALL',
} as const;

export const OPTIONS = { connectTimeoutMs: 10_000, sessionName: 'pam-test' } as const;

export function targetOf(server: { host: string; port: number; fingerprint: string }, fields: Target['fields'] = {}): Target {
  const pinned = 'knownHosts' in fields || 'hostKey' in fields ? fields : { ...fields, hostKey: server.fingerprint };
  return { address: 'PamMachine/web', type: 'ssh', host: server.host, port: server.port, tls: { mode: 'verify-full' }, fields: pinned };
}

export function accountOf(login: string, field: Account['field'] = 'password'): Account {
  return { address: 'PamUser/deploy', login, field, fields: {} };
}

export function credentialOf({ login, password }: SshUser): Credential {
  return { address: 'PamUser/admin', login, field: 'password', secret: Secret.fromText(password), fields: {} };
}

export function makeAccount(server: SshServer, { login, secret = freshSecret() }: { login?: string; secret?: Secret } = {}): TestAccount {
  const user = server.addUser({ password: secret.reveal(), ...(login === undefined ? {} : { login }) });
  return { account: accountOf(user.login), secret };
}

/** Every printable ASCII character, and some whose UTF-8 bytes shells are known to trip over. */
export const ALL_PRINTABLE = Secret.fromText(`${Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i)).join('')}üÁ€𝄞`);

/**
 * What travels is encrypted, so a change is told by what it looks like from outside: the only long command of `setSecret` on its way in,
 * and on the way back whatever comes once the password file has changed.
 */
const CHANGE_BYTES = 400;

function watched(module: ProviderModule): { module: ProviderModule; isChange: (moment: Moment) => boolean } {
  let changing: { login: string; before: string | undefined } | null = null;
  const watch = (provider: Provider): Provider => {
    const setSecret = provider.setSecret.bind(provider);
    return Object.assign(provider, {
      setSecret: async (...args: Parameters<Provider['setSecret']>) => {
        const [{ login }] = args;
        changing = { login, before: shadowFieldOf(login) };
        try {
          return await setSecret(...args);
        } finally {
          changing = null;
        }
      },
    });
  };
  return {
    module: { ...module, open: async (...args) => watch(await module.open(...args)) },
    isChange: ({ from, chunk }) => {
      if (changing === null) return false;
      return from === 'client' ? chunk.length > CHANGE_BYTES : shadowFieldOf(changing.login) !== changing.before;
    },
  };
}

function shadowFieldOf(login: string): string | undefined {
  try {
    return shadowOf(login)[1];
  } catch {
    return undefined;
  }
}

export function sshFixture(server: SshServer): ProviderFixture {
  const admin = server.addUser({ sudo: SUDO.all });
  const { module, isChange } = watched(sshModule);
  return {
    module,
    target: targetOf(server),
    admin: credentialOf(admin),
    makeAccount: async (wanted) => makeAccount(server, wanted),
    absent: accountOf('pamt-no-such-user'),
    strangeLogins: ['Pamt.Upper', 'pamt_x-y.z', 'pamt-dollar$', "pamt-o'brien", 'pamt-$(id)', 'pamt-two words', `pamt${'x'.repeat(28)}`],
    strangeSecret: ALL_PRINTABLE,
    expire: async (account) => void run('chage', ['-E', '2020-01-01', account.login]),
    loginsOf: (account) => server.loginsOf(account.login),
    openSessions: async () => server.openConnections(),
    plain: { target: targetOf(server), isChange },
    block: async () => holdPasswordLock(),
    stop: () => server.stop(),
  };
}
