import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { versionIn } from '../../src/model/index.ts';
import { type PostgresServer, startPostgres } from '../servers/postgres.ts';
import { troubles } from './ledger.ts';
import { ALLOWED_FAILURES, type Mode, makeScene, opens, type Scene } from './scene.ts';

let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres({
    logAll: true,
    settings: { max_connections: '100' },
    hbaLines: ['host all /^trusted_ 127.0.0.1/32 trust'],
  });
});
afterAll(() => server?.stop());

const apply = (scene: Scene) => scene.project.pam(['apply', '--auto-approve', '--json']);
const setPassword = (login: string, password: string) => server.query(`ALTER ROLE ${login} PASSWORD ${pg.escapeLiteral(password)}`);

function only(scene: Scene) {
  const [account] = scene.accounts;
  if (account === undefined) throw new Error('no account');
  return account;
}

describe.each<Mode>(['superuser', 'createrole'])('with an administrator (%s)', (mode) => {
  test.for([
    ['may not log in', 'ALTER ROLE $ NOLOGIN', 'PAM6006'],
    ['has expired', "ALTER ROLE $ VALID UNTIL '2020-01-01'", 'PAM6006'],
    ['is absent', 'DROP ROLE $', 'PAM6005'],
  ] as const)('an account that %s is told before a secret is made, and its neighbour is rotated', async ([, sql, code]) => {
    await using scene = await makeScene(server, { mode, accounts: 2, unknownFrom: 0 });
    await server.query(sql.replace('$', only(scene).login));
    const result = await apply(scene);
    expect(result.code, result.stderr).toBe(7);
    expect(troubles(result)).toEqual([`rotate app-1: failed ${code}`]);
    expect(await scene.staged('PamUser/app-1')).toBe(0);
    expect(await scene.staged('PamUser/app-2')).toBe(1);
    expect(await scene.failedLogins(only(scene).login)).toBe(0);
    expect(await scene.project.journal()).toEqual([]);
  });

  test('a password that was changed by hand is found by verify, told as drift, and reset by the next apply', async () => {
    await using scene = await makeScene(server, { mode, accounts: 1 });
    const { address, login } = only(scene);
    expect(await apply(scene)).toMatchObject({ code: 0 });
    await setPassword(login, 'by-hand');
    expect(await scene.project.pam(['verify', address])).toMatchObject({ code: 2 });
    const plan = await scene.project.pam(['plan', '--detailed-exitcode']);
    expect(plan.code).toBe(2);
    expect(plan.stdout).toContain('drift');
    expect(await apply(scene)).toMatchObject({ code: 0 });
    expect(await opens(server, login, await scene.stored(address))).toBe(true);
    expect(await scene.project.pam(['plan', '--detailed-exitcode'])).toMatchObject({ code: 0 });
  });

  test('a target that was restored to an older password is brought forward, and the stored one never goes back', async () => {
    await using scene = await makeScene(server, { mode, accounts: 1 });
    const { address, login } = only(scene);
    expect(await apply(scene)).toMatchObject({ code: 0 });
    const older = (await scene.stored(address)) ?? '';
    expect(await scene.project.pam(['rotate', address, '--auto-approve'])).toMatchObject({ code: 0 });
    await setPassword(login, older);
    expect(await scene.project.pam(['verify', address])).toMatchObject({ code: 2 });
    expect(await apply(scene)).toMatchObject({ code: 0 });
    const now = await scene.stored(address);
    expect(now).not.toBe(older);
    expect(await opens(server, login, now)).toBe(true);
    expect(await opens(server, login, older)).toBe(false);
  });
});

test('a password changed by hand while a rotation is in flight is quarantined with every candidate kept, and recovered once it is put back', async () => {
  await using scene = await makeScene(server, { mode: 'superuser', accounts: 1 });
  const { address, login, password } = only(scene);
  await scene.project.pam(['apply', '--auto-approve'], { env: { PAM_TEST_FAILPOINT: 'rotate.armed' } });
  await setPassword(login, 'by-hand');
  const result = await apply(scene);
  expect(result.code, result.stdout).toBe(7);
  expect((await scene.record(address)).rotation.quarantined?.code).toBe('PAM4001');
  expect(await scene.stored(address)).toBe(password);
  expect(await scene.stored(address, 'pending')).toBeDefined();
  expect(await scene.project.journal()).toHaveLength(1);
  // Nothing of itself any more.
  expect(await apply(scene)).toMatchObject({ code: 3 });
  expect(await opens(server, login, 'by-hand')).toBe(true);

  await setPassword(login, password);
  const recovered = await scene.project.pam(['recover', address]);
  expect(recovered, recovered.stdout + recovered.stderr).toMatchObject({ code: 0 });
  expect(await opens(server, login, await scene.stored(address))).toBe(true);
  expect(await scene.staged(address)).toBe(1);
  expect(await apply(scene)).toMatchObject({ code: 0 });
  expect(await scene.project.journal()).toEqual([]);
});

