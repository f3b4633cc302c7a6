import { mkdir, rm, stat, symlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type PostgresServer, startPostgres } from '../servers/postgres.ts';
import { troubles } from './ledger.ts';
import { expectConverged, liveAmong, type Mode, makeScene, opens, type Scene } from './scene.ts';

let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres({ logAll: true, settings: { max_connections: '100' } });
});
afterAll(() => server?.stop());

const APPLY = ['apply', '--auto-approve', '--json'];

async function alterations(scene: Scene): Promise<number> {
  const log = await server.logText();
  return scene.accounts.reduce((sum, { login }) => sum + log.split(`ALTER ROLE "${login}"`).length - 1, 0);
}

describe.concurrent('the journal', () => {
  test.for<Mode>(['superuser', 'self'])(
    'cannot be written: nothing is sent, and the same secret goes out once it can (%s)',
    async (mode) => {
      await using scene = await makeScene(server, { mode, accounts: 1 });
      await mkdir(dirname(scene.project.journalFolder), { recursive: true });
      await symlink('/nonexistent/pam/journal', scene.project.journalFolder);
      const result = await scene.project.pam(APPLY);
      expect(result.code, result.stderr).toBe(7); // the records were written
      expect(troubles(result)).toEqual(['rotate app-1: failed PAM4010']);
      expect(await alterations(scene)).toBe(0);
      expect(await scene.stored('PamUser/app-1')).toBe(scene.accounts[0]?.password);
      await rm(scene.project.journalFolder);
      await expectConverged(scene);
    },
  );

  test('cannot be listed: apply refuses before it touches anything', async () => {
    await using scene = await makeScene(server, { mode: 'superuser', accounts: 1 });
    await scene.project.write('.pam/journal', 'no folder');
    const result = await scene.project.pam(['apply', '--auto-approve']);
    expect(result, result.stderr).toMatchObject({ code: 1, stdout: '' });
    expect(result.stderr).toContain('PAM4010');
    expect(await alterations(scene)).toBe(0);
    expect(await scene.failedLogins(scene.admin.login)).toBe(0);
    await rm(scene.project.journalFolder);
    await expectConverged(scene);
  });

  test('has an entry that is damaged: the rotation is finished from the vault, and the entry is kept aside', async () => {
    await using scene = await makeScene(server, { mode: 'createrole', accounts: 1 });
    await scene.project.pam(APPLY, { env: { PAM_TEST_FAILPOINT: 'rotate.answered' } });
    const [entry] = await scene.project.journal();
    await scene.project.write(`.pam/journal/${entry}`, 'pam-journal/1 bm90aGluZw==\n');
    const result = await scene.project.pam(APPLY);
    expect(result, result.stdout + result.stderr).toMatchObject({ code: 0 });
    expect(await opens(server, scene.accounts[0]?.login ?? '', await scene.stored('PamUser/app-1'))).toBe(true);
    expect(await scene.staged('PamUser/app-1')).toBe(1);
    expect(await scene.project.journal()).toEqual([entry?.replace('.journal', '.damaged')]);
  });

  test('is gone with its disk: the rotation is finished from the vault', async () => {
    await using scene = await makeScene(server, { mode: 'self', accounts: 1 });
    await scene.project.pam(APPLY, { env: { PAM_TEST_FAILPOINT: 'rotate.answered' } });
    await rm(scene.project.journalFolder, { recursive: true });
    await expectConverged(scene);
  });
});

describe.concurrent('a disk that fills up', () => {
  test.for<Mode>(['superuser', 'self'])('at any size loses nothing, says so, and the next apply with space finishes (%s)', async (mode) => {
    await using scene = await makeScene(server, { mode, accounts: 2, rotation: {} });
    expect(await scene.project.pam(APPLY)).toMatchObject({ code: 0 });
    await scene.declare({ trigger: 'now' });
    const { size } = await stat(scene.project.vaultFile);
    let refusals = 0;
    for (let bytes = size; ; bytes += 16 * 1024) {
      const result = await scene.project.pam(APPLY, { shell: `trap '' XFSZ; ulimit -f ${Math.ceil(bytes / 512)}` });
      for (const { address, login, password } of scene.accounts) {
        const known = [
          password,
          await scene.stored(address).catch(() => undefined),
          await scene.stored(address, 'pending').catch(() => undefined),
        ];
        expect(await liveAmong(server, login, known), `${address} at ${bytes} bytes`).toBeDefined();
      }
      if (result.code === 0) break;
      refusals += 1;
      expect(result.stdout + result.stderr, `at ${bytes} bytes`).toMatch(/PAM5010|PAM4010/);
      expect(result.stdout + result.stderr).not.toContain('PAM9003');
    }
    expect(refusals).toBeGreaterThan(0);
    await expectConverged(scene);
  });
});
