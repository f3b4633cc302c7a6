import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Secret } from '../../../src/model/index.ts';
import { type Account, type Credential, canQuiesce, hasOracle, type Provider } from '../../../src/providers/provider.ts';
import { leaks } from '../../contract/canary.ts';
import { freshSecret, newAttempt } from '../../contract/provider-fixture.ts';
import { startFaultProxy } from '../../servers/fault-proxy.ts';
import {
  accountOf,
  blockChanges,
  makeAccount,
  makeAdmin,
  mysqlFixture,
  OPTIONS,
  type Place,
  rowOf,
  STRANGE_SECRET,
  serverKinds,
  startPlace,
  targetOf,
} from './fixture.ts';

const PATIENTLY = { timeout: 10_000 };
const RULES = { mariadb: ['--plugin-load-add=simple_password_check', '--strict-password-validation=OFF'], mysql: [] } as const;

for (const kind of serverKinds()) {
  describe(`${kind} changes a password`, () => {
    let place: Place;
    beforeAll(async () => {
      place = await startPlace(kind, { args: RULES[kind] });
    });
    afterAll(() => place?.server.stop());

    const query = <Row>(sql: string) => place.server.query<Row>(sql);
    const make = (more?: string) => makeAccount(place.server, more === undefined ? {} : { more });
    const open = (credential: Credential = place.admin, port = place.server.port) =>
      place.module.open(targetOf({ host: place.server.host, port }, place.tls), credential, OPTIONS);
    const testOn = (only: typeof kind) => (kind === only ? test : () => undefined);

    async function whichIsLive(provider: Provider, account: Account, ...secrets: readonly Secret[]): Promise<unknown> {
      if (!hasOracle(provider)) throw new Error('no oracle');
      const answer = await provider.identify(
        account,
        secrets.map((secret, i) => ({ id: String(i), secret })),
      );
      return answer.live;
    }

    /** The sessions that wait to change the account. */
    const waiting = () =>
      query<{ id: number }>("SELECT ID AS id FROM information_schema.PROCESSLIST WHERE INFO LIKE 'ALTER USER%' AND COMMAND <> 'Killed'");

    test('not without the right to, and says so before it tries', async () => {
      const { account } = await make();
      await using provider = await open(await makeAdmin(place.server, ['SELECT ON mysql.*']));
      expect((await provider.inspect(account)).obstacles).toEqual([expect.stringContaining('CREATE USER')]);
      const outcome = await provider.setSecret(account, freshSecret(), newAttempt());
      expect(outcome).toMatchObject({ outcome: 'refused', code: 'PAM6004', retryable: false });
    });

    test('not of accounts that it may not look at, and says which right that takes', async () => {
      const { account } = await make();
      await using provider = await open(await makeAdmin(place.server, ['CREATE USER ON *.*']));
      await expect(provider.inspect(account)).rejects.toMatchObject({ code: 'PAM6004', hint: expect.stringContaining('GRANT SELECT') });
      expect(await whichIsLive(provider, account, freshSecret())).toBe('unknown');
    });

    test('and is stopped by the server in time, before anything was changed', async () => {
      const { account, secret } = await make();
      await using provider = await open();
      const unblock = await blockChanges(place.server);
      const outcome = await provider.setSecret(account, freshSecret(), newAttempt(1_000));
      await unblock();
      // MariaDB waits for this lock as long as the statement may take, so there it is the statement that is stopped, and who knows where.
      const stopped = kind === 'mysql' ? { outcome: 'refused', code: 'PAM6010', retryable: true } : { outcome: 'unknown' };
      expect(outcome).toMatchObject(stopped);
      expect(await provider.prove(account, secret)).toMatchObject({ answer: 'accepted' });
    });

    test.each(['QUERY', 'CONNECTION'])('and does not know the outcome after KILL %s', async (what) => {
      const { account } = await make();
      await using provider = await open();
      const unblock = await blockChanges(place.server);
      const outcome = provider.setSecret(account, freshSecret(), newAttempt());
      await expect.poll(async () => (await waiting()).length, PATIENTLY).toBe(1);
      for (const { id } of await waiting()) await query(`KILL ${what} ${id}`);
      expect(await outcome).toMatchObject({ outcome: 'unknown' });
      await unblock();
    });

    test('and refuses a second request while the first is under way', async () => {
      const { account } = await make();
      const attempt = newAttempt();
      const fresh = freshSecret();
      await using first = await open();
      await using second = await open();
      const unblock = await blockChanges(place.server);
      const outcome = first.setSecret(account, fresh, attempt);
      await expect.poll(async () => (await waiting()).length, PATIENTLY).toBe(1);
      expect(await second.setSecret(account, fresh, attempt)).toMatchObject({ outcome: 'refused', code: 'PAM6010', retryable: true });
      await unblock();
      expect(await outcome).toEqual({ outcome: 'done' });
      expect(await second.setSecret(account, fresh, attempt)).toEqual({ outcome: 'done' });
    });

    test('and a request that arrives late, after it was quiesced, finds nobody', async () => {
      const proxy = await startFaultProxy(place.server);
      try {
        const { account, secret: old } = await make();
        const attempt = newAttempt(1_000);
        const isChange = mysqlFixture(place).plain?.isChange ?? (() => false);
        const target = kind === 'mariadb' ? targetOf(proxy) : targetOf(proxy, place.tls);
        await using provider = await place.module.open(target, place.admin, OPTIONS);
        proxy.setRule((moment) => (moment.from === 'client' && isChange(moment) ? 'hold' : 'pass'));
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

    test('and quiesce says no when it may not kill the session', async () => {
      const { account, secret } = await make();
      const attempt = newAttempt(100);
      await using provider = await open({ ...account, secret });
      if (!canQuiesce(provider)) throw new Error('cannot quiesce');
      const other = await place.server.connect();
      await other.query(`SELECT GET_LOCK('pam:${attempt.rotationId}', 0)`);
      expect(await provider.quiesce(account, attempt)).toBe(false);
      await other.end();
      await expect.poll(() => provider.quiesce(account, attempt), PATIENTLY).toBe(true);
    });

    test('not on a read-only server, which waiting does not mend', async () => {
      const { account, secret } = await make();
      await using provider = await open();
      await query('SET GLOBAL read_only = ON');
      try {
        expect((await provider.inspect(account)).obstacles).toEqual([expect.stringContaining('read-only')]);
        expect(await provider.setSecret(account, freshSecret(), newAttempt())).toMatchObject({
          outcome: 'refused',
          code: 'PAM6010',
          retryable: false,
        });
        expect(await whichIsLive(provider, account, secret)).toBe('unknown');
      } finally {
        await query('SET GLOBAL read_only = OFF');
      }
    });

    test('not to a secret that the server would not store as it is', async () => {
      const { account, secret: old } = await make();
      await using provider = await open();
      for (const text of ['', 'nul\0byte', 'x'.repeat(257)]) {
        const outcome = await provider.setSecret(account, Secret.fromText(text), newAttempt());
        expect(outcome).toMatchObject({ outcome: 'refused', code: 'PAM6007' });
        expect(await provider.prove(account, Secret.fromText(text))).toMatchObject({ answer: 'cannot-tell', spent: false });
      }
      expect(await provider.prove(account, old)).toMatchObject({ answer: 'accepted' });
    });

    test('of one host row only: that of the login', async () => {
      const { account, secret } = await make();
      const sibling = await makeAccount(place.server, { login: `${account.login}@192.0.2.1` });
      const fresh = freshSecret();
      await using provider = await open();
      expect(await provider.setSecret(sibling.account, fresh, newAttempt())).toEqual({ outcome: 'done' });
      expect(await whichIsLive(provider, sibling.account, fresh)).toBe('0');
      expect(await whichIsLive(provider, account, secret, fresh)).toBe('0');
      expect(await provider.prove(account, secret)).toMatchObject({ answer: 'accepted' });
    });

    test('and ends with it that a new one must be set', async () => {
      const { account, secret } = await make('PASSWORD EXPIRE');
      const fresh = freshSecret();
      await using provider = await open();
      expect(await provider.inspect(account)).toMatchObject({ expired: true, obstacles: [] });
      expect(await provider.prove(account, secret)).toMatchObject({ answer: 'accepted', restricted: expect.stringContaining('expired') });
      expect(await provider.prove(account, fresh)).toMatchObject({ answer: 'refused' });
      expect(await provider.setSecret(account, fresh, newAttempt())).toEqual({ outcome: 'done' });
      expect(await provider.prove(account, fresh)).not.toHaveProperty('restricted');
    });

    test('of the session itself, and does not try the old one again when that session is lost', async () => {
      const { account, secret } = await make();
      await using provider = await open({ ...account, secret });
      expect(await provider.setSecret(account, freshSecret(), newAttempt())).toEqual({ outcome: 'done' });
      const [session] = await query<{ id: number }>(`SELECT ID AS id FROM information_schema.PROCESSLIST WHERE USER = '${account.login}'`);
      await query(`KILL ${session?.id}`);
      await expect.poll(() => provider.inspect(account).catch((error) => error.code), PATIENTLY).toBe('PAM6001');
      const logins = (await place.server.logText()).split(`\t${account.login}@`).length;
      await expect(provider.inspect(account)).rejects.toMatchObject({ code: 'PAM6001', spent: false });
      expect((await place.server.logText()).split(`\t${account.login}@`)).toHaveLength(logins);
    });

    test('of an account that logs in by no password it knows: never, and says so', async () => {
      const plugin = kind === 'mariadb' ? 'unix_socket' : 'mysql_no_login';
      if (kind === 'mysql') await query("INSTALL PLUGIN mysql_no_login SONAME 'mysql_no_login.so'").catch(() => undefined);
      await query(`CREATE USER odd IDENTIFIED ${kind === 'mariadb' ? 'VIA' : 'WITH'} ${plugin}`);
      await using provider = await open();
      expect((await provider.inspect(accountOf('odd'))).obstacles).toEqual([expect.stringContaining(plugin)]);
      expect(await provider.setSecret(accountOf('odd'), freshSecret(), newAttempt())).toMatchObject({
        outcome: 'refused',
        code: 'PAM6009',
      });
    });

    testOn('mariadb')('not of accounts with another way in, which the change would drop', async () => {
      const secret = freshSecret();
      await query(`CREATE USER chain IDENTIFIED VIA mysql_native_password USING PASSWORD('${secret.reveal()}') OR unix_socket`);
      await using provider = await open();
      expect((await provider.inspect(accountOf('chain'))).obstacles).toEqual([expect.stringContaining('other ways in')]);
      expect(await provider.prove(accountOf('chain'), secret)).toMatchObject({ answer: 'cannot-tell', code: 'PAM6009', never: true });
      const outcome = await provider.setSecret(accountOf('chain'), freshSecret(), newAttempt());
      expect(outcome).toMatchObject({ outcome: 'refused', code: 'PAM6009' });
    });

    testOn('mariadb')('not where a rule wants to see it, and never falls back to clear text', async () => {
      const { account, secret } = await make();
      const canary = freshSecret();
      await using provider = await open();
      await query('SET GLOBAL strict_password_validation = ON');
      try {
        expect((await provider.inspect(account)).obstacles).toEqual([expect.stringContaining('simple_password_check')]);
        const outcome = await provider.setSecret(account, canary, newAttempt());
        expect(outcome).toMatchObject({
          outcome: 'refused',
          code: 'PAM6007',
          reason: expect.stringContaining('strict_password_validation'),
        });
        await using itself = await open({ ...account, secret });
        expect(await itself.setSecret(account, canary, newAttempt())).toMatchObject({ outcome: 'refused', code: 'PAM6007' });
      } finally {
        await query('SET GLOBAL strict_password_validation = OFF');
      }
      expect(leaks(await place.server.logText(), canary)).toEqual([]);
      expect(await provider.setSecret(account, canary, newAttempt())).toEqual({ outcome: 'done' });
    });

    testOn('mysql')('of administrators of the server only with the right to', async () => {
      const { account } = await make();
      await query(`GRANT SYSTEM_USER ON *.* TO ${rowOf(account.login)}`);
      await using provider = await open();
      expect(await provider.setSecret(account, freshSecret(), newAttempt())).toMatchObject({ outcome: 'refused', code: 'PAM6004' });
    });

    testOn('mysql')('of its own, also where the old one has to be named', async () => {
      const { account, secret } = await make('PASSWORD REQUIRE CURRENT');
      await using provider = await open({ ...account, secret });
      const fresh = freshSecret();
      expect(await provider.setSecret(account, fresh, newAttempt())).toEqual({ outcome: 'done' });
      expect(await provider.prove(account, fresh)).toMatchObject({ answer: 'accepted' });
      // The session knows the old one only, and so cannot tell a request sent twice from somebody else's change.
      expect(await provider.setSecret(account, fresh, newAttempt())).toMatchObject({ outcome: 'unknown' });
    });

    testOn('mysql')('of its own as far as the rules of the server allow', async () => {
      const { account, secret } = await make('PASSWORD HISTORY 5');
      await using provider = await open({ ...account, secret });
      const used = await provider.setSecret(account, secret, newAttempt());
      expect(used).toMatchObject({ outcome: 'refused', code: 'PAM6007', reason: expect.stringContaining('3638') });
      await query("INSTALL COMPONENT 'file://component_validate_password'");
      try {
        const weak = await provider.setSecret(account, Secret.fromText('weak'), newAttempt());
        expect(weak).toMatchObject({ outcome: 'refused', code: 'PAM6007', reason: expect.stringContaining('1819') });
      } finally {
        await query("UNINSTALL COMPONENT 'file://component_validate_password'");
      }
      expect(await provider.prove(account, secret)).toMatchObject({ answer: 'accepted' });
    });

    testOn('mysql')('and leaves a second password as it is, which still opens the account', async () => {
      const { account, secret: first } = await make();
      const second = freshSecret();
      await query(`ALTER USER ${rowOf(account.login)} IDENTIFIED BY '${second.reveal()}' RETAIN CURRENT PASSWORD`);
      await using provider = await open();
      expect(await whichIsLive(provider, account, first, second)).toBe('1');
      const fresh = freshSecret();
      expect(await provider.setSecret(account, fresh, newAttempt())).toEqual({ outcome: 'done' });
      expect(await whichIsLive(provider, account, first, second, fresh)).toBe('2');
      expect(await whichIsLive(provider, account, first)).toBe('0');
      expect(await provider.prove(account, first)).toMatchObject({ answer: 'accepted' });
    });

    testOn('mysql')('with the rounds that the server wants, and as a hash that the server would make', async () => {
      const { account } = await make();
      await using provider = await open();
      await provider.setSecret(account, freshSecret(), newAttempt());
      const [row] = await query<{ h: string }>(`SELECT authentication_string AS h FROM mysql.user WHERE User = '${account.login}'`);
      const [made] = await query<{ h: string }>("SELECT authentication_string AS h FROM mysql.user WHERE User LIKE 'pam\\_admin%' LIMIT 1");
      expect(row?.h.slice(0, 7)).toBe(made?.h.slice(0, 7));
      expect(row?.h).toHaveLength(made?.h.length ?? 0);
    });

    test('and nothing of the secrets stands in any file of the server: general log, binary log, tables', async () => {
      const { account, secret: first } = await make();
      const secrets = [freshSecret(), STRANGE_SECRET, freshSecret()];
      {
        await using provider = await open();
        for (const secret of secrets) {
          expect(await provider.setSecret(account, secret, newAttempt())).toEqual({ outcome: 'done' });
          await provider.prove(account, secret);
          await provider.prove(account, freshSecret());
          await whichIsLive(provider, account, secret, first);
        }
      }
      const last = secrets.at(-1) ?? first;
      const own = freshSecret();
      {
        await using itself = await open({ ...account, secret: last });
        expect(await itself.setSecret(account, own, newAttempt())).toEqual({ outcome: 'done' });
      }
      // A refused statement is logged too.
      await using weak = await open(await makeAdmin(place.server, ['SELECT ON mysql.*']));
      const refused = freshSecret();
      await weak.setSecret(account, refused, newAttempt());
      const disk = await place.server.diskText();
      expect(disk).toContain(`ALTER USER '${account.login}'@'%' IDENTIFIED`);
      expect(leaks(disk, ...secrets, own, refused)).toEqual([]);
    });
  });
}
