import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startFaultProxy } from '../servers/fault-proxy.ts';
import { type PostgresServer, startPostgres } from '../servers/postgres.ts';
import { troubles } from './ledger.ts';
import { expectConverged, liveAmong, makeScene, type Scene } from './scene.ts';
import { editVault } from './vault-file.ts';

let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres({ logAll: true, settings: { max_connections: '100' } });
});
afterAll(() => server?.stop());

const APPLY = ['apply', '--auto-approve', '--json'];

async function alterations(scene: Scene): Promise<number> {
  return (await server.logText()).split(`ALTER ROLE "${scene.accounts[0]?.login}"`).length - 1;
}

/** An account whose vault has its first secret, and that is to be rotated. */
async function dueScene(): Promise<Scene> {
  const scene = await makeScene(server, { mode: 'createrole', accounts: 1, rotation: {} });
  expect(await scene.project.pam(APPLY)).toMatchObject({ code: 0 });
  await scene.declare({ trigger: 'now' });
  return scene;
}

describe.concurrent('a vault', () => {
  test('that takes no commit after the target has changed, however often it is tried: nothing is lost, and once it does all is finished', async () => {
    await using scene = await dueScene();
    for (const event of ['INSERT', 'UPDATE'])
      await editVault(
        scene,
        `CREATE TRIGGER full_${event} BEFORE ${event} ON record WHEN NEW.body LIKE '%"state":"previous"%' BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END`,
      );
    const [account] = scene.accounts;
    for (let tries = 1; tries <= 4; tries++) {
      const result = await scene.project.pam(APPLY);
      expect(result.code, result.stdout + result.stderr).not.toBe(0);
      expect(result.stdout + result.stderr).not.toContain('PAM9003');
      // Readers have what they had, and what opens the account is there for whoever breaks the glass.
      expect(await scene.stored('PamUser/app-1')).toBe(account?.password);
      const pending = await scene.stored('PamUser/app-1', 'pending');
      expect(await liveAmong(server, account?.login ?? '', [pending])).toBe(pending);
      expect(await scene.project.journal()).toHaveLength(1);
    }
    for (const event of ['INSERT', 'UPDATE']) await editVault(scene, `DROP TRIGGER full_${event}`);
    await expectConverged(scene);
  });

  test('that gives back another secret than it was given: nothing is sent', async () => {
    await using scene = await dueScene();
    // What was written last is put in the place of the new one.
    await editVault(
      scene,
      `CREATE TRIGGER swap AFTER INSERT ON secret BEGIN
         UPDATE secret SET sealed = (SELECT o.sealed FROM secret o WHERE o.version <> NEW.version AND o.record = NEW.record)
         WHERE version = NEW.version AND field = NEW.field AND record = NEW.record; END`,
    );
    const result = await scene.project.pam(APPLY);
    expect(troubles(result)).toEqual(['rotate app-1: failed PAM5011']);
    expect(await alterations(scene)).toBe(0);
    const [account] = scene.accounts;
    expect(await scene.stored('PamUser/app-1')).toBe(account?.password);
    expect(await liveAmong(server, account?.login ?? '', [account?.password])).toBe(account?.password);
  });

  test('in which a person edits the record while it is rotated: both are kept', async () => {
    const proxy = await startFaultProxy(server);
    await using scene = await makeScene(server, { mode: 'createrole', accounts: 1, rotation: {}, endpoint: proxy });
    try {
      expect(await scene.project.pam(APPLY)).toMatchObject({ code: 0 });
      const inFlight = new Promise<void>((resolve) => {
        proxy.setRule(({ from, clientBytes }) => {
          if (from !== 'client' || !clientBytes.includes('ALTER ROLE')) return 'pass';
          resolve();
          return 'hold';
        });
      });
      const rotating = scene.project.start(['rotate', 'PamUser/app-1', '--auto-approve']);
      await inFlight;
      await scene.declare({ allowUnproved: true });
      const edited = await scene.project.pam(['apply', '--auto-approve', '--only', 'records']);
      expect(edited, edited.stdout + edited.stderr).toMatchObject({ code: 0 });
      proxy.release();
      expect(await rotating.result).toMatchObject({ code: 0 });
      await expectConverged(scene);
      expect((await scene.record('PamUser/app-1')).fields['rotation']).toMatchObject({ allowUnproved: true });
    } finally {
      await proxy.stop();
    }
  });
});
