import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeSlapd } from '../providers/ldap/openldap.ts';
import { expectConverged as expectFleetConverged, makeFleet, slapdDirectory } from '../providers/ldap/scene.ts';
import { type Moment, startFaultProxy } from '../servers/fault-proxy.ts';
import { hasServer } from '../servers/missing.ts';
import { type PostgresServer, startPostgres } from '../servers/postgres.ts';
import { troubles } from './ledger.ts';
import { directoryPlace } from './places.ts';
import { expectConverged, MODES, type Mode, makeScene, opens, type Scene } from './scene.ts';

let server: PostgresServer;
let other: PostgresServer;
beforeAll(async () => {
  [server, other] = await Promise.all([
    startPostgres({ logAll: true, settings: { max_connections: '100' } }),
    startPostgres({ logAll: true }),
  ]);
});
afterAll(() => Promise.all([server?.stop(), other?.stop()]));

const APPLY = ['apply', '--auto-approve', '--json'];

describe('a server that restarts', () => {
  // Not side by side: it is one server.
  test.for(MODES)('after it has carried out the change, and before it says so (by %s)', async (mode) => {
    const proxy = await startFaultProxy(server);
    await using scene = await makeScene(server, { mode, accounts: 1, endpoint: proxy });
    try {
      const changed = hit(proxy, ({ from, clientBytes }) => from === 'server' && clientBytes.includes('ALTER ROLE'));
      const running = scene.project.start(APPLY);
      await changed;
      await server.restart();
      const result = await running.result;
      expect([0, 7], result.stdout + result.stderr).toContain(result.code);
      await expectConverged(scene);
    } finally {
      await proxy.stop();
    }
  });

  test('with the change still on its way (by the account itself)', async () => {
    const proxy = await startFaultProxy(server);
    await using scene = await makeScene(server, { mode: 'self', accounts: 1, endpoint: proxy });
    try {
      const sent = hit(proxy, ({ from, clientBytes }) => from === 'client' && clientBytes.includes('ALTER ROLE'));
      const running = scene.project.start(APPLY);
      await sent;
      await server.restart();
      const result = await running.result;
      expect([0, 7], result.stdout + result.stderr).toContain(result.code);
      await expectConverged(scene);
    } finally {
      await proxy.stop();
    }
  });
});

/** Resolves when a moment has come; what it brought, and all behind it, is lost. */
function hit(proxy: Awaited<ReturnType<typeof startFaultProxy>>, matches: (moment: Moment) => boolean): Promise<void> {
  return new Promise((resolve) => {
    let done = false;
    proxy.setRule((moment) => {
      if (done || !matches(moment)) return 'pass';
      done = true;
      resolve();
      return 'swallow';
    });
  });
}

describe.runIf(hasServer('slapd'))('a directory that restarts', () => {
  test('after it has carried out the change, and before it says so', async () => {
    const place = await directoryPlace({});
    const proxy = await startFaultProxy(place.server);
    try {
      await using scene = await place.makeScene(proxy);
      const changed = hit(proxy, (moment) => scene.isAnswer(moment));
      const running = scene.project.start(APPLY);
      await changed;
      await place.restart?.();
      const result = await running.result;
      expect([0, 7], result.stdout + result.stderr).toContain(result.code);
      const again = await scene.project.pam(APPLY);
      expect(again, again.stdout + again.stderr).toMatchObject({ code: 0 });
      expect(await scene.failedLogins()).toBe(0);
      expect(await scene.project.journal()).toEqual([]);
      expect(await scene.opens(scene.first)).toBe(false);
      expect(await scene.project.pam(['verify', scene.address])).toMatchObject({ code: 0 });
    } finally {
      await proxy.stop();
      await place.stop();
    }
  });
});

