import { describe, expect, test } from 'vitest';
import { connectionError, connectTcp, nodeOf, startDeadline } from '../../src/providers/network.ts';
import type { Target, TlsSettings } from '../../src/providers/provider.ts';
import { tlsOptions } from '../../src/providers/tls.ts';
import { closedPort } from '../servers/fault-proxy.ts';

const target = (tls: TlsSettings = { mode: 'verify-full' }, host = 'db1.example.internal'): Target => ({
  address: 'PamDatabase/orders-db',
  type: 'postgresql',
  host,
  port: 5432,
  tls,
  fields: {},
});

describe('a connection that failed', () => {
  test.each(['CERT_HAS_EXPIRED', 'SELF_SIGNED_CERT_IN_CHAIN', 'ERR_TLS_CERT_ALTNAME_INVALID', 'ERR_SSL_WRONG_VERSION_NUMBER', 'EPROTO'])(
    'with %s is not trusted, finally',
    (code) => {
      const error = connectionError(Object.assign(new Error('x'), { code }), target());
      expect(error).toMatchObject({ code: 'PAM6002', retryable: false, spent: false });
    },
  );

  test.each(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT', 'ECONNRESET', 'EHOSTUNREACH', 'ENEWCODE'])(
    'with %s is unreachable, and may be tried again',
    (code) => {
      const error = connectionError(Object.assign(new Error('x'), { code }), target(), true);
      expect(error).toMatchObject({ code: 'PAM6001', retryable: true, spent: true });
      expect(error.message).toContain('db1.example.internal:5432');
    },
  );

  test('because nothing listens says so', async () => {
    const deadline = startDeadline(5_000);
    const nowhere = { ...target(), host: '127.0.0.1', port: await closedPort() };
    await expect(connectTcp(nowhere, deadline)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    deadline.clear();
  });

  test('names an IPv6 node in brackets', () => {
    expect(nodeOf(target({ mode: 'disable' }, '::1'))).toBe('[::1]:5432');
  });
});

describe('TLS options', () => {
  const certificate = { subject: { CN: 'db1' }, subjectaltname: 'DNS:db1.example.internal', fingerprint256: 'AB:CD' };
  const check = (tls: TlsSettings, host?: string) =>
    tlsOptions(target(tls, host)).checkServerIdentity?.('whatever the driver says', certificate as never);

  test('always verify the chain, whatever the environment says', () => {
    expect(tlsOptions(target())).toMatchObject({ rejectUnauthorized: true, minVersion: 'TLSv1.2', servername: 'db1.example.internal' });
  });

  test('check the name of the target and not the one that a driver passes', () => {
    expect(check({ mode: 'verify-full' })).toBeUndefined();
    expect(check({ mode: 'verify-full' }, 'db2.example.internal')).toBeInstanceOf(Error);
    expect(check({ mode: 'verify-full', serverName: 'db1.example.internal' }, '10.0.0.1')).toBeUndefined();
  });

  test('do not check the name in verify-ca', () => {
    expect(check({ mode: 'verify-ca' }, 'db2.example.internal')).toBeUndefined();
  });

  test('compare a pin however it is written, in both modes', () => {
    for (const mode of ['verify-full', 'verify-ca'] as const) {
      expect(check({ mode, pin: 'abcd' })).toBeUndefined();
      expect(check({ mode, pin: 'AB:CD' })).toBeUndefined();
      expect(check({ mode, pin: 'AB:CE' })).toBeInstanceOf(Error);
    }
  });

  test('put no address into SNI', () => {
    expect(tlsOptions(target({ mode: 'verify-full' }, '127.0.0.1'))).not.toHaveProperty('servername');
  });

  test('are refused where TLS is disabled', () => {
    expect(() => tlsOptions(target({ mode: 'disable' }))).toThrow(expect.objectContaining({ code: 'PAM6002' }));
  });
});
