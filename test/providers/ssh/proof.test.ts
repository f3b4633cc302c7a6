import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { Secret } from '../../../src/model/index.ts';
import type { Account, Proof } from '../../../src/providers/provider.ts';
import { sshModule } from '../../../src/providers/ssh/index.ts';
import { freshSecret } from '../../contract/provider-fixture.ts';
import { hasServer } from '../../servers/missing.ts';
import { run, type SshServer, startSshd } from '../../servers/sshd.ts';
import { accountOf, makeAccount, OPTIONS, targetOf } from './fixture.ts';
import { makeKeyPair, writeKeys } from './scene.ts';

describe.runIf(hasServer('openssh'))('a proof over SSH', () => {
  let server: SshServer;
  afterEach(() => server.stop());

  /** A server of its own with these lines of sshd_config, an account with a password, and with a key. */
  async function given(...config: readonly string[]) {
    server = await startSshd({ config });
    const { account, secret } = makeAccount(server);
    const pair = makeKeyPair('it');
    const home = run('getent', ['passwd', account.login]).split(':')[5] ?? '';
    writeKeys({ login: account.login, password: '', home }, `${pair.public}\n`);
    return { account, secret, key: { account: accountOf(account.login, 'privateKey'), secret: Secret.fromText(pair.private) } };
  }

  async function prove({ account, secret }: { account: Account; secret: Secret }): Promise<Proof> {
    await using provider = await sshModule.open(targetOf(server), null, OPTIONS);
    return provider.prove(account, secret);
  }

  test('of a key is a login with that key alone', async () => {
    const { key } = await given();
    expect(await prove(key)).toMatchObject({ answer: 'accepted', method: 'ssh-key' });
    expect(await prove({ ...key, secret: Secret.fromText(makeKeyPair('other').private) })).toMatchObject({
      answer: 'refused',
      code: 'PAM6003',
    });
    expect(await server.log()).not.toContain('Failed password');
  });

  test('of a key works with an RSA key, in PEM too', async () => {
    const { account, key } = await given();
    const pem = run('sh', [
      '-c',
      'f=$(mktemp -u); ssh-keygen -q -t rsa -b 2048 -m PEM -N "" -f "$f"; cat "$f" "$f.pub"; rm -f "$f" "$f.pub"',
    ]);
    const [, text = '', line = ''] = /^([\s\S]*-----\n)(ssh-rsa .*\n)/.exec(pem) ?? [];
    writeKeys({ login: account.login, password: '', home: `/home/${account.login}` }, line);
    expect(await prove({ ...key, secret: Secret.fromText(text) })).toMatchObject({ answer: 'accepted' });
  });

  test.for(['not a key', '-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n'])(
    'of what is no key spends nothing and does not repeat it: %j',
    async (text) => {
      const { key } = await given();
      const proof = await prove({ ...key, secret: Secret.fromText(text) });
      expect(proof).toMatchObject({ answer: 'cannot-tell', code: 'PAM6013', spent: false });
      expect(JSON.stringify(proof)).not.toContain('AAAA');
    },
  );

  test('of a password goes by keyboard-interactive where the server has only that', async () => {
    const it = await given('PasswordAuthentication no', 'KbdInteractiveAuthentication yes');
    expect(await prove(it)).toMatchObject({ answer: 'accepted', method: 'ssh-keyboard-interactive' });
    expect(await prove({ ...it, secret: freshSecret() })).toMatchObject({ answer: 'refused', code: 'PAM6003' });
  });

  test('of a password is not to be had where the server takes none, and nothing is spent', async () => {
    const it = await given('PasswordAuthentication no');
    expect(await prove(it)).toMatchObject({ answer: 'cannot-tell', code: 'PAM6009', spent: false, never: true });
    expect(await server.loginsOf(it.account.login)).toBe(0);
  });

  test('of a key is not to be had where the server takes none', async () => {
    const { key } = await given('PubkeyAuthentication no');
    expect(await prove(key)).toMatchObject({ answer: 'cannot-tell', code: 'PAM6009', spent: false, never: true });
  });

  test('is no proof where the server lets anybody in', async () => {
    const it = await given('PermitEmptyPasswords yes', 'UsePAM no', 'AuthenticationMethods none');
    run('passwd', ['-d', it.account.login]);
    expect(await prove(it)).toMatchObject({ answer: 'cannot-tell', code: 'PAM6009', never: true });
  });

  test('stands where the server wants something more after it', async () => {
    const it = await given('AuthenticationMethods password,publickey');
    expect(await prove(it)).toMatchObject({ answer: 'accepted', restricted: expect.stringContaining('something more') });
    expect(await prove({ ...it, secret: freshSecret() })).toMatchObject({ answer: 'refused' });
  });

  test('stands where the password must be changed', async () => {
    const it = await given();
    run('chage', ['-d', '0', it.account.login]);
    expect(await prove(it)).toMatchObject({ answer: 'accepted', restricted: expect.stringContaining('must be changed') });
    expect(await prove({ ...it, secret: freshSecret() })).toMatchObject({ answer: 'refused' });
  });

  test('stands where the account has expired', async () => {
    const it = await given();
    run('chage', ['-E', '2020-01-01', it.account.login]);
    expect(await prove(it)).toMatchObject({ answer: 'accepted', restricted: 'the account has expired' });
    expect(await prove({ ...it, secret: freshSecret() })).toMatchObject({ answer: 'refused' });
  });

  test('stands where the account has no shell', async () => {
    const it = await given();
    run('usermod', ['-s', '/usr/sbin/nologin', it.account.login]);
    expect(await prove(it)).toMatchObject({ answer: 'accepted' });
  });

  test('cannot be had from a server with too many connections, which is to be tried again and spends nothing', async () => {
    const it = await given('MaxStartups 1:100:1');
    // Each counts once it has its greeting; the last ones get none.
    const waiting = Array.from({ length: 4 }, () => connect(server.port, server.host).on('error', () => undefined));
    await Promise.all(waiting.map((socket) => Promise.race([once(socket, 'data'), once(socket, 'close')])));
    try {
      expect(await prove(it)).toMatchObject({ answer: 'cannot-tell', code: 'PAM6010', spent: false });
      const credential = { ...it.account, secret: it.secret };
      await expect(sshModule.open(targetOf(server), credential, OPTIONS)).rejects.toMatchObject({
        code: 'PAM6010',
        retryable: true,
        spent: false,
      });
    } finally {
      for (const socket of waiting) socket.destroy();
    }
  });

  test('of a server that speaks another protocol is refused before anything is sent', async () => {
    const it = await given('KexAlgorithms diffie-hellman-group14-sha1');
    expect(await prove(it)).toMatchObject({ answer: 'cannot-tell', code: 'PAM6011', spent: false });
  });
});
