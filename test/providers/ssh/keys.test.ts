import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Secret } from '../../../src/model/index.ts';
import { canRetire, hasOracle, type Provider } from '../../../src/providers/provider.ts';
import { sshModule } from '../../../src/providers/ssh/index.ts';
import { newAttempt } from '../../contract/provider-fixture.ts';
import { hasServer } from '../../servers/missing.ts';
import { run, type SshServer, type SshUser, startSshd } from '../../servers/sshd.ts';
import { accountOf, credentialOf, OPTIONS, SUDO, targetOf } from './fixture.ts';
import { makeKeyPair, publicLine, writeKeys } from './scene.ts';

describe.runIf(hasServer('openssh'))('keys on a Linux host', () => {
  let server: SshServer;
  beforeAll(async () => {
    server = await startSshd();
  });
  afterAll(() => server?.stop());

  const openAdmin = (sudo: string = SUDO.all) => sshModule.open(targetOf(server), credentialOf(server.addUser({ sudo })), OPTIONS);
  const account = (user: SshUser) => accountOf(user.login, 'privateKey');
  const fileOf = (user: SshUser) => join(user.home, '.ssh', 'authorized_keys');
  const newKey = () => Secret.fromText(makeKeyPair('pam:PamUser/deploy:1').private);

  async function retire(provider: Provider, user: SshUser, keep: Secret, drop: readonly Secret[]) {
    if (!canRetire(provider)) throw new Error('this provider retires nothing');
    return provider.retire(account(user), keep, drop, newAttempt());
  }

  test('an account without a file gets one that sshd likes', async () => {
    const user = server.addUser();
    const key = newKey();
    await using provider = await openAdmin();
    expect(await provider.setSecret(account(user), key, newAttempt())).toEqual({ outcome: 'done' });
    expect(await provider.prove(account(user), key)).toMatchObject({ answer: 'accepted' });
    expect(statSync(fileOf(user)).mode & 0o777).toBe(0o600);
    expect(statSync(join(user.home, '.ssh')).mode & 0o777).toBe(0o700);
  });

  test.for([
    ['the account alone', (user: SshUser) => `ALL=(${user.login}) NOPASSWD: /bin/sh`],
    ['all, with a password', () => SUDO.withPassword],
  ] as const)('an administrator who may act as %s adds a key and takes the old one out', async ([, rule]) => {
    const user = server.addUser();
    const [first, second] = [newKey(), newKey()];
    await using provider = await openAdmin(rule(user));
    for (const key of [first, second]) expect(await provider.setSecret(account(user), key, newAttempt())).toEqual({ outcome: 'done' });
    expect(await retire(provider, user, second, [first])).toEqual({ outcome: 'done' });
    expect(await provider.prove(account(user), second)).toMatchObject({ answer: 'accepted' });
    expect(await provider.prove(account(user), first)).toMatchObject({ answer: 'refused' });
  });

  test('an administrator who may not act as the account is told so', async () => {
    const user = server.addUser();
    await using provider = await openAdmin(SUDO.narrow);
    expect(await provider.inspect(account(user))).toMatchObject({ obstacles: [expect.stringContaining('sudo')] });
    expect(await provider.setSecret(account(user), newKey(), newAttempt())).toMatchObject({ outcome: 'refused', code: 'PAM6004' });
  });

  test('the same key twice is one line', async () => {
    const user = server.addUser();
    const key = newKey();
    await using provider = await openAdmin();
    await provider.setSecret(account(user), key, newAttempt());
    const text = readFileSync(fileOf(user), 'utf8');
    await provider.setSecret(account(user), key, newAttempt());
    expect(readFileSync(fileOf(user), 'utf8')).toBe(text);
  });

  test('mode, access list and attributes of the file stay, and so does a link to it', async () => {
    const user = server.addUser();
    const file = writeKeys(user, `${publicLine('colleague')}\n`, 0o644);
    renameSync(file, `${file}.real`);
    symlinkSync('authorized_keys.real', file);
    await using provider = await openAdmin();
    expect(await provider.setSecret(account(user), newKey(), newAttempt())).toEqual({ outcome: 'done' });
    expect(statSync(`${file}.real`).mode & 0o777).toBe(0o644);
    expect(readFileSync(`${file}.real`, 'utf8')).toContain('colleague');
    expect(readdirSync(join(user.home, '.ssh')).sort()).toEqual(['authorized_keys', 'authorized_keys.real']);
    expect(readFileSync(file, 'utf8')).toContain('pam:PamUser/deploy:1');
  });

  test('a full disk leaves the file as it was, and nothing beside it', async () => {
    const user = server.addUser();
    const folder = join(user.home, '.ssh');
    mkdirSync(folder);
    run('mount', ['-t', 'tmpfs', '-o', `size=8k,uid=${run('id', ['-u', user.login]).trim()},mode=700`, 'tmpfs', folder]);
    try {
      const text = `${publicLine('colleague')}\n`;
      const file = writeKeys(user, text);
      // One page of two is taken by the file, the other by this.
      writeFileSync(join(folder, 'full'), 'x'.repeat(4096));
      await using provider = await openAdmin();
      expect(await provider.setSecret(account(user), newKey(), newAttempt())).toMatchObject({
        outcome: 'refused',
        code: 'PAM6010',
        retryable: true,
      });
      expect(readFileSync(file, 'utf8')).toBe(text);
      expect(readdirSync(folder).sort()).toEqual(['authorized_keys', 'full']);
      rmSync(join(folder, 'full'));
      expect(await provider.setSecret(account(user), newKey(), newAttempt())).toEqual({ outcome: 'done' });
    } finally {
      run('umount', [folder]);
    }
  });

  test('a file that belongs to somebody else is left alone', async () => {
    const user = server.addUser();
    const file = writeKeys(user, `${publicLine('colleague')}\n`, 0o644);
    run('chown', ['root:root', file]);
    const text = readFileSync(file, 'utf8');
    await using provider = await openAdmin();
    expect(await provider.setSecret(account(user), newKey(), newAttempt())).toMatchObject({ outcome: 'refused', code: 'PAM6004' });
    expect(readFileSync(file, 'utf8')).toBe(text);
  });

  test('what an earlier try left behind is cleared away', async () => {
    const user = server.addUser();
    const file = writeKeys(user, '');
    writeFileSync(`${file}.pam-AbCdEf`, 'half');
    run('chown', [user.login, `${file}.pam-AbCdEf`]);
    await using provider = await openAdmin();
    await provider.setSecret(account(user), newKey(), newAttempt());
    expect(readdirSync(join(user.home, '.ssh'))).toEqual(['authorized_keys']);
  });

  test('nothing is taken out while the key that is to stay is not there', async () => {
    const user = server.addUser();
    const [old, never] = [newKey(), newKey()];
    await using provider = await openAdmin();
    await provider.setSecret(account(user), old, newAttempt());
    expect(await retire(provider, user, never, [old])).toMatchObject({ outcome: 'refused' });
    expect(await provider.prove(account(user), old)).toMatchObject({ answer: 'accepted' });
    expect(await retire(provider, user, old, [old])).toEqual({ outcome: 'done' });
    expect(await provider.prove(account(user), old)).toMatchObject({ answer: 'accepted' });
  });

  test('the oracle names the first candidate on file, and does not call it a proof', async () => {
    const user = server.addUser();
    const [old, fresh] = [newKey(), newKey()];
    const candidates = [
      { id: 'fresh', secret: fresh },
      { id: 'old', secret: old },
    ];
    await using provider = await openAdmin();
    if (!hasOracle(provider)) throw new Error('no oracle');
    expect(await provider.identify(account(user), candidates)).toMatchObject({ live: 'none', onFile: true });
    await provider.setSecret(account(user), old, newAttempt());
    expect(await provider.identify(account(user), candidates)).toMatchObject({ live: 'old', onFile: true });
    await provider.setSecret(account(user), fresh, newAttempt());
    expect(await provider.identify(account(user), candidates)).toMatchObject({ live: 'fresh', onFile: true });
  });

  test('an account without a shell has its keys changed all the same', async () => {
    const user = server.addUser();
    run('usermod', ['-s', '/usr/sbin/nologin', user.login]);
    const key = newKey();
    await using provider = await openAdmin();
    expect(await provider.setSecret(account(user), key, newAttempt())).toEqual({ outcome: 'done' });
    expect(await provider.prove(account(user), key)).toMatchObject({ answer: 'accepted' });
  });
});
