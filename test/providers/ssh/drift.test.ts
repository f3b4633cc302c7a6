import { appendFileSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { vaultRows } from '../../cli/vault-rows.ts';
import { hasServer } from '../../servers/missing.ts';
import { manage, run, type SshServer, setPassword, shadowOf, startSshd } from '../../servers/sshd.ts';
import { makeScene, publicLine, type Scene, type SceneAccount } from './scene.ts';

interface Report {
  readonly findings: readonly { class: string; address: string; what?: string; login?: string; message: string }[];
  readonly live: { readonly accounts: number; readonly notes: readonly { address: string; message: string }[] };
  readonly exit: number;
}

const keysFile = (account: SceneAccount) => join(account.home, '.ssh', 'authorized_keys');

describe.runIf(hasServer('openssh'))('pam drift --live on a Linux host', () => {
  let server: SshServer;
  beforeAll(async () => {
    server = await startSshd();
  });
  afterAll(() => server?.stop());

  /** What the host has of the accounts: lines of shadow(5), and key files with their times. */
  function onHost(scene: Scene): unknown {
    return scene.accounts.map((account) => {
      if (account.field === 'privateKey') return [readFileSync(keysFile(account), 'latin1'), statSync(keysFile(account)).mtimeMs];
      return shadowLine(account.login);
    });
  }

  /** Shows too that nothing was written, to the vault or on the host, and that no account logged in. */
  async function drift(scene: Scene, args: readonly string[] = []): Promise<Report> {
    const logins = () => Promise.all(scene.accounts.map(({ login }) => server.loginsOf(login)));
    const [rows, host, before] = [vaultRows(scene.project.vaultFile), onHost(scene), await logins()];
    const result = await scene.project.pam(['drift', '--live', '--json', ...args]);
    expect(vaultRows(scene.project.vaultFile)).toEqual(rows);
    expect(onHost(scene)).toEqual(host);
    expect(await logins()).toEqual(before);
    const report = result.json<Report>();
    expect(result.code, result.stdout + result.stderr).toBe(report.exit);
    return report;
  }
  const told = (report: Report) => report.findings.map((f) => `${f.class} ${f.address} ${f.what}`);

  async function rotated(scene: Scene): Promise<void> {
    const result = await scene.project.pam(['apply', '--auto-approve']);
    expect(result, result.stdout + result.stderr).toMatchObject({ code: 0 });
  }

  test('accounts locked, deleted, due to change, a password and keys changed by hand: each in its own words; mended, nothing', async () => {
    await using scene = await makeScene(server, { passwords: 4, keys: 2 });
    await rotated(scene);
    expect(await drift(scene)).toMatchObject({ findings: [], exit: 0, live: { accounts: 7, notes: [] } });

    const [locked, gone, changed, due, added, taken] = scene.accounts as [
      SceneAccount,
      SceneAccount,
      SceneAccount,
      SceneAccount,
      SceneAccount,
      SceneAccount,
    ];
    const [verifier, day, ours] = [shadowOf(changed.login)[1] ?? '', shadowOf(due.login)[2] ?? '', readFileSync(keysFile(taken))];
    const foreign = readFileSync(keysFile(added));
    run('usermod', ['-L', locked.login]);
    manage('userdel', ['-f', gone.login]);
    setPassword(changed.login, 'by-hand-1');
    run('chage', ['-d', '0', due.login]);
    appendFileSync(keysFile(added), `${publicLine('by hand')}\n`);
    writeFileSync(keysFile(taken), `${publicLine('in its place')}\n`);

    const report = await drift(scene);
    expect(told(report)).toEqual([
      'drift PamUser/app-1 locked',
      'drift PamUser/app-2 absent',
      'drift PamUser/app-3 secret-changed',
      'drift PamUser/app-4 must-change',
      'drift PamUser/key-1 key-added',
      'drift PamUser/key-2 key-missing',
      'drift PamUser/key-2 key-added',
    ]);
    expect(report.exit).toBe(2);
    const print = run('ssh-keygen', ['-lf', '-'], readFileSync(keysFile(added), 'utf8').trim().split('\n').at(-1)).split(' ')[1];
    expect(report.findings.find((f) => f.address === 'PamUser/key-1')?.message).toContain(print);

    // A rotation does not make a key known that somebody added before it.
    await scene.project.pam(['rotate', 'PamUser/key-1', '--auto-approve']);
    expect(told(await drift(scene, ['--target', 'PamUser/key-1']))).toEqual(['drift PamUser/key-1 key-added']);

    run('usermod', ['-U', locked.login]);
    run('usermod', ['-p', verifier, changed.login]);
    run('chage', ['-d', day, due.login]);
    const line = (text: string) =>
      text
        .split('\n')
        .filter((l) => !l.endsWith(' by hand'))
        .join('\n');
    writeFileSync(keysFile(added), line(readFileSync(keysFile(added), 'utf8')));
    expect(foreign.length).toBeGreaterThan(0);
    writeFileSync(keysFile(taken), ours);
    manage('useradd', ['-M', '-o', '-u', '58731', gone.login]);
    run('usermod', ['-p', verifier, gone.login]);
    expect(told(await drift(scene))).toEqual(['drift PamUser/app-2 replaced', 'drift PamUser/app-2 secret-changed']);
    expect(await drift(scene, ['--exclude', 'PamUser/app-2'])).toMatchObject({ findings: [], exit: 0 });
  }, 240_000);

  test('keys that were there before the first rotation are told as such, and are no finding', async () => {
    await using scene = await makeScene(server, { keys: 1, rotation: { initial: 'never' } });
    await rotated(scene);
    const report = await drift(scene);
    expect(report).toMatchObject({ findings: [], exit: 0 });
    expect(report.live.notes).toMatchObject([{ address: 'PamUser/key-1', message: expect.stringContaining('nothing is remembered') }]);
  });

  test('an administrator that was made by hand is told with --coverage', async () => {
    await using scene = await makeScene(server, { passwords: 1 });
    await rotated(scene);
    const stranger = server.addUser();
    run('usermod', ['-aG', 'sudo', stranger.login]);
    const report = await drift(scene, ['--coverage']);
    const found = report.findings.filter((f) => f.login === stranger.login);
    expect(found).toMatchObject([
      { class: 'unmanaged', address: 'PamMachine/host', what: 'undeclared-admin', message: expect.stringContaining('in group sudo') },
    ]);
    const declared = [scene.admin.login, ...scene.accounts.map((a) => a.login)];
    expect(report.findings.map((f) => f.login).filter((login) => declared.includes(login ?? ''))).toEqual([]);
  });
});

function shadowLine(login: string): string {
  try {
    return shadowOf(login).join(':');
  } catch {
    return 'none';
  }
}
