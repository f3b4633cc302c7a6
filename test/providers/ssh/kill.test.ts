import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RETIRE_FAILPOINTS, ROTATE_FAILPOINTS, type RotateFailpoint } from '../../../src/rotate/index.ts';
import { hasServer } from '../../servers/missing.ts';
import { type SshServer, startSshd } from '../../servers/sshd.ts';
import { SUDO } from './fixture.ts';
import { expectConverged, makeScene, type SceneOptions } from './scene.ts';

const ALL = ROTATE_FAILPOINTS.filter((name) => name.startsWith('rotate.'));
const IN_RECOVERY = ROTATE_FAILPOINTS.filter((name) => name.startsWith('recover.'));
/** Where it matters who carries the change out: around the request, and when the new secret is the only one that is known to open. */
const AROUND_THE_CHANGE = ['rotate.journaled', 'rotate.armed', 'rotate.answered', 'rotate.proving', 'rotate.committed'] as const;
const KINDS = [
  ['a password changed by an administrator', { passwords: 1 }, ALL],
  ['a key changed by an administrator', { keys: 1 }, [...ALL, ...RETIRE_FAILPOINTS]],
  ['a password changed by an administrator who may run only chpasswd', { passwords: 1, sudo: SUDO.narrow }, AROUND_THE_CHANGE],
  ['a password that the account changes', { passwords: 1, self: true }, AROUND_THE_CHANGE],
  ['a key that the account changes', { keys: 1, self: true }, [...AROUND_THE_CHANGE, ...RETIRE_FAILPOINTS]],
] as const satisfies readonly (readonly [string, SceneOptions, readonly RotateFailpoint[]])[];

describe.runIf(hasServer('openssh')).concurrent.each(KINDS)('%s', (_, options, failpoints) => {
  let server: SshServer;
  beforeAll(async () => {
    server = await startSshd();
  });
  afterAll(() => server?.stop());

  test.for(failpoints)('an apply killed at %s is finished by the next one', async (failpoint) => {
    await using scene = await makeScene(server, options);
    const killed = await scene.project.pam(['apply', '--auto-approve'], { env: { PAM_TEST_FAILPOINT: failpoint } });
    expect(killed.signal, killed.stdout + killed.stderr).toBe('SIGKILL');
    await expectConverged(server, scene);
  });

  test.for(IN_RECOVERY)('a recovery killed at %s is finished by the next one', async (failpoint) => {
    await using scene = await makeScene(server, options);
    for (const name of ['rotate.answered', failpoint]) {
      const killed = await scene.project.pam(['apply', '--auto-approve'], { env: { PAM_TEST_FAILPOINT: name } });
      expect(killed.signal, `${name}: ${killed.stdout}${killed.stderr}`).toBe('SIGKILL');
    }
    await expectConverged(server, scene);
  });

  // Each a little later: from before the first login to after the last.
  test.for([400, 1300, 2200, 3100])('an apply killed after %d ms is finished by the next one', async (after) => {
    await using scene = await makeScene(server, options);
    const running = scene.project.start(['apply', '--auto-approve']);
    setTimeout(() => running.process.kill('SIGKILL'), after);
    await running.result;
    await expectConverged(server, scene);
  });
});
