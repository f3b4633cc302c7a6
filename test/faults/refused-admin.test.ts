import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type PostgresServer, startPostgres } from '../servers/postgres.ts';
import { type ApplyJson, troubles } from './ledger.ts';
import { type Mode, makeScene, opens, type Scene } from './scene.ts';

let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres({ logAll: true, settings: { max_connections: '100' } });
});
afterAll(() => server?.stop());

const ACCOUNTS = 20;
const apply = (scene: Scene, env: Record<string, string> = {}) => scene.project.pam(['apply', '--auto-approve', '--json'], { env });

describe.each<Mode>(['superuser', 'createrole'])('an administrator (%s) of twenty accounts', (mode) => {
  test('whose given password is wrong costs one failed login, and a corrected one works at once', async () => {
    await using scene = await makeScene(server, { mode, accounts: ACCOUNTS, unknownFrom: 0 });
    const wrong = { [scene.variable(scene.admin)]: 'certainly-not-the-password' };

    const first = await apply(scene, wrong);
    expect(first.code, first.stderr).toBe(7); // the records were written
    expect(await scene.failedLogins(scene.admin.login)).toBe(1);
    expect(troubles(first)).toEqual(
      ['ingest admin: failed PAM6003', ...scene.accounts.map((a) => `rotate ${a.address.slice('PamUser/'.length)}: skipped`)].sort(),
    );
    expect(
      first
        .json<ApplyJson>()
        .ledger.filter((e) => e.outcome === 'skipped')
        .map((e) => e.because),
    ).toEqual(scene.accounts.map(() => 'ingest PamUser/admin password'));

    const again = await apply(scene, wrong);
    expect(again.code).toBe(6);
    expect(troubles(again)).toContain('ingest admin: failed PAM4006');
    expect(await scene.failedLogins(scene.admin.login)).toBe(1);

    expect(await apply(scene)).toMatchObject({ code: 0 });
    expect(await scene.failedLogins(scene.admin.login)).toBe(1);
    const stored = await scene.storedAll();
    for (const [i, { login }] of scene.accounts.entries()) expect(await opens(server, login, stored[i])).toBe(true);
  });

  test('whose stored password the server stopped taking costs one failed login, and none later', async () => {
    await using scene = await makeScene(server, { mode, accounts: ACCOUNTS, unknownFrom: 0 });
    expect(await apply(scene)).toMatchObject({ code: 0 });
    await server.query(`ALTER ROLE ${scene.admin.login} PASSWORD ${pg.escapeLiteral('changed-by-hand')}`);
    await scene.declare({ trigger: 'now' });

    const first = await apply(scene);
    expect(first.code, first.stderr).toBe(7);
    expect(await scene.failedLogins(scene.admin.login)).toBe(1);
    const { ledger } = first.json<ApplyJson>();
    const rotations = ledger.filter((e) => e.kind === 'rotate');
    expect(rotations.filter((e) => e.outcome === 'failed').map((e) => e.code)).toEqual(['PAM6003']);
    expect(rotations.filter((e) => e.outcome === 'skipped' && e.because === 'PamUser/admin')).toHaveLength(ACCOUNTS - 1);

    const again = await apply(scene);
    expect(again.code).toBe(3);
    expect(troubles(again)).toEqual(scene.accounts.map((a) => `rotate ${a.address.slice('PamUser/'.length)}: blocked PAM2004`).sort());
    expect(await scene.failedLogins(scene.admin.login)).toBe(1);

    await scene.declare({ trigger: 'now' }, scene.accounts, 2);
    expect(await apply(scene, { [scene.variable(scene.admin)]: 'changed-by-hand' })).toMatchObject({ code: 0 });
    expect(await scene.failedLogins(scene.admin.login)).toBe(1);
    expect(await scene.stagedAll()).toEqual(scene.accounts.map(() => 2));
  });
});

test('a person who raises the version of the input a third time is not held up by two wrong values before', async () => {
  await using scene = await makeScene(server, { mode: 'superuser', accounts: 1 });
  for (const [i, value] of ['wrong-one', 'wrong-two'].entries()) {
    await scene.declare({}, scene.accounts, i + 1);
    await apply(scene, { [scene.variable(scene.admin)]: value });
  }
  await scene.declare({}, scene.accounts, 3);
  const third = await apply(scene);
  expect(third, third.stdout).toMatchObject({ code: 0 });
  expect(await scene.failedLogins(scene.admin.login)).toBe(2);
});

test('a refused value is tried again where a person raises its version, since the server may have been mended', async () => {
  await using scene = await makeScene(server, { mode: 'superuser', accounts: 1 });
  const env = { [scene.variable(scene.admin)]: 'set-on-the-server-later' };
  await apply(scene, env);
  await server.query(`ALTER ROLE ${scene.admin.login} PASSWORD 'set-on-the-server-later'`);
  expect(troubles(await apply(scene, env))).toContain('ingest admin: failed PAM4006');
  await scene.declare({}, scene.accounts, 2);
  expect(await apply(scene, env)).toMatchObject({ code: 0 });
  expect(await scene.failedLogins(scene.admin.login)).toBe(1);
});

test('a refused value is tried again where a person asks for it with pam verify', async () => {
  await using scene = await makeScene(server, { mode: 'superuser', accounts: 1 });
  const env = { [scene.variable(scene.admin)]: 'set-on-the-server-later' };
  await apply(scene, env);
  await server.query(`ALTER ROLE ${scene.admin.login} PASSWORD 'set-on-the-server-later'`);
  expect(await scene.project.pam(['verify', scene.admin.address])).toMatchObject({ code: 1 });
  expect(await apply(scene, env)).toMatchObject({ code: 0 });
  expect(await scene.failedLogins(scene.admin.login)).toBe(1);
});
