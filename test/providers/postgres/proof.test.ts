import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { Secret } from '../../../src/model/index.ts';
import { postgresModule } from '../../../src/providers/postgres/index.ts';
import type { Account, Proof, Target } from '../../../src/providers/provider.ts';
import { freshSecret } from '../../contract/provider-fixture.ts';
import { startFaultProxy } from '../../servers/fault-proxy.ts';
import { type PostgresServer, startPostgres } from '../../servers/postgres.ts';
import { accountOf, adminOf, makeRole, targetOf } from './fixture.ts';

const options = { connectTimeoutMs: 10_000, sessionName: 'pam-proof' };

let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres({
    hbaLines: [
      'host all trusted 127.0.0.1/32 trust',
      'host all cleartext 127.0.0.1/32 password',
      'host all oldmd5 127.0.0.1/32 md5',
      'host all shutout 127.0.0.1/32 reject',
    ],
    settings: { max_connections: '12', superuser_reserved_connections: '3', password_encryption: 'scram-sha-256' },
  });
}, 60_000);
afterAll(() => server?.stop());
afterEach(() => {
  vi.unstubAllEnvs();
});

async function prove(
  account: Account,
  secret: Secret,
  target: Target = targetOf(server),
  connectTimeoutMs = options.connectTimeoutMs,
): Promise<Proof> {
  await using provider = await postgresModule.open(target, null, { ...options, connectTimeoutMs });
  return provider.prove(account, secret);
}

describe('a login is a proof', () => {
  test('by SCRAM', async () => {
    const { account, secret } = await makeRole(server);
    expect(await prove(account, secret)).toEqual({ answer: 'accepted', method: 'scram-login', node: `127.0.0.1:${server.port}` });
  });

  test('though the role may not log in', async () => {
    const { account, secret } = await makeRole(server, { attributes: 'NOLOGIN' });
    expect(await prove(account, secret)).toMatchObject({ answer: 'accepted', restricted: expect.stringContaining('NOLOGIN') });
    expect(await prove(account, freshSecret())).toMatchObject({ answer: 'refused' });
  });

  test('though the database does not exist, or may not be used', async () => {
    const { account, secret } = await makeRole(server);
    const elsewhere = (connectDatabase: string) => ({ ...account, fields: { connectDatabase } });
    await server.query('CREATE DATABASE closed');
    await server.query('REVOKE CONNECT ON DATABASE closed FROM PUBLIC');
    expect(await prove(elsewhere('nowhere'), secret)).toMatchObject({
      answer: 'accepted',
      restricted: expect.stringContaining('does not exist'),
    });
    expect(await prove(elsewhere('closed'), secret)).toMatchObject({ answer: 'accepted', restricted: expect.stringContaining('CONNECT') });
  });

  test('though the role has no connection left', async () => {
    const { account, secret } = await makeRole(server, { attributes: 'LOGIN CONNECTION LIMIT 0' });
    expect(await prove(account, secret)).toMatchObject({ answer: 'accepted', restricted: expect.stringContaining('too many connections') });
  });
});

