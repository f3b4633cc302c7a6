/**
 * The main job from nothing, on a real PostgreSQL: a throw-away server on loopback with three roles, then
 * init → validate → plan → apply → plan → verify on the manifests of `examples/postgres`. Everything lives in one temporary folder,
 * which is removed at the end, and nothing is left running.
 */
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { embeddedBinaries, startPostgresFrom } from './embedded-postgres.mjs';

const root = new URL('..', import.meta.url).pathname;
const pam = join(root, 'dist', 'pam.js');
const folder = await mkdtemp(join(tmpdir(), 'pam-quickstart-'));
const password = randomBytes(18).toString('base64url');
let server;
let failed = false;

process.on('SIGINT', () => void cleanUp().then(() => process.exit(130)));
process.on('SIGTERM', () => void cleanUp().then(() => process.exit(130)));

try {
  say('Starting a PostgreSQL on loopback, with roles orders_app, billing_app and reporting …');
  server = await startPostgresFrom(embeddedBinaries(), { password });
  await makeRoles(['orders_app', 'billing_app', 'reporting']);

  step(['init', 'orders', '--durable']);
  const manifest = await readFile(join(root, 'examples', 'postgres', 'manifests', 'orders.yaml'), 'utf8');
  await rm(join(folder, 'orders', 'manifests', 'example.yaml'));
  await writeFile(join(folder, 'orders', 'manifests', 'orders.yaml'), manifest.replace('port: 5432', `port: ${server.port}`));
  say('(manifests/orders.yaml is now examples/postgres/manifests/orders.yaml, with the port of this server)');

  step(['validate']);
  step(['plan']);
  step(['apply', '--auto-approve']);
  say('Applying twice equals applying once:');
  step(['plan', '--detailed-exitcode']);
  step(['verify']);
  step(['list', '--kind', 'PamUser']);
  say('A service gets its password through a pipe: pam secret get PamUser/orders-app | …');
  say('Done. Read README.md for what happens when it crashes.');
} catch (error) {
  failed = true;
  process.stderr.write(`quickstart: ${error.message}\n`);
} finally {
  await cleanUp();
}
process.exitCode = failed ? 1 : 0;

/** Runs one pam command in the project, its output as a person would see it; throws when it fails. */
function step(args) {
  say(`\n$ pam ${args.join(' ')}`);
  const cwd = args[0] === 'init' ? folder : join(folder, 'orders');
  const env = { ...process.env, HOME: folder, XDG_CONFIG_HOME: join(folder, '.config'), ORDERS_ADMIN_PASSWORD: password };
  delete env.PAM_IDENTITY;
  delete env.PAM_IDENTITY_FILE;
  const { status } = spawnSync(process.execPath, [pam, ...args], { cwd, env, stdio: ['ignore', 'inherit', 'inherit'] });
  if (status !== 0) throw new Error(`pam ${args[0]} exited with ${status}`);
}

async function makeRoles(names) {
  const { default: pg } = await import('pg');
  const client = new pg.Client({ host: server.host, port: server.port, user: 'postgres', password, database: 'postgres', ssl: false });
  await client.connect();
  for (const name of names) await client.query(`CREATE ROLE ${name} LOGIN`);
  await client.end();
}

async function cleanUp() {
  await server?.stop();
  server = undefined;
  await rm(folder, { recursive: true, force: true });
}

function say(text) {
  process.stdout.write(`${text}\n`);
}
