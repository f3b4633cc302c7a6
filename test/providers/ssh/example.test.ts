import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { makeProject } from '../../cli/project.ts';
import { hasServer } from '../../servers/missing.ts';
import { startSshd } from '../../servers/sshd.ts';
import { keyAccount, opens } from './scene.ts';

const EXAMPLE = new URL('../../../examples/linux/', import.meta.url).pathname;

describe.runIf(hasServer('openssh'))('examples/linux', () => {
  test('is applied as it stands: a password and two keys are rotated, and then nothing is left to do', async () => {
    const server = await startSshd();
    try {
      const app = server.addUser();
      const [deploy, backup] = [keyAccount(server, 'deploy'), keyAccount(server, 'backup')];
      // The rules that the example names, for the accounts of this test.
      const admin = server.addUser({
        sudo: `ALL=(root) NOPASSWD: /usr/sbin/chpasswd, /usr/bin/getent shadow *\nALL=(${deploy.login}, ${backup.login}) NOPASSWD: /bin/sh`,
      });
      await using project = await makeProject({
        WEB_1_ADMIN_PASSWORD: admin.password,
        WEB_1_DEPLOY_KEY: deploy.secret,
        WEB_1_BACKUP_KEY: backup.secret,
      });
      const lineage = await project.withVault(async (vault) => vault.lineage);
      await cp(EXAMPLE, project.root, { recursive: true });
      const here: readonly (readonly [RegExp, string])[] = [
        [/path: \.pam\/vault\.db/, `path: .pam/vault.db, lineage: ${lineage}`],
        [/port: 22$/m, `port: ${server.port}`],
        [/hostKey: \S+/, `hostKey: ${server.fingerprint}`],
        [/login: pamadm/, `login: ${admin.login}`],
        [/login: app/, `login: ${app.login}`],
        [/login: deploy/, `login: ${deploy.login}`],
        [/login: backup/, `login: ${backup.login}`],
      ];
      for (const file of ['pam.yaml', ...(await readdir(join(EXAMPLE, 'manifests'))).map((name) => `manifests/${name}`)]) {
        const text = await readFile(join(project.root, file), 'utf8');
        await writeFile(
          join(project.root, file),
          here.reduce((all, [from, to]) => all.replace(from, to), text),
        );
      }

      const applied = await project.pam(['apply', '--auto-approve']);
      expect(applied, applied.stdout + applied.stderr).toMatchObject({ code: 0 });
      for (const [name, { login }, field] of [
        ['web-1-app', app, 'password'],
        ['web-1-deploy', deploy, 'privateKey'],
        ['web-1-backup', backup, 'privateKey'],
      ] as const) {
        const secret = await project.pam(['secret', 'get', `PamUser/${name}`, '--field', field]);
        expect(secret, secret.stderr).toMatchObject({ code: 0 });
        expect(await opens(server, login, field, secret.stdout.replace(/\n$/, '')), name).toBe(true);
      }
      for (const { login, secret } of [deploy, backup]) expect(await opens(server, login, 'privateKey', secret)).toBe(false);
      expect(await project.pam(['plan', '--detailed-exitcode'])).toMatchObject({ code: 0 });
    } finally {
      await server.stop();
    }
  });
});
