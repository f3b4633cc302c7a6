import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { generateIdentity } from '../../src/vault/index.ts';
import { makeScene, opens, type Scene } from '../faults/scene.ts';
import { type PostgresServer, startPostgres } from '../servers/postgres.ts';
import type { PamResult } from './project.ts';

// What an operator does on the bad day, on a real PostgreSQL: rotation.md §1.4, C13 and C16.

let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres({ logAll: true });
});
afterAll(() => server.stop());

async function pam(scene: Scene, args: readonly string[], code = 0): Promise<PamResult> {
  const result = await scene.project.pam(args);
  expect(result.code, `pam ${args.join(' ')}: ${result.stdout}${result.stderr}`).toBe(code);
  return result;
}

/** An account that pam has rotated once, and a backup from then. */
async function backedUp(): Promise<Scene & { readonly address: string; readonly login: string; opensCurrent(): Promise<boolean> }> {
  const scene = await makeScene(server, { mode: 'superuser', accounts: 1 });
  const [account] = scene.accounts;
  if (account === undefined) throw new Error('no account');
  await pam(scene, ['apply', '--auto-approve']);
  await pam(scene, ['vault', 'backup', 'backup.db']);
  const opensCurrent = async () => opens(server, account.login, await scene.stored(account.address));
  return { ...scene, address: account.address, login: account.login, opensCurrent };
}

async function loseVault({ project }: Scene): Promise<void> {
  const folder = join(project.root, '.pam');
  for (const name of await readdir(folder)) if (name.startsWith('vault.db')) await rm(join(folder, name));
}

describe('the vault is lost', () => {
  test('while a rotation was in flight: the journal brings back what the backup does not have', async () => {
    await using scene = await backedUp();
    await scene.declare({ trigger: 'again' });
    const killed = await scene.project.pam(['apply', '--auto-approve'], { env: { PAM_TEST_FAILPOINT: 'rotate.answered' } });
    expect(killed.signal).toBe('SIGKILL');
    await loseVault(scene);
    await pam(scene, ['plan'], 8);

    await pam(scene, ['vault', 'restore', 'backup.db']);
    expect(await scene.opensCurrent()).toBe(false);
    await pam(scene, ['recover', '--from-journal']);
    expect(await scene.opensCurrent()).toBe(true);
    expect(await scene.project.journal()).toEqual([]);
    await pam(scene, ['verify']);
    await pam(scene, ['audit', 'verify']);
    await pam(scene, ['apply', '--auto-approve']);
    await pam(scene, ['plan', '--detailed-exitcode']);
    // The one is this test's own, above.
    expect(await scene.failedLogins(scene.login)).toBe(1);
  });
  test('after a rotation was finished: verify finds that the target moved on, and the plan repairs it', async () => {
    await using scene = await backedUp();
    await pam(scene, ['rotate', scene.address, '--auto-approve']);
    await loseVault(scene);
    await pam(scene, ['vault', 'restore', 'backup.db']);

    await pam(scene, ['recover', '--from-journal']);
    expect(await scene.opensCurrent()).toBe(false);
    await pam(scene, ['verify'], 2);
    const plan = (await pam(scene, ['plan', '--json'])).json<{ changes: { address: string; kind: string; reason?: { type: string } }[] }>();
    expect(plan.changes).toMatchObject([{ address: scene.address, kind: 'rotate', reason: { type: 'drift' } }]);
    await pam(scene, ['apply', '--auto-approve']);
    expect(await scene.opensCurrent()).toBe(true);
    await pam(scene, ['plan', '--detailed-exitcode']);
  });
});

describe('a recipient is removed', () => {
  test('not while a rotation is in flight, and after it without harm to any account', async () => {
    await using scene = await backedUp();
    const { recipient } = await generateIdentity();
    await pam(scene, ['vault', 'recipients', 'add', recipient]);
    await scene.declare({ trigger: 'again' });
    const killed = await scene.project.pam(['apply', '--auto-approve'], { env: { PAM_TEST_FAILPOINT: 'rotate.armed' } });
    expect(killed.signal).toBe('SIGKILL');
    expect((await pam(scene, ['vault', 'recipients', 'remove', recipient], 3)).stderr).toContain('pam recover');
    await pam(scene, ['recover']);
    await pam(scene, ['vault', 'recipients', 'remove', recipient]);
    expect(await scene.opensCurrent()).toBe(true);
    await pam(scene, ['verify']);
    await pam(scene, ['rotate', scene.address, '--auto-approve']);
    expect(await scene.opensCurrent()).toBe(true);
    await pam(scene, ['audit', 'verify']);
  });
});
