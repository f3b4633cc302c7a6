import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startFaultProxy } from '../servers/fault-proxy.ts';
import { type PostgresServer, startPostgres } from '../servers/postgres.ts';
import { makeScene, opens, type Scene } from './scene.ts';

let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres({ logAll: true, settings: { max_connections: '100' } });
});
afterAll(() => server?.stop());

type Documents = { kind: string; metadata: { name: string; moved?: object }; spec: Record<string, unknown> }[];

/** An account in the middle of a rotation: the server has the new secret, and the run was killed before it knew. */
async function inFlight(options: { endpoint?: { host: string; port: number } } = {}): Promise<Scene> {
  const scene = await makeScene(server, { mode: 'createrole', accounts: 1, ...options });
  const killed = await scene.project.pam(['apply', '--auto-approve'], { env: { PAM_TEST_FAILPOINT: 'rotate.answered' } });
  expect(killed.signal, killed.stdout + killed.stderr).toBe('SIGKILL');
  return scene;
}

/** Rewrites the manifests as they stand. */
async function edit(scene: Scene, change: (documents: Documents) => Documents): Promise<void> {
  await scene.project.declare(change(await declared(scene)));
}