describe('a login is no proof', () => {
  test('where the server takes any secret', async () => {
    const { account } = await makeRole(server, { login: 'trusted' });
    const answer = await prove(account, freshSecret());
    expect(answer).toMatchObject({ answer: 'cannot-tell', code: 'PAM6009', never: true, spent: false });
  });

  test('where the server wants to see the secret, which it then does not', async () => {
    const { account, secret } = await makeRole(server, { login: 'cleartext' });
    await server.query(`CREATE ROLE oldmd5 LOGIN; SET password_encryption = 'md5'; ALTER ROLE oldmd5 PASSWORD '${secret.reveal()}'`);
    for (const login of [account, accountOf('oldmd5')]) {
      const proxy = await startFaultProxy(server);
      const sent: Buffer[] = [];
      proxy.setRule(({ from, chunk }) => {
        if (from === 'client') sent.push(chunk);
        return 'pass';
      });
      const answer = await prove(login, secret, targetOf(proxy));
      expect(answer, login.login).toMatchObject({ answer: 'cannot-tell', code: 'PAM6009', never: true, spent: false });
      expect(Buffer.concat(sent).toString('latin1')).not.toContain(secret.reveal());
      await proxy.stop();
    }
  });

  test('where a rule shuts the login out, and nothing is spent', async () => {
    const { account, secret } = await makeRole(server, { login: 'shutout' });
    expect(await prove(account, secret)).toMatchObject({ answer: 'cannot-tell', code: 'PAM6012', spent: false });
  });

  test('and a secret that has expired is refused as a wrong one is; inspect tells them apart', async () => {
    const { account, secret } = await makeRole(server, { attributes: "LOGIN VALID UNTIL '2020-01-01'" });
    expect(await prove(account, secret)).toMatchObject({ answer: 'refused', code: 'PAM6003' });
    await using admin = await postgresModule.open(targetOf(server), adminOf(server), options);
    expect(await admin.inspect(account)).toMatchObject({ exists: true, expired: true, disabled: false });
  });

  test('while the server has no room for another session, and nothing is spent', async () => {
    const { account, secret } = await makeRole(server);
    const config = {
      host: server.host,
      port: server.port,
      user: 'postgres',
      database: 'postgres',
      password: server.adminPassword,
      ssl: false,
    };
    const crowd: pg.Client[] = [];
    for (;;) {
      const client = new pg.Client(config);
      if (
        !(await client.connect().then(
          () => true,
          () => false,
        ))
      )
        break;
      crowd.push(client);
    }
    expect(await prove(account, secret)).toMatchObject({ answer: 'cannot-tell', code: 'PAM6010', spent: false });
    await Promise.all(crowd.map((client) => client.end()));
  });

  test('when the connection breaks during the exchange, and an attempt may have been counted', async () => {
    const { account, secret } = await makeRole(server);
    const proxy = await startFaultProxy(server);
    // AuthenticationSASLContinue carries the server's nonce.
    proxy.setRule(({ from, serverBytes }) => (from === 'server' && serverBytes.includes('r=') ? 'cut' : 'pass'));
    expect(await prove(account, secret, targetOf(proxy))).toMatchObject({ answer: 'cannot-tell', code: 'PAM6001', spent: true });
    proxy.setRule(({ from, serverBytes }) => (from === 'server' && serverBytes.includes('r=') ? 'swallow' : 'pass'));
    expect(await prove(account, secret, targetOf(proxy), 300)).toMatchObject({ answer: 'cannot-tell', code: 'PAM6001', spent: true });
    await proxy.stop();
  });

  test('with a secret that PostgreSQL takes from nobody', async () => {
    const { account } = await makeRole(server);
    for (const secret of ['', 'nul\0byte', '\u2168\u0007']) {
      expect(await prove(account, Secret.fromText(secret))).toMatchObject({ answer: 'cannot-tell', spent: false });
    }
  });
});

