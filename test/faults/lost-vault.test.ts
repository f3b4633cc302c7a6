import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type PostgresServer, startPostgres } from '../servers/postgres.ts';
import { expectConverged, MODES, makeScene, type Scene } from './scene.ts';

let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres({ logAll: true, settings: { max_connections: '100' } });
});
afterAll(() => server?.stop());

const run = promisify(execFile);
const inRoot = (scene: Scene, path: string) => join(scene.project.root, path);

async function killedAt(scene: Scene, failpoint: string): Promise<void> {
  const killed = await scene.project.pam(['apply', '--auto-approve'], { env: { PAM_TEST_FAILPOINT: failpoint } });
  expect(killed, killed.stdout + killed.stderr).toMatchObject({ signal: 'SIGKILL' });
}

describe.concurrent.each(MODES)('killed after the target changed (by %s)', (mode) => {
  test('and the vault restored from before the rotation: the journal brings the secret back', async () => {
    await using scene = await makeScene(server, { mode, accounts: 1, rotation: {} });
    expect(await scene.project.pam(['apply', '--auto-approve'])).toMatchObject({ code: 0 });
    await run('cp', ['-r', inRoot(scene, '.pam/vault.db'), inRoot(scene, 'backup.db')]);
    await scene.declare({ trigger: 'now' });
    await killedAt(scene, 'rotate.answered');
    await run('sh', ['-c', 'rm .pam/vault.db*; cp backup.db .pam/vault.db'], { cwd: scene.project.root });
    // The trail of the rotation's beginning went with the vault.
    await expectConverged(scene, { staged: 0 });
    expect(await scene.stored('PamUser/app-1')).not.toBe(scene.accounts[0]?.password);
  });

  test('and the vault lost altogether: recover --from-journal puts the secrets into a new one, and the next apply proves them', async () => {
    await using scene = await makeScene(server, { mode, accounts: 1, rotation: {} });
    expect(await scene.project.pam(['apply', '--auto-approve'])).toMatchObject({ code: 0 });
    await scene.declare({ trigger: 'now' });
    await killedAt(scene, 'rotate.answered');
    await run('sh', ['-c', 'rm -f .pam/vault.db* pam.yaml'], { cwd: scene.project.root });
    expect(await scene.project.pam(['init', '.'])).toMatchObject({ code: 0 });
    await scene.declareUnknown({ trigger: 'now' });

    const recovered = await scene.project.pam(['recover', '--from-journal']);
    expect(recovered, recovered.stdout + recovered.stderr).toMatchObject({ code: 0 });
    expect(await scene.stored('PamUser/app-1', 'pending')).toBeDefined();
    await expectConverged(scene, { staged: 0 });
    expect(await scene.stored('PamUser/app-1')).not.toBe(scene.accounts[0]?.password);
  });

  test('armed only, and the vault lost altogether: the old secret is still there, and the new one goes out after all', async () => {
    await using scene = await makeScene(server, { mode, accounts: 1, rotation: {} });
    expect(await scene.project.pam(['apply', '--auto-approve'])).toMatchObject({ code: 0 });
    await scene.declare({ trigger: 'now' });
    await killedAt(scene, 'rotate.armed');
    await run('sh', ['-c', 'rm -f .pam/vault.db* pam.yaml'], { cwd: scene.project.root });
    expect(await scene.project.pam(['init', '.'])).toMatchObject({ code: 0 });
    await scene.declareUnknown({ trigger: 'now' });
    expect(await scene.project.pam(['recover', '--from-journal'])).toMatchObject({ code: 0 });
    expect(await scene.stored('PamUser/app-1')).toBe(scene.accounts[0]?.password);
    await expectConverged(scene, { staged: 0 });
  });
});