test('a quarantined account is freed by a new version of its input, which is proved like any other', async () => {
  await using scene = await makeScene(server, { mode: 'superuser', accounts: 1 });
  const { address, login, password } = only(scene);
  await scene.project.pam(['apply', '--auto-approve'], { env: { PAM_TEST_FAILPOINT: 'rotate.armed' } });
  await setPassword(login, 'by-hand');
  expect(await apply(scene)).toMatchObject({ code: 7 });
  await scene.declare({}, scene.accounts, 2);
  const env = { [scene.variable(only(scene))]: 'by-hand' };
  const freed = await scene.project.pam(['apply', '--auto-approve', '--only', 'rotations', '--json'], { env });
  expect(troubles(freed)).toEqual(['recover app-1: blocked PAM4001', 'rotate app-1: blocked PAM4001']);
  const record = await scene.record(address);
  expect(record.rotation.quarantined).toBeUndefined();
  expect(await scene.stored(address)).toBe('by-hand');
  expect(record.versions.map((v) => v.state).sort()).toEqual(['candidate', 'current', 'previous']);
  expect(await scene.project.journal()).toEqual([]);
  expect(await scene.project.pam(['apply', '--auto-approve'], { env })).toMatchObject({ code: 0 });
  expect(await opens(server, login, await scene.stored(address))).toBe(true);
  expect(await opens(server, login, password)).toBe(false);
});

test('what nothing opens any more is reset by the reconcile credential, if a person says so', async () => {
  await using scene = await makeScene(server, { mode: 'self', accounts: 1, reconcile: true });
  const { address, login } = only(scene);
  const again = (...args: string[]) => scene.project.pam(['recover', ...args]);
  await scene.project.pam(['apply', '--auto-approve'], { env: { PAM_TEST_FAILPOINT: 'rotate.answered' } });
  await setPassword(login, 'by-hand');
  expect((await apply(scene)).code).toBe(7);
  expect((await scene.record(address)).rotation.quarantined?.code).toBe('PAM4001');
  expect(await again('--with', 'reconcile-credential')).toMatchObject({ code: 8 });

  const reset = await again(address, '--with', 'reconcile-credential');
  expect(reset, reset.stdout + reset.stderr).toMatchObject({ code: 0 });
  expect(await opens(server, login, await scene.stored(address))).toBe(true);
  expect(await scene.staged(address)).toBe(1);
  expect(await scene.failedLogins(login)).toBeLessThanOrEqual(ALLOWED_FAILURES.self);
  expect(await scene.project.journal()).toEqual([]);
  expect(await apply(scene)).toMatchObject({ code: 0 });
});

test('an account that rotates itself and was changed by hand costs one failed login and is then left alone', async () => {
  await using scene = await makeScene(server, { mode: 'self', accounts: 1, rotation: {} });
  const { login } = only(scene);
  expect(await apply(scene)).toMatchObject({ code: 0 });
  await setPassword(login, 'by-hand');
  await scene.declare({ trigger: 'now' });
  const first = await apply(scene);
  expect(troubles(first)).toEqual(['rotate app-1: failed PAM6003']);
  const second = await apply(scene);
  expect(second.code).toBe(3);
  expect(troubles(second)).toEqual(['rotate app-1: blocked PAM2004']);
  expect(await scene.failedLogins(login)).toBe(1);
});

describe('where pg_hba.conf trusts the login', () => {
  test('a superuser shows the secret by its verifier, and no login is called a proof', async () => {
    await using scene = await makeScene(server, { mode: 'superuser', accounts: 1, prefix: 'trusted', unknownFrom: 0 });
    expect(await apply(scene)).toMatchObject({ code: 0 });
    const record = await scene.record(only(scene).address);
    expect(versionIn(record, 'password', 'current')?.proof?.method).toBe('verifier');
  });

  test('without a verifier nothing is proved: a given secret is unproved, and it is not rotated', async () => {
    await using scene = await makeScene(server, { mode: 'createrole', accounts: 1, prefix: 'trusted' });
    const { address, password } = only(scene);
    const result = await apply(scene);
    expect(troubles(result)).toEqual(['rotate trusted-1: failed PAM6009']);
    const current = versionIn(await scene.record(address), 'password', 'current');
    expect(current?.proof).toBeUndefined();
    expect(current?.unproved).toContain('without asking');
    expect(await scene.stored(address)).toBe(password);
    expect(await scene.staged(address)).toBe(0);
  });

  test('with allowUnproved the secret is rotated and marked, never proved', async () => {
    await using scene = await makeScene(server, {
      mode: 'createrole',
      accounts: 1,
      prefix: 'trusted',
      rotation: { initial: 'now', allowUnproved: true },
    });
    const { address } = only(scene);
    expect(await apply(scene)).toMatchObject({ code: 0 });
    const current = versionIn(await scene.record(address), 'password', 'current');
    expect(current).toMatchObject({ origin: 'generated', unproved: expect.stringContaining('without asking') });
    expect(current?.proof).toBeUndefined();
  });
});
