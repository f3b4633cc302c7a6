import { createHmac, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Secret } from '../../../src/model/index.ts';
import { distrustHostKey, fingerprintOf, hostKeyAlgorithms } from '../../../src/providers/ssh/host-key.ts';
import { sshModule } from '../../../src/providers/ssh/index.ts';
import { hasServer } from '../../servers/missing.ts';
import { type SshServer, startSshd } from '../../servers/sshd.ts';
import { accountOf, credentialOf, OPTIONS, targetOf } from './fixture.ts';
import { makeScene } from './scene.ts';

/** A key blob of that type; what else is in it does not matter here. */
function keyBlob(type: string): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(type.length);
  return Buffer.concat([length, Buffer.from(type), randomBytes(32)]);
}

const KEY = keyBlob('ssh-ed25519');
const OTHER = keyBlob('ssh-ed25519');
const RSA = keyBlob('ssh-rsa');

function check(fields: Record<string, string>, { host = 'web.example.org', port = 22, key = KEY } = {}): string | null {
  const error = distrustHostKey({ ...targetOf({ host, port, fingerprint: '' }), fields }, key);
  if (error !== null) expect(error.code).toBe('PAM6002');
  return error === null ? null : `${error.message}\n${error.hint}`;
}

const line = (hosts: string, key = KEY, marker = '') => `${marker}${hosts} ssh-ed25519 ${key.toString('base64')}`;

function hashed(name: string): string {
  const salt = randomBytes(20);
  return `|1|${salt.toString('base64')}|${createHmac('sha1', salt).update(name).digest('base64')}`;
}

describe('the host key of a machine', () => {
  test('is the one that hostKey names, with or without padding', () => {
    expect(check({ hostKey: fingerprintOf(KEY) })).toBeNull();
    expect(check({ hostKey: `${fingerprintOf(KEY)}=` })).toBeNull();
    expect(check({ hostKey: fingerprintOf(OTHER) })).toContain(fingerprintOf(KEY));
  });

  test('is found in known_hosts by name, pattern, port and hash', () => {
    expect(check({ knownHosts: line('web.example.org') })).toBeNull();
    expect(check({ knownHosts: line('db,*.example.org') })).toBeNull();
    expect(check({ knownHosts: line('WEB.example.org'), host: 'x' })).toBeNull();
    expect(check({ knownHosts: line('[web.example.org]:2222') }, { port: 2222 })).toBeNull();
    expect(check({ knownHosts: line(hashed('web.example.org')) })).toBeNull();
    expect(check({ knownHosts: line(hashed('[web.example.org]:2222')) }, { port: 2222 })).toBeNull();
  });

  test('of another name, another port or a negated pattern is unknown, and the hint has the line to add', () => {
    for (const hosts of ['db.example.org', '[web.example.org]:2222', '*.example.org,!web.example.org', hashed('db.example.org')]) {
      expect(check({ knownHosts: line(hosts) }), hosts).toContain(`web.example.org ssh-ed25519 ${KEY.toString('base64')}`);
    }
  });

  test('may be any of several on file', () => {
    const knownHosts = [line('web.example.org', OTHER), line('web.example.org')].join('\n');
    expect(check({ knownHosts })).toBeNull();
  });

  test('that is not on file while another one is has changed', () => {
    expect(check({ knownHosts: line('web.example.org', OTHER) })).toContain('is not among those');
  });

  test('that is revoked is not trusted, whatever else is on file', () => {
    const knownHosts = [line('web.example.org'), line('*', KEY, '@revoked ')].join('\n');
    expect(check({ knownHosts })).toContain('revoked');
  });

  test('is not trusted for a certificate authority that we cannot check', () => {
    expect(check({ knownHosts: line('*', KEY, '@cert-authority ') })).toContain('does not know it');
  });

  test('without anything on file is shown, with the field to add', () => {
    expect(check({})).toContain(`hostKey: ${fingerprintOf(KEY)}`);
  });

  test('of the type on file is asked for first', () => {
    const knownHosts = `web.example.org ssh-rsa ${RSA.toString('base64')}`;
    const target = targetOf({ host: 'web.example.org', port: 22, fingerprint: '' }, { knownHosts });
    expect(hostKeyAlgorithms(target).slice(0, 3)).toEqual(['rsa-sha2-512', 'rsa-sha2-256', 'ssh-ed25519']);
    expect(hostKeyAlgorithms(target)).not.toContain('ssh-rsa');
  });
});

describe.runIf(hasServer('openssh'))('a host whose key is not trusted', () => {
  let server: SshServer;
  beforeAll(async () => {
    server = await startSshd();
  });
  afterAll(() => server?.stop());

  test.for([
    ['unknown', { knownHosts: line('elsewhere') }],
    ['changed', { hostKey: fingerprintOf(OTHER) }],
    ['not on file', { other: 'x' }],
  ] as const)('gets no password and no key when its key is %s', async ([, fields]) => {
    const user = server.addUser();
    const target = { ...targetOf(server), fields };
    const options = { connectTimeoutMs: OPTIONS.connectTimeoutMs, sessionName: 'pam' };
    await expect(sshModule.open(target, credentialOf(user), options)).rejects.toMatchObject({ code: 'PAM6002', spent: false });
    await using provider = await sshModule.open(target, null, options);
    const proof = await provider.prove(accountOf(user.login), Secret.fromText(user.password));
    expect(proof).toMatchObject({ answer: 'cannot-tell', code: 'PAM6002', spent: false });
    // Not even the name of the account has reached it.
    expect(await server.log()).not.toContain(user.login);
  });

  test('is trusted by its line of known_hosts', async () => {
    const user = server.addUser();
    const target = targetOf(server, { knownHosts: server.knownHost });
    await using provider = await sshModule.open(target, credentialOf(user), OPTIONS);
    expect(await provider.prove(accountOf(user.login), Secret.fromText(user.password))).toMatchObject({ answer: 'accepted' });
  });

  test('stops an apply before any account of it is touched', async () => {
    await using scene = await makeScene(server, { passwords: 2, trust: { hostKey: fingerprintOf(OTHER) } });
    const result = await scene.project.pam(['apply', '--auto-approve']);
    // The records were written, so it was done in part.
    expect(result).toMatchObject({ code: 7 });
    expect(result.stdout + result.stderr).toContain(server.fingerprint);
    const log = await server.log();
    for (const { login } of [scene.admin, ...scene.accounts]) expect(log).not.toContain(login);
  });
});
