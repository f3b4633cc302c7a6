import { afterAll, beforeAll, describe, expect } from 'vitest';
import { Secret } from '../../../src/model/index.ts';
import { explainChange, explainLogin } from '../../../src/providers/mysql/failure.ts';
import type { Account, Credential, Proof, SetOutcome } from '../../../src/providers/provider.ts';
import { freshSecret, newAttempt, type TestAccount } from '../../contract/provider-fixture.ts';
import { startFaultProxy, type Verdict } from '../../servers/fault-proxy.ts';
import { hasServer } from '../../servers/missing.ts';
import { type ErrorCase, errorTable, readErrorTable } from '../error-table.ts';
import { blockChanges, makeAccount, makeAdmin, mysqlFixture, NO_TLS, OPTIONS, type Place, rowOf, startPlace, targetOf } from './fixture.ts';

const README = new URL('../../../src/providers/mysql/README.md', import.meta.url);
const PATIENTLY = { timeout: 10_000 };
const ARGS = {
  // It can be set later only where it was not 0 at first.
  mariadb: ['--max-user-connections=100', '--plugin-load-add=simple_password_check', '--strict-password-validation=OFF'],
  mysql: ['--max-user-connections=100'],
} as const;

const login = (errno: number) => ({ wire: () => explainLogin(errno) });
const change = (errno: number) => ({ wire: () => explainChange(errno) });
const unseen = (unseen: string) => ({ unseen });
const NO_WAY = 'it cannot be had by design';
for (const [kind, title] of [
  ['mariadb', 'MariaDB'],
  ['mysql', 'MySQL'],
] as const) {
  const isHere = hasServer(kind);
  describe(title, () => {
    let place: Place;
    beforeAll(async () => {
      if (isHere) place = await startPlace(kind, { args: ARGS[kind] });
    });
    afterAll(() => place?.server.stop());

    const query = (sql: string) => place.server.query(sql);
    const make = (more = '') => makeAccount(place.server, { more });
    const open = (as: Credential | null = place.admin, { tls = place.tls, at = place.server as { host: string; port: number } } = {}) =>
      place.module.open(targetOf(at, tls), as, OPTIONS);
    const itself = ({ account, secret }: TestAccount): Credential => ({ ...account, secret });

    async function prove(account: Account, secret = freshSecret(), tls = place.tls): Promise<Proof> {
      await using provider = await open(null, { tls });
      return await provider.prove(account, secret);
    }
    async function set(account: Account, { as = place.admin, secret = freshSecret() } = {}): Promise<SetOutcome> {
      await using provider = await open(as);
      return await provider.setSecret(account, secret, newAttempt());
    }
    /** While the server has such a setting. */
    async function whileSet<T>(setting: string, before: string, work: () => Promise<T>): Promise<T> {
      await query(`SET GLOBAL ${setting}`);
      try {
        return await work();
      } finally {
        await query(`SET GLOBAL ${before}`);
      }
    }
    /** The right secret of an account that is in such a state. */
    async function proveIn(more: string): Promise<Proof> {
      const { account, secret } = await make(more);
      return await prove(account, secret);
    }
    /** The right secret, while the account has a session already. */
    async function proveTwice(more = ''): Promise<Proof> {
      const made = await make(more);
      await using _ = await open(itself(made));
      return await prove(made.account, made.secret);
    }
    /** In which the proxy tells a change, by what `isChange` looks at. */
    const seenTls = () => (kind === 'mariadb' ? NO_TLS : place.tls);
    /** What happens between the last look of pam and its request. */
    async function meanwhile(work: (account: Account) => Promise<unknown>, verdict: Verdict = 'hold'): Promise<SetOutcome> {
      const { account } = await make();
      const proxy = await startFaultProxy(place.server);
      try {
        await using provider = await open(place.admin, { at: proxy, tls: seenTls() });
        const isChange = mysqlFixture(place).plain?.isChange ?? (() => false);
        const onItsWay = new Promise<void>((resolve) => {
          proxy.setRule((moment) => {
            if (moment.from !== 'client' || !isChange(moment)) return 'pass';
            resolve();
            return verdict;
          });
        });
        const outcome = provider.setSecret(account, freshSecret(), newAttempt());
        await Promise.race([onItsWay, outcome]);
        await work(account);
        // All that follows is held as well.
        const going = setInterval(() => proxy.release(), 20);
        return await outcome.finally(() => clearInterval(going));
      } finally {
        await proxy.stop();
      }
    }
    async function meanwhileOn(setting: string): Promise<SetOutcome> {
      try {
        return await meanwhile(() => query(`SET GLOBAL ${setting} = ON`));
      } finally {
        await query(`SET GLOBAL ${setting} = OFF`);
      }
    }
    /** The change waits on the server, and is killed there. */
    async function killed(what: 'QUERY' | 'CONNECTION'): Promise<SetOutcome> {
      const { account } = await make();
      await using provider = await open();
      const unblock = await blockChanges(place.server);
      const outcome = provider.setSecret(account, freshSecret(), newAttempt());
      const find = () =>
        place.server.query<{ id: number }>("SELECT ID AS id FROM information_schema.PROCESSLIST WHERE INFO LIKE 'ALTER USER%'");
      await expect.poll(async () => (await find()).length, PATIENTLY).toBe(1);
      for (const { id } of await find()) await query(`KILL ${what} ${id}`);
      await unblock();
      return await outcome;
    }
    /** The change waits on the server until its time is over. */
    async function blocked(): Promise<SetOutcome> {
      const { account } = await make();
      await using provider = await open();
      const unblock = await blockChanges(place.server);
      try {
        return await provider.setSecret(account, freshSecret(), newAttempt(1_000));
      } finally {
        await unblock();
      }
    }
    /** All connections but that of root are taken. */
    async function proveInCrowd(): Promise<Proof> {
      const { account, secret } = await make();
      const crowd = await Promise.all(Array.from({ length: 10 }, () => place.server.connect()));
      try {
        return await whileSet('max_connections = 10', 'max_connections = 151', () => prove(account, secret));
      } finally {
        await Promise.all(crowd.map((connection) => connection.end()));
      }
    }
    /** The plugin of the account was taken away. */
    async function proveWithoutPlugin(plugin: string, library: string, by: 'VIA' | 'WITH'): Promise<Proof> {
      await query(`INSTALL PLUGIN ${plugin} SONAME '${library}'`);
      await query(`CREATE USER gone IDENTIFIED ${by} ${plugin}${by === 'VIA' ? " USING PASSWORD('Secret-1!')" : ''}`);
      await query(`UNINSTALL PLUGIN ${plugin}`);
      return await prove({ ...(await make()).account, login: 'gone' });
    }

    const both: Readonly<Record<string, ErrorCase>> = {
      'login: ok': { shows: /password-login/, live: () => proveIn('') },
      'login: 1040': { ...login(1040), shows: /1040/, live: proveInCrowd },
      'login: 1045': { ...login(1045), shows: /1045/, live: async () => prove((await make()).account) },
      'login: 1129': { ...login(1129), ...unseen('the servers here resolve no names, and then count no broken connections') },
      'login: 1203': {
        ...login(1203),
        shows: /1203/,
        live: () => whileSet('max_user_connections = 1', 'max_user_connections = 100', proveTwice),
      },
      'login: 1226': { ...login(1226), shows: /1226/, live: () => proveTwice('WITH MAX_USER_CONNECTIONS 1') },
      'change: ok': { shows: /done/, live: async () => set((await make()).account) },
      'change: 1227': {
        ...change(1227),
        shows: /1227/,
        live: async () => set((await make()).account, { as: await makeAdmin(place.server, ['SELECT ON mysql.*']) }),
      },
      'change: 1290': {
        ...change(1290),
        shows: /1290/,
        live: () => meanwhileOn('read_only'),
      },
      'change: 1213': { ...change(1213), ...unseen(NO_WAY) },
      'change: 1317': { ...change(1317), shows: /1317/, live: () => killed('QUERY') },
      'change: 2013': { shows: /connection broke/, live: () => meanwhile(async () => undefined, 'cut') },
    };

    const mariadb: Readonly<Record<string, ErrorCase>> = {
      'login: 1042': { ...login(1042), ...unseen('the servers here resolve no names') },
      'login: 1047': { ...login(1047), ...unseen('there is no Galera cluster here') },
      'login: 1053': { ...login(1053), ...unseen(NO_WAY) },
      'login: 1130': { ...login(1130), ...unseen('the administrator of the test may log in from here') },
      'login: 1251': { ...login(1251), ...unseen('the server has no account from before 2003') },
      'login: 1524': { ...login(1524), shows: /1524/, live: () => proveWithoutPlugin('ed25519', 'auth_ed25519', 'VIA') },
      'login: 1698': {
        ...login(1698),
        shows: /1698/,
        live: async () => {
          await query('CREATE USER socket IDENTIFIED VIA unix_socket');
          return prove({ ...(await make()).account, login: 'socket' });
        },
      },
      'login: 1820': { ...login(1820), shows: /expired/, live: () => proveIn('PASSWORD EXPIRE') },
      'login: 1862': {
        ...login(1862),
        shows: /1862/,
        live: () =>
          whileSet('disconnect_on_expired_password = ON', 'disconnect_on_expired_password = OFF', () => proveIn('PASSWORD EXPIRE')),
      },
      'login: 1045, TLS only': {
        ...login(1045),
        shows: /1045/,
        live: async () => {
          const { account, secret } = await make();
          return whileSet('require_secure_transport = ON', 'require_secure_transport = OFF', () => prove(account, secret, NO_TLS));
        },
      },
      'login: 3159': { ...login(3159), ...unseen('MariaDB says 1045') },
      'login: 4150': {
        ...login(4150),
        shows: /4150/,
        live: () =>
          whileSet('max_password_errors = 1', 'max_password_errors = 4294967295', async () => {
            const { account, secret } = await make();
            await prove(account);
            return prove(account, secret);
          }),
      },
      'login: 4151': { ...login(4151), shows: /4151/, live: () => proveIn('ACCOUNT LOCK') },
      'change: 1142': { ...change(1142), ...unseen('MariaDB says 1227') },
      'change: 1133': { ...change(1133), ...unseen('MariaDB says 1396') },
      'change: 1410': { ...change(1410), shows: /1410/, live: () => meanwhile(({ login }) => query(`DROP USER ${rowOf(login)}`)) },
      'change: 1819': {
        ...change(1819),
        shows: /strict_password_validation/,
        live: () =>
          whileSet('strict_password_validation = ON', 'strict_password_validation = OFF', async () => set((await make()).account)),
      },
      'change: 1290, a rule': {
        ...change(1290),
        shows: /1290/,
        live: () => meanwhileOn('strict_password_validation'),
      },
      'change: 1205': { ...change(1205), ...unseen('MariaDB waits for a lock until the time of the statement is over: 1969') },
      'change: 1396': { ...change(1396), ...unseen('MariaDB has a reason among the warnings') },
      'change: 1047': { ...change(1047), ...unseen('there is no Galera cluster here') },
      'change: 1064': { ...change(1064), ...unseen('it stands for errors that no change of a password has') },
      'change: 1927': { ...change(1927), shows: /1927|connection broke/, live: () => killed('CONNECTION') },
      'change: 1969': { ...change(1969), shows: /1969/, live: blocked },
      'change: 1053': { ...change(1053), ...unseen(NO_WAY) },
    };

    const mysql: Readonly<Record<string, ErrorCase>> = {
      'change: 1396': { ...change(1396), shows: /1396/, live: () => meanwhile(({ login }) => query(`DROP USER ${rowOf(login)}`)) },
      'login: 1524': { ...login(1524), shows: /1524/, live: () => proveWithoutPlugin('mysql_no_login', 'mysql_no_login.so', 'WITH') },
      'login: 1820': { ...login(1820), ...unseen('MySQL says 1862 unless it was started otherwise') },
      'login: 1862': { ...login(1862), shows: /1862/, live: () => proveIn('PASSWORD EXPIRE') },
      'login: 3118': { ...login(3118), shows: /3118/, live: () => proveIn('ACCOUNT LOCK') },
      'login: 3159': { ...login(3159), ...unseen('nothing is sent to such a server without TLS') },
      'login: 3955': {
        ...login(3955),
        shows: /3955/,
        live: async () => {
          const { account, secret } = await make('FAILED_LOGIN_ATTEMPTS 1 PASSWORD_LOCK_TIME 1');
          await prove(account);
          return prove(account, secret);
        },
      },
      'change: 1819': {
        ...change(1819),
        shows: /1819/,
        live: async () => {
          const own = await make();
          await query("INSTALL COMPONENT 'file://component_validate_password'");
          try {
            return await set(own.account, { as: itself(own), secret: Secret.fromText('weak') });
          } finally {
            await query("UNINSTALL COMPONENT 'file://component_validate_password'");
          }
        },
      },
      'change: 3638': {
        ...change(3638),
        shows: /3638/,
        live: async () => {
          const own = await make('PASSWORD HISTORY 5');
          return set(own.account, { as: itself(own), secret: own.secret });
        },
      },
      'change: 1820': { ...change(1820), ...unseen('such a session is not even opened') },
      'change: 1836': { ...change(1836), ...unseen('MySQL says 1290') },
      'change: 1205': { ...change(1205), shows: /1205/, live: blocked },
      'change: 3892': {
        shows: /done/,
        live: async () => {
          const own = await make('PASSWORD REQUIRE CURRENT');
          return set(own.account, { as: itself(own) });
        },
      },
      'change: 3891': {
        ...change(3891),
        shows: /3891/,
        live: async () => {
          const own = await make('PASSWORD REQUIRE CURRENT');
          await using provider = await open(itself(own));
          await provider.setSecret(own.account, freshSecret(), newAttempt());
          return await provider.setSecret(own.account, freshSecret(), newAttempt());
        },
      },
      'change: 1053': { ...change(1053), shows: /1053|connection broke/, live: () => killed('CONNECTION') },
      'change: 3024': { ...change(3024), ...unseen('MySQL has this limit for SELECT only') },
      'change: 4031': { ...change(4031), ...unseen('no session is idle while it changes something') },
    };

    errorTable(readErrorTable(README, `Errors of ${title}`), isHere, { ...both, ...(kind === 'mariadb' ? mariadb : mysql) });
  });
}
