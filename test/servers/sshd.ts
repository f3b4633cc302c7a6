import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

export interface SshServerOptions {
  /** Lines of sshd_config, each in place of ours with the same keyword. */
  readonly config?: readonly string[];
}

export interface SshUser {
  readonly login: string;
  readonly password: string;
  readonly home: string;
}

export interface SshServer {
  readonly host: string;
  readonly port: number;
  /** `SHA256:…` of its only host key. */
  readonly fingerprint: string;
  /** `[127.0.0.1]:PORT TYPE BLOB`, a line of known_hosts. */
  readonly knownHost: string;
  /** An account of this machine that is removed at the end, with its home. `sudo`: rules after its name in sudoers. */
  addUser(wanted?: { login?: string; password?: string; sudo?: string }): SshUser;
  /** The file in which its rules of sudo stand. */
  sudoersOf(user: SshUser): string;
  /** Everything that sshd wrote, at LogLevel VERBOSE. */
  log(): Promise<string>;
  /** Logins of an account that sshd has answered, good and bad. */
  loginsOf(login: string): Promise<number>;
  /** Connections that are open now. */
  openConnections(): number;
  stop(): Promise<void>;
}

/**
 * A real sshd on 127.0.0.1 with PAM and the accounts of this machine: it needs root (`hasServer('openssh')`). Accounts have names
 * that nobody else uses, and host key and configuration lie in a folder of their own.
 */
