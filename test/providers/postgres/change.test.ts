import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Secret } from '../../../src/model/index.ts';
import { postgresModule } from '../../../src/providers/postgres/index.ts';
import { type Credential, canQuiesce, hasOracle, type Target } from '../../../src/providers/provider.ts';
import { leaks } from '../../contract/canary.ts';
import { freshSecret, newAttempt } from '../../contract/provider-fixture.ts';
import { startFaultProxy } from '../../servers/fault-proxy.ts';
import { type PostgresServer, postgresVersions, startPostgres } from '../../servers/postgres.ts';
import { accountOf, adminOf, blockRole, makeRole, targetOf } from './fixture.ts';

const options = { connectTimeoutMs: 10_000, sessionName: 'pam-change' };
/** The session that carries the name $1 and waits for a lock. */
const WAITING = "FROM pg_stat_activity WHERE application_name = $1 AND wait_event_type = 'Lock'";
const PATIENTLY = { timeout: 10_000 };

for (const version of postgresVersions()) {
  describe(`PostgreSQL (${version}) changes a password`, () => {
    let server: PostgresServer;
    beforeAll(async () => {
      server = await startPostgres({ version, logAll: true });
    }, 60_000);
    afterAll(() => server?.stop());

    const open = (credential: Credential = adminOf(server), target: Target = targetOf(server)) =>
      postgresModule.open(target, credential, options);

    /** An administrator of its own, who can be given settings and rights. */
    async function rotator(attributes: string, sql: (login: string) => string = () => 'SELECT'): Promise<Credential> {
      const { account, secret } = await makeRole(server, { attributes });
      await server.query(sql(account.login));
      return { ...account, secret };
    }

    async function storedFor(login: string): Promise<string | null | undefined> {
      const [row] = await server.query<{ rolpassword: string | null }>('SELECT rolpassword FROM pg_authid WHERE rolname = $1', [login]);
      return row?.rolpassword;
    }

    test('of a role for which CREATEROLE is enough', async () => {
      const { account } = await makeRole(server);
      const admin = await rotator('LOGIN CREATEROLE', (login) => `GRANT ${account.login} TO ${login} WITH ADMIN OPTION`);
      await using provider = await open(admin);
      expect((await provider.inspect(account)).obstacles).toEqual([]);
      expect(await provider.setSecret(account, freshSecret(), newAttempt())).toEqual({ outcome: 'done' });
    });

    test('not without the right to, and says so before it tries', async () => {
      const { account } = await makeRole(server);
      const superuser = await makeRole(server, { attributes: 'LOGIN SUPERUSER' });
      for (const [admin, victim] of [
        [await rotator('LOGIN'), account],
        [await rotator('LOGIN CREATEROLE'), superuser.account],
      ] as const) {
        await using provider = await open(admin);
        expect((await provider.inspect(victim)).obstacles).toHaveLength(1);
        const outcome = await provider.setSecret(victim, freshSecret(), newAttempt());
        expect(outcome).toMatchObject({ outcome: 'refused', code: 'PAM6004', retryable: false });
      }
    });

    test('and gives up a lock in time, knowing that nothing was changed', async () => {
      const { account, secret } = await makeRole(server);
      const unblock = await blockRole(server, account.login);
      await using provider = await open();
      const outcome = await provider.setSecret(account, freshSecret(), newAttempt(200));
      expect(outcome).toMatchObject({ outcome: 'refused', code: 'PAM6010', retryable: true });
      await unblock();
      expect(await provider.prove(account, secret)).toMatchObject({ answer: 'accepted' });
    });

    test.each(['pg_cancel_backend', 'pg_terminate_backend'])('and does not know the outcome after %s', async (end) => {
      const { account } = await makeRole(server);
      const attempt = newAttempt();
      const unblock = await blockRole(server, account.login);
      await using provider = await open();
      const outcome = provider.setSecret(account, freshSecret(), attempt);
      const endIt = () => server.query(`SELECT ${end}(pid) ${WAITING}`, [`pam:${attempt.rotationId}`]);
      await expect.poll(async () => (await endIt()).length, PATIENTLY).toBe(1);
      expect(await outcome).toMatchObject({ outcome: 'unknown' });
      await unblock();
    });

    test('and is refused, for now, when somebody else changed the same role meanwhile', async () => {
      const { account } = await makeRole(server);
      const attempt = newAttempt();
      const commit = await blockRole(server, account.login, 'COMMIT');
      await using provider = await open();
      const outcome = provider.setSecret(account, freshSecret(), attempt);
      await expect.poll(async () => (await server.query(`SELECT ${WAITING}`, [`pam:${attempt.rotationId}`])).length, PATIENTLY).toBe(1);
      await commit();
      expect(await outcome).toMatchObject({ outcome: 'refused', code: 'PAM6010', retryable: true });
    });

    test('not in a read-only session, which waiting does not mend', async () => {
      const { account } = await makeRole(server);
      const admin = await rotator('LOGIN SUPERUSER', (login) => `ALTER ROLE ${login} SET default_transaction_read_only = on`);
      await using provider = await open(admin);
      expect(await provider.setSecret(account, freshSecret(), newAttempt())).toMatchObject({
        outcome: 'refused',
        code: 'PAM6010',
        retryable: false,
      });
    });

    test('not against a password rule of the server', async () => {
      const { account, secret } = await makeRole(server);
      // The rule of passwordcheck that can see through a verifier: not the name of the role.
      const admin = await rotator('LOGIN SUPERUSER', (login) => `ALTER ROLE ${login} SET session_preload_libraries = 'passwordcheck'`);
      await using provider = await open(admin);
      const refused = await provider.setSecret(account, Secret.fromText(account.login), newAttempt());
      expect(refused).toMatchObject({ outcome: 'refused', code: 'PAM6007', retryable: false });
      expect(await provider.prove(account, secret)).toMatchObject({ answer: 'accepted' });
      expect(await provider.setSecret(account, freshSecret(), newAttempt())).toEqual({ outcome: 'done' });
    });

    test('not to a secret that PostgreSQL would not store as it is', async () => {
      const { account } = await makeRole(server);
      const before = await storedFor(account.login);
      await using provider = await open();
      for (const secret of ['', 'nul\0byte', 'ä\u0007']) {
        const outcome = await provider.setSecret(account, Secret.fromText(secret), newAttempt());
        expect(outcome).toMatchObject({ outcome: 'refused', code: 'PAM6007' });
      }
      expect(await storedFor(account.login)).toBe(before);
    });

    test('of no role whose name is merely the beginning of the login', async () => {
      const { account: longest } = await makeRole(server, { login: `${'y'.repeat(62)}z` });
      const before = await storedFor(longest.login);
      const tooLong = accountOf(`${longest.login}!`);
      await using provider = await open();
      expect(await provider.setSecret(tooLong, freshSecret(), newAttempt())).toMatchObject({ outcome: 'refused', code: 'PAM6005' });
      expect(await provider.inspect(tooLong)).toMatchObject({ exists: false });
      expect(await provider.prove(tooLong, freshSecret())).toMatchObject({ answer: 'cannot-tell', code: 'PAM6005', spent: false });
      expect(await storedFor(longest.login)).toBe(before);
    });

    test('of text in any script, which other clients can log in with as well', async () => {
      const { account } = await makeRole(server);
      const secret = Secret.fromText('Grüße\u00A0an a\u0308lle ① 名前');
      await using provider = await open();
      expect(await provider.setSecret(account, secret, newAttempt())).toEqual({ outcome: 'done' });
      expect(await provider.prove(account, secret)).toMatchObject({ answer: 'accepted' });
      // The server's own preparation of the same text must come to the same verifier.
      const other = await makeRole(server, { secret });
      if (!hasOracle(provider)) throw new Error('no oracle');
      expect(await provider.identify(other.account, [{ id: 'it', secret }])).toMatchObject({ live: 'it' });
    });

    test('with the iterations that the server wants', async () => {
      const { account } = await makeRole(server);
      const settings = await server.query("SELECT FROM pg_settings WHERE name = 'scram_iterations'");
      const admin = await rotator('LOGIN SUPERUSER', (login) =>
        settings.length === 0 ? 'SELECT' : `ALTER ROLE ${login} SET scram_iterations = 5000`,
      );
      await using provider = await open(admin);
      await provider.setSecret(account, freshSecret(), newAttempt());
      expect(await storedFor(account.login)).toMatch(settings.length === 0 ? /^SCRAM-SHA-256\$4096:/ : /^SCRAM-SHA-256\$5000:/);
    });

    test('from md5 to SCRAM', async () => {
      const { account, secret: old } = await makeRole(server);
      await server.query(`SET password_encryption = 'md5'; ALTER ROLE ${account.login} PASSWORD '${old.reveal()}'`);
      const fresh = freshSecret();
      await using provider = await open();
      if (!hasOracle(provider)) throw new Error('no oracle');
      expect(await provider.identify(account, [{ id: 'old', secret: old }])).toMatchObject({ live: 'old', method: 'verifier' });
      await provider.setSecret(account, fresh, newAttempt());
      expect(await provider.prove(account, fresh)).toMatchObject({ answer: 'accepted' });
    });

    test('and the oracle says that it cannot tell where pg_authid may not be read', async () => {
      const { account, secret } = await makeRole(server);
      await using provider = await open({ ...account, secret });
      if (!hasOracle(provider)) throw new Error('no oracle');
      expect(await provider.identify(account, [{ id: 'it', secret }])).toEqual({
        live: 'unknown',
        reason: expect.stringContaining('pg_authid'),
      });
    });

    test('and a request that arrives late, after it was quiesced, finds nobody', async () => {
      const proxy = await startFaultProxy(server);
      try {
        const { account, secret: old } = await makeRole(server);
        const attempt = newAttempt(300);
        await using provider = await open(adminOf(server), targetOf(proxy));
        proxy.setRule(({ from, clientBytes }) => (from === 'client' && clientBytes.includes('ALTER ROLE') ? 'hold' : 'pass'));
        expect(await provider.setSecret(account, freshSecret(), attempt)).toMatchObject({ outcome: 'unknown' });
        proxy.setRule(() => 'pass');
        if (!canQuiesce(provider)) throw new Error('cannot quiesce');
        expect(await provider.quiesce(account, attempt)).toBe(true);
        proxy.release();
        expect(await provider.prove(account, old)).toMatchObject({ answer: 'accepted' });
      } finally {
        await proxy.stop();
      }
    });

    test('and waits no longer than it said for an answer that never comes', async () => {
      const proxy = await startFaultProxy(server);
      try {
        const { account } = await makeRole(server);
        const fresh = freshSecret();
        await using provider = await open(adminOf(server), targetOf(proxy));
        proxy.setRule(({ from, clientBytes }) => (from === 'server' && clientBytes.includes('ALTER ROLE') ? 'swallow' : 'pass'));
        expect(await provider.setSecret(account, fresh, newAttempt(200))).toMatchObject({ outcome: 'unknown' });
        proxy.setRule(() => 'pass');
        expect(await provider.prove(account, fresh)).toMatchObject({ answer: 'accepted' });
      } finally {
        await proxy.stop();
      }
    });

    test('of the session itself, and does not try the old one again when that session is lost', async () => {
      const proxy = await startFaultProxy(server);
      try {
        const { account, secret } = await makeRole(server);
        await using provider = await open({ ...account, secret }, targetOf(proxy));
        proxy.setRule(({ from, clientBytes }) => (from === 'server' && clientBytes.includes('ALTER ROLE') ? 'cut' : 'pass'));
        expect(await provider.setSecret(account, freshSecret(), newAttempt())).toMatchObject({ outcome: 'unknown' });
        const connections = proxy.accepted();
        await expect(provider.inspect(account)).rejects.toMatchObject({ code: 'PAM6001', spent: false });
        expect(proxy.accepted()).toBe(connections);
      } finally {
        await proxy.stop();
      }
    });

    test('and comes back by itself when an administrator session was lost in between', async () => {
      const { account } = await makeRole(server);
      await using provider = await open();
      await server.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'pam-change'");
      await expect.poll(() => provider.inspect(account).catch(() => null), PATIENTLY).toMatchObject({ exists: true });
    });

    test('and quiesce says no when it may not end the session', async () => {
      const { account } = await makeRole(server);
      const attempt = newAttempt(100);
      const weak = await rotator('LOGIN');
      await using holder = await open();
      await holder.setSecret(account, freshSecret(), attempt);
      await using provider = await open(weak);
      if (!canQuiesce(provider)) throw new Error('cannot quiesce');
      expect(await provider.quiesce(account, attempt)).toBe(false);
    });

    test('and nothing of the secrets stands in the log of the server, only verifiers', async () => {
      const { account, secret: first } = await makeRole(server, { login: 'canary' });
      const secrets = [freshSecret(), freshSecret(), Secret.fromText('it\'s "quoted" \\ ä #1')];
      await using provider = await open();
      for (const secret of secrets) {
        await provider.setSecret(account, secret, newAttempt());
        await provider.prove(account, secret);
        await provider.prove(account, first);
        if (hasOracle(provider)) await provider.identify(account, [{ id: 'it', secret }]);
      }
      // A refused statement is logged with its text.
      await using weak = await open(await rotator('LOGIN'));
      await weak.setSecret(account, secrets[0] ?? first, newAttempt());
      const log = await server.logText();
      expect(log).toContain(`ALTER ROLE "canary" PASSWORD 'SCRAM-SHA-256$`);
      expect(leaks(log, ...secrets, Secret.fromText(server.adminPassword))).toEqual([]);
    });
  });
}
