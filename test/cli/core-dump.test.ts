import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startSilentServer } from '../servers/fault-proxy.ts';
import { makeProject } from './project.ts';

const SECRET = 'a-secret-that-memory-holds-7Q2';
const ALLOW_DUMPS = 'ulimit -c unlimited';

/** What was dumped into a folder; nothing where the kernel hands dumps to another program (core(5), /proc/sys/kernel/core_pattern). */
async function dumpsIn(folder: string): Promise<readonly Buffer[]> {
  const names = (await readdir(folder)).filter((name) => /^core(?:\.\d+)?$/.test(name));
  return Promise.all(names.map((name) => readFile(join(folder, name))));
}

test('a core dump of pam, taken while it logs in, holds no secret', async () => {
  const server = await startSilentServer();
  await using project = await makeProject({ APP: SECRET });
  const resource = (kind: string, name: string, spec: object) => ({ apiVersion: 'pam/v1', kind, metadata: { name }, spec });
  const endpoint = { host: server.host, port: server.port, tls: { mode: 'disable' } };
  await project.declare([
    resource('PamConfiguration', 'net', { type: 'network' }),
    resource('PamDatabase', 'db', { configuration: 'net', databaseType: 'postgresql', ...endpoint }),
    resource('PamUser', 'app', { login: 'app', resource: 'PamDatabase/db', password: { fromEnv: 'APP' } }),
  ]);
  const running = project.start(['apply', '--auto-approve', '--verbose'], { shell: ALLOW_DUMPS });
  await running.said('PamUser/app: ingest');
  const filter = await readFile(`/proc/${running.process.pid}/coredump_filter`, 'utf8');
  running.process.kill('SIGABRT');
  expect((await running.result).signal).toBe('SIGABRT');
  await server.stop();

  expect(Number.parseInt(filter, 16)).toBe(0);
  const dumps = await dumpsIn(project.root);
  // Any other program of Node's gives away what it knows, where dumps can be had at all: so the look above means something.
  const spilled = await dumpOfPlainNode();
  expect(dumps).toHaveLength(spilled.length);
  for (const dump of spilled) expect(dump.includes(SECRET)).toBe(true);
  for (const dump of dumps) expect(dump.includes(SECRET)).toBe(false);
});

async function dumpOfPlainNode(): Promise<readonly Buffer[]> {
  const folder = await mkdtemp(join(tmpdir(), 'pam-core-'));
  try {
    const command = `${ALLOW_DUMPS}; exec "$@"`;
    const args = ['-c', command, 'sh', process.execPath, '-e', 'console.log(process.env.APP.length); setInterval(() => {}, 1000)'];
    const child = spawn('/bin/sh', args, { cwd: folder, env: { APP: SECRET }, stdio: ['ignore', 'pipe', 'ignore'] });
    await once(child.stdout, 'data');
    child.kill('SIGABRT');
    await once(child, 'exit');
    return await dumpsIn(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
