import { spawn } from 'node:child_process';
import { appendFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Secret } from '../../../src/model/index.ts';
import { type Account, type Attempt, type Credential, canQuiesce, hasOracle, type Provider } from '../../../src/providers/provider.ts';
import { sshModule } from '../../../src/providers/ssh/index.ts';
import { freshSecret, newAttempt } from '../../contract/provider-fixture.ts';
import { startFaultProxy } from '../../servers/fault-proxy.ts';
import { hasServer } from '../../servers/missing.ts';
import { holdPasswordLock, run, type SshServer, shadowOf, startSshd } from '../../servers/sshd.ts';
import { accountOf, credentialOf, makeAccount, OPTIONS, SUDO, targetOf } from './fixture.ts';
import { makeKeyPair, writeKeys } from './scene.ts';

describe.runIf(hasServer('openssh'))('passwords on a Linux host', () => {
  let server: SshServer;
  beforeAll(async () => {
    server = await startSshd();
  });
  afterAll(() => server?.stop());

  const open = (credential: Credential, target = targetOf(server)) => sshModule.open(target, credential, OPTIONS);
  const openAdmin = (sudo: string = SUDO.all) => open(credentialOf(server.addUser({ sudo })));
  const verifierOf = (account: Account) => shadowOf(account.login)[1];

  test.for(Object.entries(SUDO))('an administrator with sudo rules "%s" changes a password', async ([, sudo]) => {
    const { account } = makeAccount(server);
    const fresh = freshSecret();
    await using provider = await openAdmin(sudo);
    expect(await provider.inspect(account)).toMatchObject({ exists: true, obstacles: [] });
    expect(await provider.setSecret(account, fresh, newAttempt())).toEqual({ outcome: 'done' });
    expect(await provider.prove(account, fresh)).toMatchObject({ answer: 'accepted' });
  });

  test.for([
    ['has no rule in sudoers', {}],
    ['may run something else only', { sudo: 'ALL=(root) NOPASSWD: /usr/bin/true' }],
  ] as const)('an administrator who %s is told so, in the words of sudo, and nothing changes', async ([, rule]) => {
    const { account } = makeAccount(server);
    const before = verifierOf(account);
    await using provider = await open(credentialOf(server.addUser(rule)));
    const { obstacles } = await provider.inspect(account);
    expect(obstacles).toHaveLength(1);
    expect(obstacles[0]).toMatch(/sudo/);
    const outcome = await provider.setSecret(account, freshSecret(), newAttempt());
    expect(outcome).toMatchObject({ outcome: 'refused', code: 'PAM6004', reason: expect.stringContaining('sudo') });
    expect(verifierOf(account)).toBe(before);
  });

  test('sudo that wants a password of an administrator with a key says so', async () => {
    const admin = server.addUser({ sudo: SUDO.withPassword });
    const key = makeKeyPair('admin');
    writeKeys(admin, `${key.public}\n`);
    const { account } = makeAccount(server);
    await using provider = await open({ ...credentialOf(admin), field: 'privateKey', secret: Secret.fromText(key.private) });
    expect(await provider.setSecret(account, freshSecret(), newAttempt())).toMatchObject({
      outcome: 'refused',
      code: 'PAM6004',
      reason: 'sudo: a password is required',
    });
  });

  test('a password that sudo refuses is given to it once, and the new secret never', async () => {
    const admin = server.addUser({ sudo: SUDO.withPassword });
    appendFileSync(server.sudoersOf(admin), `Defaults:${admin.login} rootpw\n`);
    const { account } = makeAccount(server);
    const before = verifierOf(account);
    const refused = { outcome: 'refused', code: 'PAM6004', reason: expect.stringContaining('sudo refuses the password') };
    await using first = await open(credentialOf(admin));
    expect(await first.setSecret(account, freshSecret(), newAttempt())).toMatchObject(refused);
    // Were it given once more, it would be right now.
    writeFileSync(server.sudoersOf(admin), `${admin.login} ${SUDO.withPassword}\n`);
    await using second = await open(credentialOf(admin));
    expect(await second.setSecret(account, freshSecret(), newAttempt())).toMatchObject(refused);
    expect(verifierOf(account)).toBe(before);
  });

  test('a locked account is an obstacle, and stays locked', async () => {
    const { account } = makeAccount(server);
    run('usermod', ['-L', account.login]);
    const before = verifierOf(account);
    await using provider = await openAdmin();
    expect(await provider.inspect(account)).toMatchObject({ exists: true, locked: true, obstacles: [expect.stringContaining('locked')] });
    for (const sudo of [SUDO.reading, `${SUDO.narrow}, /usr/bin/passwd -S *`]) {
      await using limited = await openAdmin(sudo);
      expect(await limited.inspect(account)).toMatchObject({ locked: true, obstacles: [expect.stringContaining('locked')] });
    }
    // Who may not look is not told that it is open.
    await using blind = await openAdmin(SUDO.narrow);
    expect(await blind.inspect(account)).not.toHaveProperty('locked');
    expect(verifierOf(account)).toBe(before);
  });

  test('a locked password is no obstacle to a key', async () => {
    const { account } = makeAccount(server);
    run('usermod', ['-L', account.login]);
    await using provider = await openAdmin();
    expect(await provider.inspect({ ...account, field: 'privateKey' })).toMatchObject({ locked: true, obstacles: [] });
  });

  test.for(['a\nroot:pwned', 'a\rb', 'a\0b', '', 'x'.repeat(512)])(
    'what would break the input of chpasswd is refused: %j',
    async (text) => {
      const { account } = makeAccount(server);
      const before = verifierOf(account);
      await using provider = await openAdmin();
      const outcome = await provider.setSecret(account, Secret.fromText(text), newAttempt());
      expect(outcome).toMatchObject({ outcome: 'refused', code: 'PAM6007' });
      expect(verifierOf(account)).toBe(before);
    },
  );

  test.for(['root:x', 'a\nb', '-h', '#0', '', 'a/b'])('a login that is none is absent, and is not sent: %j', async (login) => {
    await using provider = await openAdmin();
    expect(await provider.inspect(accountOf(login))).toMatchObject({ exists: false });
    expect(await provider.setSecret(accountOf(login), freshSecret(), newAttempt())).toMatchObject({ outcome: 'refused', code: 'PAM6005' });
  });

  test('a full disk of the host leaves the password as it was, and says to try again', async () => {
    const admin = server.addUser({ sudo: SUDO.all });
    // bash reads it for commands over SSH; the limit goes through sudo, and stops every write to a file as a full disk does.
    writeFileSync(join(admin.home, '.bashrc'), 'trap "" XFSZ; ulimit -f 0\n');
    const { account } = makeAccount(server);
    const before = verifierOf(account);
    await using provider = await open(credentialOf(admin));
    expect(await provider.setSecret(account, freshSecret(), newAttempt())).toMatchObject({
      outcome: 'refused',
      code: 'PAM6010',
      retryable: true,
    });
    expect(verifierOf(account)).toBe(before);
  });

  test.for([
    ['too weak', 'abc', []],
    ['too soon', `${'x7-Kq'.repeat(4)}`, ['-m', '30']],
  ] as const)('the rules of the host count for who changes their own: %s', async ([, text, aging]) => {
    const { account, secret } = makeAccount(server);
    if (aging.length > 0) run('chage', [...aging, account.login]);
    const before = verifierOf(account);
    await using provider = await open({ ...account, secret });
    expect(await provider.setSecret(account, Secret.fromText(text), newAttempt())).toMatchObject({ outcome: 'refused', code: 'PAM6007' });
    expect(verifierOf(account)).toBe(before);
  });

  test('a session whose own password was changed meanwhile is told that the old one is wrong', async () => {
    const { account, secret } = makeAccount(server);
    await using provider = await open({ ...account, secret });
    await provider.inspect(account);
    run('chpasswd', [], `${account.login}:${freshSecret().reveal()}\n`);
    expect(await provider.setSecret(account, freshSecret(), newAttempt())).toMatchObject({ outcome: 'refused', code: 'PAM6003' });
  });

  test('who may run only chpasswd cannot say which candidate is live', async () => {
    const { account, secret } = makeAccount(server);
    await using provider = await openAdmin(SUDO.narrow);
    if (!hasOracle(provider)) throw new Error('no oracle');
    expect(await provider.identify(account, [{ id: 'a', secret }])).toMatchObject({ live: 'unknown' });
  });

  test('no secret stands in the arguments of any process while it is changed', async () => {
    const admin = server.addUser({ sudo: SUDO.withPassword });
    const { account } = makeAccount(server);
    const fresh = freshSecret();
    await using provider = await open(credentialOf(admin));
    const seen = new Set<string>();
    const watch = setInterval(() => {
      for (const line of commandLines()) seen.add(line);
    }, 5);
    try {
      expect(await provider.setSecret(account, fresh, newAttempt())).toEqual({ outcome: 'done' });
      if (hasOracle(provider)) await provider.identify(account, [{ id: 'a', secret: fresh }]);
    } finally {
      clearInterval(watch);
    }
    const all = [...seen].join('\n');
    expect(all).toContain('chpasswd');
    for (const secret of [fresh.reveal(), admin.password, verifierOf(account) ?? '?']) expect(all).not.toContain(secret);
  });

  describe('a change that hangs', () => {
    /** Waits until `chpasswd` of the attempt waits for the lock, then loses the connection. */
    async function hang(account: Account, fresh: Secret, credential: Credential, timeoutMs: number) {
      const proxy = await startFaultProxy(server);
      const provider = await open(credential, targetOf({ ...server, port: proxy.port }));
      await provider.inspect(account);
      const release = await holdPasswordLock();
      const attempt = newAttempt(timeoutMs);
      const outcome = provider.setSecret(account, fresh, attempt);
      await expect.poll(() => commandLines().some((line) => /^\/usr\/sbin\/chpasswd$/.test(line.trim())), { timeout: 20_000 }).toBe(true);
      proxy.cutAll();
      expect(await outcome).toMatchObject({ outcome: 'unknown' });
      return { provider, proxy, release, attempt };
    }

    test.for(['all', 'narrow'] as const)('is ended by an administrator with sudo rules "%s", and does not land later', async (rules) => {
      const { account } = makeAccount(server);
      const before = verifierOf(account);
      const admin = credentialOf(server.addUser({ sudo: SUDO[rules] }));
      const { provider, proxy, release, attempt } = await hang(account, freshSecret(), admin, 20_000);
      try {
        expect(await quiesce(provider, account, attempt)).toBe(true);
      } finally {
        await release();
        await provider[Symbol.asyncDispose]();
        await proxy.stop();
      }
      expect(verifierOf(account)).toBe(before);
    });

    test('is not called over while something of it is there that we may not end', async () => {
      const { account } = makeAccount(server);
      const attempt = newAttempt(500);
      const foreign = spawn('sh', ['-c', 'read x', `pam-${attempt.rotationId}`], { stdio: ['pipe', 'ignore', 'ignore'] });
      const gone = new Promise((resolve) => foreign.once('exit', resolve));
      await using provider = await openAdmin(SUDO.narrow);
      expect(await quiesce(provider, account, attempt)).toBe(false);
      foreign.stdin.end();
      await gone;
      expect(await quiesce(provider, account, attempt)).toBe(true);
    });
  });
});

async function quiesce(provider: Provider, account: Account, attempt: Attempt): Promise<boolean> {
  if (!canQuiesce(provider)) throw new Error('this provider cannot quiesce');
  return provider.quiesce(account, attempt);
}

function commandLines(): readonly string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
      } catch {
        return '';
      }
    });
}
