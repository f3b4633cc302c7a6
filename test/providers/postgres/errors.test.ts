import pg from 'pg';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { Secret } from '../../../src/model/index.ts';
import { explainChange, explainLogin } from '../../../src/providers/postgres/failure.ts';
import { postgresModule } from '../../../src/providers/postgres/index.ts';
import type { Account, Credential, Proof, SetOutcome } from '../../../src/providers/provider.ts';
import { freshSecret, newAttempt, type TestAccount } from '../../contract/provider-fixture.ts';
import { startFaultProxy } from '../../servers/fault-proxy.ts';
import { type PostgresServer, startPostgres } from '../../servers/postgres.ts';
import { type ErrorCase, errorTable, readErrorTable } from '../error-table.ts';
import { accountOf, adminOf, blockRole, makeRole, targetOf } from './fixture.ts';

const rows = readErrorTable(new URL('../../../src/providers/postgres/README.md', import.meta.url), 'Errors of PostgreSQL');
const OPTIONS = { connectTimeoutMs: 10_000, sessionName: 'pam-test' };
const WAITING = "FROM pg_stat_activity WHERE application_name = $1 AND wait_event_type = 'Lock'";

const login = (state: string, proved = false) => ({ wire: () => explainLogin(state, proved) });
const change = (state: string, text = '') => ({ wire: () => explainChange(state, text) });
const unseen = (unseen: string) => ({ unseen });
const NO_WAY = 'it cannot be had by design';