describe.runIf(hasServer('slapd'))('a directory whose policy is made stricter after the look at it', () => {
  test('refuses the secret: the old one stays, and once both agree a new one is proved', async () => {
    const slapd = await makeSlapd();
    try {
      const directory = slapdDirectory(slapd);
      await using fleet = await makeFleet(directory, 1);
      const killed = await fleet.project.pam(APPLY, { env: { PAM_TEST_FAILPOINT: 'rotate.journaled' } });
      expect(killed.signal, killed.stdout + killed.stderr).toBe('SIGKILL');
      const policy = 'cn=default,ou=policies,dc=pam,dc=test';
      await slapd.set(policy, { pwdCheckQuality: '2', pwdMinLength: '60' });
      const refused = await fleet.project.pam(APPLY);
      expect(refused.code, refused.stdout + refused.stderr).toBe(1);
      expect(troubles(refused)).toEqual(['recover app-1: failed PAM6007', 'rotate app-1: failed PAM6007']);
      const [account] = await fleet.stored();
      expect(account?.secret.reveal()).toBe(account?.first.reveal());
      expect(await fleet.project.pam(['verify', 'PamUser/app-1'])).toMatchObject({ code: 0 });
      await slapd.set(policy, { pwdMinLength: '8' });
      await fleet.apply();
      await expectFleetConverged(fleet, directory);
    } finally {
      await slapd.stop();
    }
  });
});

describe.each<Mode>(['superuser', 'createrole'])(
  'a server that fails over after the commit, to a replica that lacks the change (by %s)',
  (mode) => {
    test('is found by verify, and brought forward by a new rotation; the stored secret never goes back', async () => {
      const target = { host: server.host, port: server.port };
      const proxy = await startFaultProxy(target);
      await using scene = await makeScene(server, { mode, accounts: 1, endpoint: proxy, rotation: {} });
      try {
        expect(await scene.project.pam(APPLY)).toMatchObject({ code: 0 });
        await replicate(scene);
        await scene.declare({ trigger: 'now' });
        expect(await scene.project.pam(APPLY)).toMatchObject({ code: 0 });
        const [account] = scene.accounts;
        const lost = await scene.stored('PamUser/app-1');
        target.port = other.port;
        expect(await scene.project.pam(['verify', 'PamUser/app-1'])).toMatchObject({ code: 2 });
        const applied = await scene.project.pam(APPLY);
        expect(applied, applied.stdout + applied.stderr).toMatchObject({ code: 0 });
        const current = await scene.stored('PamUser/app-1');
        expect([lost, account?.password]).not.toContain(current);
        expect(await opens(other, account?.login ?? '', current)).toBe(true);
        expect(await scene.project.pam(['plan', '--detailed-exitcode'])).toMatchObject({ code: 0 });
      } finally {
        await proxy.stop();
      }
    });
  },
);

/** The roles of the scene, as they are now, with their verifiers: what an asynchronous replica has. */
async function replicate(scene: Scene): Promise<void> {
  for (const { login } of [scene.admin, ...scene.accounts]) {
    const [role] = await server.query<{ rolpassword: string; rolsuper: boolean; rolcreaterole: boolean }>(
      'SELECT rolpassword, rolsuper, rolcreaterole FROM pg_authid WHERE rolname = $1',
      [login],
    );
    const attributes = `${role?.rolsuper ? 'SUPERUSER' : ''} ${role?.rolcreaterole ? 'CREATEROLE' : ''}`;
    await other.query(`CREATE ROLE ${login} LOGIN ${attributes} PASSWORD '${role?.rolpassword}'`);
  }
  if (scene.mode === 'createrole')
    for (const { login } of scene.accounts)
      await other.query(`GRANT ${login} TO ${scene.admin.login} WITH ADMIN OPTION, INHERIT FALSE, SET FALSE`);
}

test('a server that takes no writes is told, nothing is lost, and the same secret goes out once it does', async () => {
  await using scene = await makeScene(server, { mode: 'createrole', accounts: 1 });
  await server.query(`ALTER ROLE ${scene.admin.login} SET default_transaction_read_only = on`);
  const result = await scene.project.pam(APPLY);
  expect(result.code, result.stdout + result.stderr).toBe(7); // the records were written
  expect(troubles(result)).toEqual([expect.stringMatching(/^rotate app-1: failed PAM60/)]);
  expect(await opens(server, scene.accounts[0]?.login ?? '', await scene.stored('PamUser/app-1'))).toBe(true);
  await server.query(`ALTER ROLE ${scene.admin.login} RESET default_transaction_read_only`);
  // Staged twice, and made once.
  await expectConverged(scene, { staged: 2 });
  expect((await scene.record('PamUser/app-1')).versions.filter((v) => v.origin === 'generated')).toHaveLength(1);
});
