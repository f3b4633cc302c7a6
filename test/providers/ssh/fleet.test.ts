import { chmodSync, chownSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import ssh2 from 'ssh2';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasServer } from '../../servers/missing.ts';
import { type SshServer, startSshd } from '../../servers/sshd.ts';
import { FOREIGN_LINES, makeScene, OLD_OPTIONS, opens, type Scene, type SceneAccount } from './scene.ts';

describe.runIf(hasServer('openssh'))('a Linux fleet through pam', () => {
  let server: SshServer;
  beforeAll(async () => {
    server = await startSshd();
  });
  afterAll(() => server?.stop());

  async function apply(scene: Scene, code = 0): Promise<string> {
    const result = await scene.project.pam(['apply', '--auto-approve']);
    expect(result, result.stdout + result.stderr).toMatchObject({ code });
    return result.stdout + result.stderr;
  }

  /** What is stored for each account: it opens the account, and what was stored before does not. */
  async function secretsOf(scene: Scene, before: readonly string[]): Promise<string[]> {
    const secrets: string[] = [];
    for (const account of scene.accounts) secrets.push((await scene.stored(account)) ?? '');
    // A refused password takes seconds of waiting, so side by side.
    await Promise.all(
      scene.accounts.map(async ({ login, field, address }, i) => {
        expect(await opens(server, login, field, secrets[i]), `${address} opens`).toBe(true);
        if (before[i] !== secrets[i]) expect(await opens(server, login, field, before[i]), `the old one of ${address}`).toBe(false);
      }),
    );
    return secrets;
  }

  test('twenty passwords and ten keys are rotated by an administrator, and nothing a second time', async () => {
    await using scene = await makeScene(server, { passwords: 20, keys: 10 });
    const said = await apply(scene);
    const rotated = await secretsOf(
      scene,
      scene.accounts.map((a) => a.secret),
    );
    expect(new Set(rotated).size).toBe(30);
    const all = said + (await server.log());
    for (const secret of [...rotated, ...scene.accounts.map((a) => a.secret), scene.admin.password]) {
      // Of a key its last full line, which is all private.
      expect(all).not.toContain(secret.includes('\n') ? secret.trim().split('\n').at(-3) : secret);
    }
    expect(await scene.project.pam(['plan', '--detailed-exitcode'])).toMatchObject({ code: 0 });
    await apply(scene);
    for (const [i, account] of scene.accounts.entries()) expect(await scene.stored(account)).toBe(rotated[i]);
  }, 300_000);

  test('accounts rotate their own password and their own key', async () => {
    await using scene = await makeScene(server, { passwords: 2, keys: 2, self: true });
    await apply(scene);
    await secretsOf(
      scene,
      scene.accounts.map((a) => a.secret),
    );
    expect(await scene.project.pam(['plan', '--detailed-exitcode'])).toMatchObject({ code: 0 });
  });

  test('of authorized_keys only our own line changes: foreign bytes, options, mode and owner stay', async () => {
    await using scene = await makeScene(server, { keys: 1 });
    const account = only(scene);
    const file = join(account.home, '.ssh', 'authorized_keys');
    const before = statSync(file);
    for (const trigger of ['first', 'second']) {
      await scene.declare({ trigger });
      await apply(scene);
    }
    const after = statSync(file);
    expect([after.mode, after.uid, after.gid]).toEqual([before.mode, before.uid, before.gid]);
    const text = readFileSync(file, 'utf8');
    const key = ssh2.utils.parseKey((await scene.stored(account)) ?? '') as ssh2.ParsedKey;
    const ours = `${OLD_OPTIONS} ssh-ed25519 ${key.getPublicSSH().toString('base64')} ${key.comment}`;
    expect(key.comment).toMatch(/^pam:PamUser\/key-1:[0-9a-f-]{36}$/);
    expect(text).toBe(`${FOREIGN_LINES.join('\n')}\n${ours}\n`);
  });

  test('an RSA key is made where the manifest wants one', async () => {
    await using scene = await makeScene(server, { keys: 1, rotation: { keyType: 'rsa' } });
    await apply(scene);
    const account = only(scene);
    expect((ssh2.utils.parseKey((await scene.stored(account)) ?? '') as ssh2.ParsedKey).type).toBe('ssh-rsa');
    expect(await opens(server, account.login, 'privateKey', await scene.stored(account))).toBe(true);
  });

  test('an old key that cannot be taken out is told, costs nothing, and is taken out by a later apply', async () => {
    await using scene = await makeScene(server, { keys: 1 });
    const account = only(scene);
    const killed = await scene.project.pam(['apply', '--auto-approve'], { env: { PAM_TEST_FAILPOINT: 'rotate.committed' } });
    expect(killed.signal).toBe('SIGKILL');
    const file = join(account.home, '.ssh', 'authorized_keys');
    const owner = statSync(file);
    chownSync(file, 0, 0);
    // sshd still reads it: with the mode of the test everybody may.
    chmodSync(file, 0o644);
    expect(await apply(scene)).toContain('still accepted by the target');
    expect(await opens(server, account.login, 'privateKey', account.secret)).toBe(true);
    expect(await scene.project.pam(['plan', '--detailed-exitcode'])).toMatchObject({ code: 0 });
    const explained = await scene.project.pam(['recover', '--explain']);
    expect(explained.stdout).toContain('still takes a secret that is not wanted any more');

    chownSync(file, owner.uid, owner.gid);
    expect(await apply(scene)).not.toContain('still accepted');
    expect(await opens(server, account.login, 'privateKey', account.secret)).toBe(false);
    expect((await scene.record(account)).rotation.retiring).toBeUndefined();
  });
});

describe.runIf(hasServer('openssh'))('a host that takes no ed25519 keys', () => {
  test('keeps its old key, and the new one does not stay on it', async () => {
    const server = await startSshd({ config: ['PubkeyAcceptedAlgorithms rsa-sha2-512,rsa-sha2-256'] });
    try {
      const firstKey = ssh2.utils.generateKeyPairSync('rsa', { bits: 2048, comment: 'first' });
      await using scene = await makeScene(server, { keys: 1, firstKey });
      const account = only(scene);
      const file = join(account.home, '.ssh', 'authorized_keys');
      const before = readFileSync(file, 'utf8');
      const result = await scene.project.pam(['apply', '--auto-approve']);
      expect(result, result.stdout + result.stderr).toMatchObject({ code: 7 });
      expect(await scene.stored(account)).toBe(firstKey.private);
      expect(await opens(server, account.login, 'privateKey', firstKey.private)).toBe(true);
      expect(readFileSync(file, 'utf8')).toBe(`${before}\n`);
      expect(await scene.project.journal()).toEqual([]);
      expect((await scene.record(account)).rotation).toMatchObject({ failures: { count: 1, code: 'PAM6003' } });
    } finally {
      await server.stop();
    }
  });
});

function only({ accounts }: Scene): SceneAccount {
  const [account] = accounts;
  if (account === undefined) throw new Error('the scene has no account');
  return account;
}