describe('PostgreSQL', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    const hbaLines = ['host all trusted all trust', 'host all shutout all reject'];
    server = await startPostgres({ hbaLines, settings: { max_connections: '10' } });
    await server.query('CREATE DATABASE closed');
    await server.query('REVOKE CONNECT ON DATABASE closed FROM PUBLIC');
    await server.query('CREATE DATABASE deaf ALLOW_CONNECTIONS false');
  });
  afterAll(() => server?.stop());

  const make = (attributes = 'LOGIN') => makeRole(server, { attributes });

  async function prove(account: Account, secret = freshSecret()): Promise<Proof> {
    await using provider = await postgresModule.open(targetOf(server), null, OPTIONS);
    return await provider.prove(account, secret);
  }
  /** The right secret of a role, on a database. */
  async function proveOn({ account, secret }: TestAccount, connectDatabase = 'postgres'): Promise<Proof> {
    return await prove({ ...account, fields: { connectDatabase } }, secret);
  }
  async function set(account: Account, as: Credential = adminOf(server), secret = freshSecret()): Promise<SetOutcome> {
    await using provider = await postgresModule.open(targetOf(server), as, OPTIONS);
    return await provider.setSecret(account, secret, newAttempt());
  }
  /** A superuser whose sessions have such a setting. */
  async function superuser(setting: string): Promise<Credential> {
    const { account, secret } = await make('LOGIN SUPERUSER');
    await server.query(`ALTER ROLE ${account.login} SET ${setting}`);
    return { ...account, secret };
  }
  /** The change waits for a lock of the role; `then` is what happens meanwhile. */
  async function whileLocked(then: (backend: number) => Promise<unknown>, attempt = newAttempt()): Promise<SetOutcome> {
    const { account } = await make();
    const unblock = await blockRole(server, account.login);
    try {
      return await changeBehind(account, then, attempt);
    } finally {
      await unblock();
    }
  }
  async function changeBehind(account: Account, then: (backend: number) => Promise<unknown>, attempt = newAttempt()): Promise<SetOutcome> {
    await using provider = await postgresModule.open(targetOf(server), adminOf(server), OPTIONS);
    const outcome = provider.setSecret(account, freshSecret(), attempt);
    const find = () => server.query<{ pid: number }>(`SELECT pid ${WAITING}`, [`pam:${attempt.rotationId}`]);
    await expect.poll(async () => (await find()).length, { timeout: 10_000 }).toBe(1);
    const [backend] = await find();
    await then(backend?.pid ?? 0);
    return await outcome;
  }
  async function proveInCrowd(): Promise<Proof> {
    const { account, secret } = await make();
    const crowd: pg.Client[] = [];
    const { host, port, adminPassword: password } = server;
    try {
      for (;;) {
        const client = new pg.Client({ host, port, user: 'postgres', database: 'postgres', password, ssl: false });
        await client.connect();
        crowd.push(client);
      }
    } catch {
      // No more of them are let in.
    }
    const proof = await prove(account, secret);
    await Promise.all(crowd.map((client) => client.end()));
    return proof;
  }
  async function cut(): Promise<SetOutcome> {
    const { account } = await make();
    const proxy = await startFaultProxy(server);
    try {
      await using provider = await postgresModule.open(targetOf(proxy), adminOf(server), OPTIONS);
      proxy.setRule(({ from, chunk }) => (from === 'client' && chunk.includes('ALTER ROLE') ? 'cut' : 'pass'));
      return await provider.setSecret(account, freshSecret(), newAttempt());
    } finally {
      await proxy.stop();
    }
  }

  const cases: Readonly<Record<string, ErrorCase>> = {
    'login: ok': { shows: /scram-login/, live: async () => proveOn(await make()) },
    'login: ok, not asked': { shows: /never/, live: async () => prove((await makeRole(server, { login: 'trusted' })).account) },
    'login: 28P01': { ...login('28P01'), shows: /28P01/, live: async () => prove((await make()).account) },
    'login: 28P01, expired': { ...login('28P01'), shows: /28P01/, live: async () => proveOn(await make("LOGIN VALID UNTIL '2020-01-01'")) },
    'login: 28P01, no role': { ...login('28P01'), shows: /28P01/, live: () => prove(accountOf('no_such_role')) },
    'login: 28000': { ...login('28000'), shows: /28000/, live: async () => proveOn(await makeRole(server, { login: 'shutout' })) },
    'login: 28000, after SCRAM': { ...login('28000', true), shows: /NOLOGIN/, live: async () => proveOn(await make('NOLOGIN')) },
    'login: 3D000, after SCRAM': { ...login('3D000', true), shows: /does not exist/, live: async () => proveOn(await make(), 'nowhere') },
    'login: 42501, after SCRAM': { ...login('42501', true), shows: /no CONNECT/, live: async () => proveOn(await make(), 'closed') },
    'login: 55000, after SCRAM': {
      ...login('55000', true),
      shows: /takes no connections/,
      live: async () => proveOn(await make(), 'deaf'),
    },
    'login: 53300, after SCRAM': {
      ...login('53300', true),
      shows: /too many connections/,
      live: async () => proveOn(await make('LOGIN CONNECTION LIMIT 0')),
    },
    'login: 53300': { ...login('53300'), shows: /53300/, live: proveInCrowd },
    'login: 57P03': { ...login('57P03'), ...unseen('a server is in that state for moments only') },
    'login: XX000': { ...login('XX000'), ...unseen(NO_WAY) },
    'change: ok': { shows: /done/, live: async () => set((await make()).account) },
    'change: 42501': {
      ...change('42501'),
      shows: /42501/,
      live: async () => {
        const { account, secret } = await make();
        return set((await make()).account, { ...account, secret });
      },
    },
    'change: 42704': { ...change('42704'), shows: /42704/, live: () => set(accountOf('no_such_role')) },
    'change: 22023': {
      ...change('22023'),
      shows: /22023/,
      live: async () => {
        const { account } = await make();
        // The rule of passwordcheck that can see through a verifier: not the name of the role.
        return set(account, await superuser("session_preload_libraries = 'passwordcheck'"), Secret.fromText(account.login));
      },
    },
    'change: P0001': { ...change('P0001'), ...unseen('no module here has such a rule') },
    'change: 25006': {
      ...change('25006'),
      shows: /25006/,
      live: async () => set((await make()).account, await superuser('default_transaction_read_only = on')),
    },
    'change: 55P03': { ...change('55P03'), shows: /55P03/, live: () => whileLocked(async () => undefined, newAttempt(3_000)) },
    'change: 40001': { ...change('40001'), ...unseen('ALTER ROLE waits for a lock instead') },
    'change: 40P01': { ...change('40P01'), ...unseen('one statement that takes one lock has none') },
    'change: 53300': { ...change('53300'), ...unseen('the session is there by then') },
    'change: 57P03': { ...change('57P03'), ...unseen('the session is there by then') },
    'change: XX000, tuple concurrently updated': {
      ...change('XX000', 'tuple concurrently updated'),
      shows: /another session.*XX000/,
      live: async () => {
        const { account } = await make();
        const commit = await blockRole(server, account.login, 'COMMIT');
        return changeBehind(account, commit);
      },
    },
    'change: 42939': { ...change('42939'), ...unseen('it stands for errors that no change of a password has') },
    'change: 57014': {
      ...change('57014'),
      shows: /57014/,
      live: () => whileLocked((pid) => server.query('SELECT pg_cancel_backend($1)', [pid])),
    },
    'change: 57P01': {
      ...change('57P01'),
      shows: /57P01/,
      live: () => whileLocked((pid) => server.query('SELECT pg_terminate_backend($1)', [pid])),
    },
    'change: 08006': { ...change('08006'), ...unseen('the server has nobody to tell it to') },
    'change: 58030': { ...change('58030'), ...unseen(NO_WAY) },
    'change: XX000': { ...change('XX000', 'internal error'), ...unseen(NO_WAY) },
    'change: no answer': { shows: /connection broke/, live: cut },
  };

  errorTable(rows, true, cases);
});
