import { type AddressInfo, createServer } from 'node:net';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { postgresModule } from '../../../src/providers/postgres/index.ts';
import type { TlsSettings } from '../../../src/providers/provider.ts';
import { freshSecret, newAttempt } from '../../contract/provider-fixture.ts';
import { type Certificate, makeCa, selfSigned, type TestCa } from '../../servers/ca.ts';
import { startFaultProxy } from '../../servers/fault-proxy.ts';
import { type PostgresServer, startPostgres } from '../../servers/postgres.ts';
import { adminOf, makeRole, targetOf } from './fixture.ts';

const options = { connectTimeoutMs: 10_000, sessionName: 'pam-tls' };

let ca: TestCa;
let certificate: Certificate;
/** Its certificate is for another name than the one it is reached by; plain connections are let in for the tests' own use only. */
let server: PostgresServer;
let plainServer: PostgresServer;

beforeAll(async () => {
  ca = makeCa();
  certificate = ca.issue({ dns: ['db1.example.internal'], ip: ['192.0.2.1'] });
  [server, plainServer] = await Promise.all([
    startPostgres({ tls: certificate, logAll: true, hbaLines: ['host all oldmd5 all md5', 'hostnossl all tlsonly all reject'] }),
    startPostgres(),
  ]);
}, 60_000);
afterAll(async () => {
  await server?.stop();
  await plainServer?.stop();
});
afterEach(() => {
  vi.unstubAllEnvs();
});

/** Opens, proves and changes over these settings; tells the code where that is refused. */
async function through(tls: TlsSettings, host = '127.0.0.1'): Promise<string> {
  const { account, secret } = await makeRole(server);
  const target = { ...targetOf(server, tls), host };
  try {
    await using provider = await postgresModule.open(target, adminOf(server), options);
    expect(await provider.setSecret(account, secret, newAttempt())).toEqual({ outcome: 'done' });
    expect(await provider.prove(account, secret)).toMatchObject({ answer: 'accepted' });
    return 'works';
  } catch (error) {
    await using provider = await postgresModule.open(target, null, options);
    const code = (error as { code: string }).code;
    expect(await provider.prove(account, secret)).toMatchObject({ answer: 'cannot-tell', code, spent: false });
    return code;
  }
}

test('a certificate of the right CA for the right name is trusted', async () => {
  expect(await through({ mode: 'verify-full', ca: ca.pem, serverName: 'db1.example.internal' })).toBe('works');
  expect(await through({ mode: 'verify-full', ca: ca.pem, serverName: 'db1.example.internal' }, 'localhost')).toBe('works');
  expect(await through({ mode: 'verify-full', ca: ca.pem, serverName: '192.0.2.1' })).toBe('works');
});

test('one for another name is not, unless only the CA is to be checked', async () => {
  expect(await through({ mode: 'verify-full', ca: ca.pem })).toBe('PAM6002');
  expect(await through({ mode: 'verify-full', ca: ca.pem }, 'localhost')).toBe('PAM6002');
  expect(await through({ mode: 'verify-ca', ca: ca.pem })).toBe('works');
});

test('one of another CA is not, whatever the environment says', async () => {
  vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
  for (const mode of ['verify-full', 'verify-ca'] as const) {
    expect(await through({ mode, ca: makeCa().pem, serverName: 'db1.example.internal' })).toBe('PAM6002');
    expect(await through({ mode, serverName: 'db1.example.internal' })).toBe('PAM6002');
  }
});

test('a pin must fit as well', async () => {
  const tls = { mode: 'verify-full', ca: ca.pem, serverName: 'db1.example.internal' } as const;
  expect(await through({ ...tls, pin: certificate.fingerprint })).toBe('works');
  expect(await through({ ...tls, pin: selfSigned().fingerprint })).toBe('PAM6002');
  expect(await through({ ...tls, mode: 'verify-ca', pin: selfSigned().fingerprint })).toBe('PAM6002');
});

test('to a server that is not trusted not even the login is sent', async () => {
  const proxy = await startFaultProxy(server);
  const { account, secret } = await makeRole(server);
  const before = (await server.logText()).length;
  await using provider = await postgresModule.open(targetOf(proxy, { mode: 'verify-full' }), null, options);
  expect(await provider.prove(account, secret)).toMatchObject({ code: 'PAM6002' });
  const log = (await server.logText()).slice(before);
  expect(log).not.toContain(account.login);
  await proxy.stop();
});

test('to a server without TLS nothing is sent', async () => {
  const proxy = await startFaultProxy(plainServer);
  const sent: Buffer[] = [];
  proxy.setRule(({ from, chunk }) => {
    if (from === 'client') sent.push(chunk);
    return 'pass';
  });
  const opened = postgresModule.open(targetOf(proxy, { mode: 'verify-full', ca: ca.pem }), adminOf(plainServer), options);
  await expect(opened).rejects.toMatchObject({ code: 'PAM6002', retryable: false, spent: false });
  // The question for TLS, and no more.
  expect(Buffer.concat(sent)).toHaveLength(8);
  await proxy.stop();
});

test('bytes that follow the answer to that question are not taken for the server', async () => {
  const rogue = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => socket.write('S and more, in the clear'));
  });
  await new Promise<void>((resolve) => rogue.listen(0, '127.0.0.1', resolve));
  const { port } = rogue.address() as AddressInfo;
  const opened = postgresModule.open(targetOf({ host: '127.0.0.1', port }, { mode: 'verify-full', ca: ca.pem }), adminOf(server), options);
  await expect(opened).rejects.toMatchObject({ code: 'PAM6002', spent: false });
  await new Promise((resolve) => rogue.close(resolve));
});

test('a login that must come over TLS is shut out without', async () => {
  const { account, secret } = await makeRole(server, { login: 'tlsonly' });
  await using provider = await postgresModule.open(targetOf(server), null, options);
  expect(await provider.prove(account, secret)).toMatchObject({ answer: 'cannot-tell', code: 'PAM6012', spent: false });
});

test('an administrator with an old md5 password logs in over TLS, and never in the clear', async () => {
  const secret = freshSecret();
  await server.query(`SET password_encryption = 'md5'; CREATE ROLE oldmd5 LOGIN SUPERUSER PASSWORD '${secret.reveal()}'`);
  const credential = { ...adminOf(server), login: 'oldmd5', secret };
  const { account } = await makeRole(server);
  await using provider = await postgresModule.open(targetOf(server, { mode: 'verify-ca', ca: ca.pem }), credential, options);
  expect(await provider.setSecret(account, freshSecret(), newAttempt())).toEqual({ outcome: 'done' });
  await expect(postgresModule.open(targetOf(server), credential, options)).rejects.toMatchObject({ code: 'PAM6009', spent: false });
});