describe('a server that is not what it seems', () => {
  const authentication = (kind: number, data = '') => {
    const message = Buffer.alloc(9 + data.length);
    message.write('R', 0);
    message.writeInt32BE(8 + data.length, 1);
    message.writeInt32BE(kind, 5);
    message.write(data, 9, 'latin1');
    return message;
  };
  const ready = Buffer.from('Z\0\0\0\x05I', 'latin1');

  /** Answers each message of the client with the next of `answers`. */
  async function proveAgainst(answers: readonly Buffer[]): Promise<Proof> {
    const left = [...answers];
    const rogue = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.on('data', () => socket.write(left.shift() ?? Buffer.alloc(0)));
    });
    await new Promise<void>((resolve) => rogue.listen(0, '127.0.0.1', resolve));
    const target = targetOf({ host: '127.0.0.1', port: (rogue.address() as AddressInfo).port });
    const proof = await prove(accountOf('app'), freshSecret(), target, 1_000);
    await new Promise((resolve) => rogue.close(resolve));
    return proof;
  }
  const sasl = authentication(10, 'SCRAM-SHA-256\0\0');

  test('proves nothing by letting the login in after it asked for SCRAM', async () => {
    expect(await proveAgainst([sasl, Buffer.concat([authentication(0), ready])])).toMatchObject({ answer: 'cannot-tell', code: 'PAM6009' });
  });

  test('proves nothing by a signature that it made up', async () => {
    const nothing = Buffer.concat([authentication(12, 'v=AAAA'), authentication(0), ready]);
    expect(await proveAgainst([sasl, nothing])).toMatchObject({ answer: 'cannot-tell', code: 'PAM6002' });
    const first = authentication(11, 'r=x,s=AAAA,i=1');
    expect(await proveAgainst([sasl, first])).toMatchObject({ answer: 'cannot-tell', code: 'PAM6002' });
  });

  test('cannot end the process with what the driver does not know (GSS, OAuth, no PostgreSQL at all)', async () => {
    expect(await proveAgainst([authentication(7)])).toMatchObject({ answer: 'cannot-tell', code: 'PAM6009' });
    expect(await proveAgainst([authentication(10, 'OAUTHBEARER\0\0')])).toMatchObject({ answer: 'cannot-tell', code: 'PAM6009' });
    expect(await proveAgainst([Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')])).toMatchObject({ answer: 'cannot-tell' });
  });
});

describe('the surroundings have no say', () => {
  test('PG* variables and a password file change nothing', async () => {
    const { account, secret } = await makeRole(server);
    const folder = await mkdtemp(join(tmpdir(), 'pam-pgpass-'));
    const file = join(folder, 'pgpass');
    await writeFile(file, `*:*:*:*:${secret.reveal()}\n`, { mode: 0o600 });
    for (const [name, value] of Object.entries({
      PGPASSWORD: secret.reveal(),
      PGPASSFILE: file,
      PGHOST: '192.0.2.1',
      PGHOSTADDR: '192.0.2.1',
      PGPORT: '1',
      PGUSER: 'postgres',
      PGDATABASE: 'nowhere',
      PGAPPNAME: 'foreign',
      PGOPTIONS: '-c default_transaction_read_only=on',
      PGREPLICATION: 'database',
      PGSSLMODE: 'require',
      PGSSLNEGOTIATION: 'direct',
      PGCLIENT_ENCODING: 'SQL_ASCII',
      PGCONNECT_TIMEOUT: '0',
    })) {
      vi.stubEnv(name, value);
    }
    try {
      expect(await prove(account, freshSecret())).toMatchObject({ answer: 'refused' });
      expect(await prove(account, secret)).toMatchObject({ answer: 'accepted' });
      await using admin = await postgresModule.open(targetOf(server), adminOf(server), options);
      expect(await admin.setSecret(account, secret, { rotationId: 'r1', timeoutMs: 5_000 })).toEqual({ outcome: 'done' });
      vi.unstubAllEnvs();
      const [session] = await server.query<{ datname: string; backend_type: string }>(
        "SELECT datname, backend_type FROM pg_stat_activity WHERE application_name = 'pam:r1'",
      );
      expect(session).toEqual({ datname: 'postgres', backend_type: 'client backend' });
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe('an administrator', () => {
  test('who is let in by `trust` works all the same', async () => {
    await server.query('ALTER ROLE trusted SUPERUSER');
    const { account } = await makeRole(server);
    await using provider = await postgresModule.open(targetOf(server), { ...adminOf(server), login: 'trusted' }, options);
    expect(await provider.inspect(account)).toMatchObject({ exists: true });
  });

  test('whose database does not exist is told which field to set', async () => {
    const admin = { ...adminOf(server), fields: { connectDatabase: 'nowhere' } };
    await expect(postgresModule.open(targetOf(server), admin, options)).rejects.toMatchObject({
      code: 'PAM6011',
      spent: false,
      hint: expect.stringContaining('connectDatabase'),
    });
  });

  test('who may not log in cannot be used, though the secret is right', async () => {
    const { account, secret } = await makeRole(server, { attributes: 'NOLOGIN' });
    await expect(postgresModule.open(targetOf(server), { ...account, secret }, options)).rejects.toMatchObject({
      code: 'PAM6006',
      spent: false,
    });
  });
});