export async function startSshd(options: SshServerOptions = {}): Promise<SshServer> {
  const folder = mkdtempSync(join(tmpdir(), 'pam-sshd-'));
  mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
  run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, 'host_key')]);
  const port = await freePort();
  const config = configOf(folder, port, options.config ?? []).join('\n');
  writeFileSync(join(folder, 'sshd_config'), `${config}\n`);
  run('/usr/sbin/sshd', ['-t', '-f', join(folder, 'sshd_config')]);

  let text = '';
  const child = spawn('/usr/sbin/sshd', ['-D', '-e', '-f', join(folder, 'sshd_config')], { stdio: ['ignore', 'ignore', 'pipe'] });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  const gone = new Promise((resolve) => child.once('exit', resolve));
  await answering(port);

  const log = async () => {
    // What has come through the pipe is read first.
    await new Promise(setImmediate);
    return text;
  };
  const users = new Set<string>();
  const removeUser = (login: string) => {
    users.delete(login);
    rmSync(sudoersOf(login), { force: true });
    // What still runs as the account ends with its sshd session; `-f` does not wait for it.
    manage('userdel', ['-r', '-f', login]);
  };
  const [type, blob] = readFileSync(join(folder, 'host_key.pub'), 'utf8').split(' ');
  return {
    host: '127.0.0.1',
    port,
    fingerprint: run('ssh-keygen', ['-lf', join(folder, 'host_key.pub')]).split(' ')[1] ?? '',
    knownHost: `[127.0.0.1]:${port} ${type} ${blob}`,
    addUser: ({
      login = `pamt${randomBytes(5).toString('hex')}`,
      password = `Start-${randomBytes(9).toString('base64url')}`,
      sudo,
    } = {}) => {
      manage('useradd', ['--badname', '-m', '-s', '/bin/bash', login]);
      users.add(login);
      setPassword(login, password);
      if (sudo !== undefined) {
        writeFileSync(sudoersOf(login), sudo.replace(/^/gm, `${login} `).concat('\n'), { mode: 0o440 });
        run('visudo', ['-cf', sudoersOf(login)]);
      }
      return { login, password, home: homeOf(login) };
    },
    sudoersOf: ({ login }) => sudoersOf(login),
    log,
    loginsOf: async (login) => {
      return (await log())
        .split('\n')
        .filter((line) => /(?:Accepted|Failed) (?:password|publickey|keyboard)/.test(line) && line.includes(` ${login} from`)).length;
    },
    openConnections: () => childrenOf(child.pid ?? 0).length,
    stop: async () => {
      // Sessions first: they are processes of their own, and would outlive the one that listens.
      for (const pid of childrenOf(child.pid ?? 0)) terminate(pid);
      child.kill('SIGTERM');
      await gone;
      for (const login of users) removeUser(login);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function configOf(folder: string, port: number, given: readonly string[]): readonly string[] {
  const defaults = [
    `Port ${port}`,
    'ListenAddress 127.0.0.1',
    `HostKey ${join(folder, 'host_key')}`,
    `PidFile ${join(folder, 'sshd.pid')}`,
    'UsePAM yes',
    'PasswordAuthentication yes',
    'KbdInteractiveAuthentication no',
    'PubkeyAuthentication yes',
    'AuthorizedKeysFile .ssh/authorized_keys',
    'PermitRootLogin no',
    'StrictModes yes',
    'UseDNS no',
    'MaxStartups 100:30:200',
    'LogLevel VERBOSE',
  ];
  const keyword = (line: string) => line.split(' ')[0];
  return [...given, ...defaults.filter((line) => !given.some((other) => keyword(other) === keyword(line)))];
}

/** As an administrator on the machine itself would do it. */
export function setPassword(login: string, password: string): void {
  run('chpasswd', [], `${login}:${password}\n`);
}

/** Fields of shadow(5). */
export function shadowOf(login: string): readonly string[] {
  return run('getent', ['shadow', login]).trim().split(':');
}

export function run(command: string, args: readonly string[], input = ''): string {
  return execFileSync(command, args, { input, encoding: 'utf8', stdio: ['pipe', 'pipe', 'pipe'] });
}

/** The password files have one lock for the whole machine, on which other suites may sit for longer than the tools wait. */
export function manage(command: 'useradd' | 'userdel', args: readonly string[]): void {
  for (let tries = 1; ; tries++) {
    try {
      run(command, args);
      return;
    } catch (error) {
      if (tries >= 60 || !/cannot lock/.test(String(error))) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
    }
  }
}

function homeOf(login: string): string {
  return run('getent', ['passwd', login]).split(':')[5] ?? '';
}

/** sudo reads no file with a dot in its name. */
function sudoersOf(login: string): string {
  return `/etc/sudoers.d/pam-test-${Buffer.from(login).toString('hex')}`;
}

function terminate(pid: number): void {
  try {
    process.kill(pid, 'SIGTERM');
  } catch {
    // It has ended by itself.
  }
}

function childrenOf(pid: number): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((child) => parentOf(child) === pid);
}

function parentOf(pid: number): number | undefined {
  try {
    // The name of the program stands in parentheses and may hold anything.
    return Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[1]);
  } catch {
    return undefined;
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

async function answering(port: number): Promise<void> {
  for (let tries = 1; ; tries++) {
    const isUp = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1');
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
      socket.once('connect', () => socket.destroy());
    });
    if (isUp) return;
    if (tries > 200) throw new Error('sshd does not listen');
    await wait(25);
  }
}

/**
 * Holds the lock of the password files (lckpwdf(3)), so that `chpasswd` and `useradd` of the whole machine wait until what comes back
 * is called: hold it for moments only.
 */
export async function holdPasswordLock(): Promise<() => Promise<void>> {
  const script =
    'use Fcntl; open(F, ">>", "/etc/.pwd.lock") or die; my $l = pack("s s x4 q q i x4", F_WRLCK, 0, 0, 0, 0); fcntl(F, F_SETLKW, $l) or die "lock: $!"; $| = 1; print "held\\n"; <STDIN>';
  const child = spawn('perl', ['-e', script], { stdio: ['pipe', 'pipe', 'inherit'] });
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  await new Promise<void>((resolve, reject) => {
    child.stdout.once('data', () => resolve());
    child.once('exit', () => reject(new Error('the lock could not be held')));
  });
  return async () => {
    child.stdin.end();
    await gone;
  };
}
