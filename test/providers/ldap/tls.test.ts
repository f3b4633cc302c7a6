import { type AddressInfo, createServer } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { startTlsRequest } from '../../../src/providers/ldap/ber.ts';
import { ldapModule } from '../../../src/providers/ldap/index.ts';
import type { Target, TlsSettings } from '../../../src/providers/provider.ts';
import { freshSecret, newAttempt } from '../../contract/provider-fixture.ts';
import { type Certificate, makeCa, selfSigned, type TestCa } from '../../servers/ca.ts';
import { startFaultProxy } from '../../servers/fault-proxy.ts';
import { hasServer } from '../../servers/missing.ts';
import { startSlapd } from '../../servers/slapd.ts';
import { credentialOf, makeUser, OPTIONS, plainTarget, type Slapd, targetOf } from './openldap.ts';

const START_TLS_YES = Buffer.from('300c02010178070a010004000400', 'hex');

describe.runIf(hasServer('slapd'))('TLS of a directory', () => {
  let ca: TestCa;
  let certificate: Certificate;
  /** Its certificate is for another name than the one it is reached by. */
  let server: Slapd;
  beforeAll(async () => {
    ca = makeCa();
    certificate = ca.issue({ dns: ['ldap1.example.internal'], ip: ['192.0.2.1'] });
    server = { ...(await startSlapd({ tls: { ca, certificate } })), ca };
  });
  afterAll(() => server?.stop());
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  const WAYS = ['ldaps', 'starttls'] as const;
  const at = (way: (typeof WAYS)[number], tls: TlsSettings, port = way === 'ldaps' ? server.securePort : server.port): Target =>
    // StartTLS is the default on every port that is not of LDAPS.
    targetOf(port, way === 'ldaps' ? { ...tls, startTls: false } : tls);

  /** Opens, proves and changes; tells the code where that is refused. */
  async function through(target: Target): Promise<string> {
    const { account, secret } = await makeUser(server);
    try {
      await using provider = await ldapModule.open(target, credentialOf(server.rotator), OPTIONS);
      expect(await provider.setSecret(account, secret, newAttempt())).toEqual({ outcome: 'done' });
      expect(await provider.prove(account, secret)).toMatchObject({ answer: 'accepted' });
      return 'works';
    } catch (error) {
      await using provider = await ldapModule.open(target, null, OPTIONS);
      const code = (error as { code: string }).code;
      expect(await provider.prove(account, secret)).toMatchObject({ answer: 'cannot-tell', code, spent: false });
      return code;
    }
  }

  test.each(WAYS)('over %s a certificate of the right CA for the right name is trusted, and no other', async (way) => {
    const serverName = 'ldap1.example.internal';
    expect(await through(at(way, { mode: 'verify-full', ca: ca.pem, serverName }))).toBe('works');
    expect(await through(at(way, { mode: 'verify-ca', ca: ca.pem }))).toBe('works');
    expect(await through(at(way, { mode: 'verify-full', ca: ca.pem }))).toBe('PAM6002');
    expect(await through(at(way, { mode: 'verify-full', ca: ca.pem, serverName, pin: certificate.fingerprint }))).toBe('works');
    expect(await through(at(way, { mode: 'verify-full', ca: ca.pem, serverName, pin: selfSigned().fingerprint }))).toBe('PAM6002');
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
    expect(await through(at(way, { mode: 'verify-full', ca: makeCa().pem, serverName }))).toBe('PAM6002');
    expect(await through(at(way, { mode: 'verify-ca' }))).toBe('PAM6002');
  });

  test('to a server that is not trusted nothing is sent but the wish for TLS', async () => {
    const proxy = await startFaultProxy({ host: '127.0.0.1', port: server.port });
    let sent: Buffer = Buffer.alloc(0);
    proxy.setRule(({ clientBytes }) => {
      sent = clientBytes;
      return 'pass';
    });
    try {
      expect(await through(at('starttls', { mode: 'verify-full', ca: makeCa().pem }, proxy.port))).toBe('PAM6002');
      const wish = startTlsRequest();
      expect(sent.subarray(0, wish.length).equals(wish)).toBe(true);
      // A TLS handshake record follows, and the name of nobody.
      expect(sent[wish.length]).toBe(0x16);
      expect(sent.includes('cn=')).toBe(false);
    } finally {
      await proxy.stop();
    }
  });

  test.each([
    ['refuses it', Buffer.from('300c02010178070a010204000400', 'hex')],
    ['speaks another protocol', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')],
    ['slips in bytes before the encryption', Buffer.concat([START_TLS_YES, Buffer.from('3000', 'hex')])],
  ])('a server that %s is not trusted', async (_, answer) => {
    const fake = createServer((socket) => socket.on('error', () => undefined).once('data', () => socket.write(answer)));
    await new Promise<void>((resolve) => fake.listen(0, '127.0.0.1', resolve));
    try {
      expect(await through(at('starttls', { mode: 'verify-full', ca: ca.pem }, (fake.address() as AddressInfo).port))).toBe('PAM6002');
    } finally {
      fake.close();
    }
  });

  test('a connection that is gone is not made again behind our back', async () => {
    const proxy = await startFaultProxy({ host: '127.0.0.1', port: server.port });
    try {
      const { account, secret } = await makeUser(server);
      const target = { ...plainTarget(server), port: proxy.port };
      // As the account itself: whether its secret changed is not known then, so it is not even logged in again.
      await using provider = await ldapModule.open(target, { ...account, secret }, OPTIONS);
      proxy.setRule(({ clientBytes }) => (clientBytes.includes('1.3.6.1.4.1.4203.1.11.1') ? 'cut' : 'pass'));
      expect(await provider.setSecret(account, freshSecret(), newAttempt())).toMatchObject({ outcome: 'unknown' });
      const connections = proxy.accepted();
      await expect(provider.inspect(account)).rejects.toMatchObject({ code: 'PAM6001' });
      expect(proxy.accepted()).toBe(connections);
    } finally {
      await proxy.stop();
    }
  });

  test('a server that never answers a change is given up when its time is over', async () => {
    const proxy = await startFaultProxy({ host: '127.0.0.1', port: server.port });
    try {
      const { account } = await makeUser(server);
      await using provider = await ldapModule.open({ ...plainTarget(server), port: proxy.port }, credentialOf(server.rotator), OPTIONS);
      proxy.setRule(({ clientBytes }) => (clientBytes.includes('1.3.6.1.4.1.4203.1.11.1') ? 'swallow' : 'pass'));
      expect(await provider.setSecret(account, freshSecret(), newAttempt(300))).toMatchObject({ outcome: 'unknown' });
    } finally {
      await proxy.stop();
    }
  });
});
