import { spawn } from 'node:child_process';
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import ssh2 from 'ssh2';
import { type SshUser, shadowOf, startSshd } from '../servers/sshd.ts';
import { manifest, type RoundAccount, type RoundServer, type RoundServerOptions } from './target.ts';

/** crypt(3) by the host's perl: yescrypt is in no library of Node. Verifier and candidate come by stdin. */
const CRYPT = 'my ($v, $c) = map { chomp; $_ } <STDIN>; print crypt($c, $v) eq $v ? "yes" : "no"';

export async function sshdRounds({ talkative = false }: RoundServerOptions = {}): Promise<RoundServer> {
  const server = await startSshd({ config: ['MaxStartups 400', ...(talkative ? ['LogLevel DEBUG3'] : [])] });
  const folder = mkdtempSync(join(tmpdir(), 'pam-sudo-'));
  const sudoLog = join(folder, 'sudo.log');
  const failed = async (login: string) =>
    (await server.log()).split('\n').filter((line) => line.startsWith('Failed ') && line.includes(` for ${login} from`)).length;

  function account(name: string, { login, password }: SshUser, self: boolean): RoundAccount {
    return {
      address: `PamUser/${name}`,
      spec: { login, resource: `PamMachine/${self ? 'host-self' : 'host'}` },
      password,
      variable: name.toUpperCase().replaceAll('-', '_'),
      self,
      async isLive(secret) {
        const child = spawn('perl', ['-e', CRYPT], { stdio: ['pipe', 'pipe', 'inherit'] });
        child.stdin.end(`${shadowOf(login)[1]}\n${secret.reveal()}\n`);
        return (await text(child.stdout)) === 'yes';
      },
      opens: (secret) => logsIn(server, login, secret.reveal()),
      failedLogins: () => failed(login),
    };
  }

  return {
    name: 'sshd',
    async makeTarget() {
      const admin = server.addUser({ sudo: 'ALL=(ALL) NOPASSWD: ALL' });
      if (talkative) appendFileSync(server.sudoersOf(admin), `Defaults:${admin.login} logfile=${sudoLog}\n`);
      const { host, port, fingerprint } = server;
      const machine = { configuration: 'net', host, port, operatingSystem: 'linux', hostKey: fingerprint };
      return {
        documents: [
          manifest('PamMachine', 'host', { ...machine, adminCredential: 'ssh-admin' }),
          manifest('PamMachine', 'host-self', machine),
          manifest('PamUser', 'ssh-admin', { login: admin.login, resource: 'PamMachine/host', password: { fromEnv: 'SSH_ADMIN' } }),
        ],
        env: { SSH_ADMIN: admin.password },
        accounts: [account('ssh-app', server.addUser(), false), account('ssh-own', server.addUser(), true)],
        failedAdminLogins: () => failed(admin.login),
      };
    },
    written: async () => ({ sshd: await server.log(), ...(talkative ? { sudo: readFileSync(sudoLog, 'latin1') } : {}) }),
    stop: async () => {
      await server.stop();
      rmSync(folder, { recursive: true });
    },
  };
}

async function logsIn(server: { host: string; port: number }, username: string, password: string): Promise<boolean> {
  const client = new ssh2.Client();
  try {
    await new Promise<void>((resolve, reject) => {
      client.on('ready', resolve).on('error', reject);
      client.connect({ host: server.host, port: server.port, username, password, authHandler: ['password'], readyTimeout: 60_000 });
    });
    return true;
  } catch (error) {
    if ((error as { level?: string }).level === 'client-authentication') return false;
    throw error;
  } finally {
    client.end();
  }
}
