import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ROTATE_FAILPOINTS, type RotateFailpoint } from '../../src/rotate/index.ts';
import { hasServer } from '../servers/missing.ts';
import { expectConverged } from './placed.ts';
import { mariadbPlace, type Place, type PlacedScene } from './places.ts';

const ALL = ROTATE_FAILPOINTS.filter((name) => name.startsWith('rotate.'));
const IN_RECOVERY = ROTATE_FAILPOINTS.filter((name) => name.startsWith('recover.'));
/** Where it matters who carries the change out; `allowed`: failed logins that one kill may cost the account. */
const KINDS = [
  ['an administrator', { self: false, allowed: 0 }, ALL],
  ['the account itself', { self: true, allowed: 2 }, ['rotate.armed', 'rotate.answered', 'rotate.proving', 'rotate.committed']],
] as const satisfies readonly (readonly [string, { self: boolean; allowed: number }, readonly RotateFailpoint[]])[];

async function killAt({ project }: PlacedScene, failpoint: RotateFailpoint): Promise<void> {
  const killed = await project.pam(['apply', '--auto-approve'], { env: { PAM_TEST_FAILPOINT: failpoint } });
  expect(killed.signal, `${failpoint}: ${killed.stdout}${killed.stderr}`).toBe('SIGKILL');
}

describe.runIf(hasServer('mariadb')).concurrent.each(KINDS)('on MariaDB, with a change by %s', (_, { self, allowed }, failpoints) => {
  let place: Place;
  beforeAll(async () => {
    place = await mariadbPlace({ self });
  });
  afterAll(() => place?.stop());

  test.for(failpoints)('an apply killed at %s is finished by the next one', async (failpoint) => {
    await using scene = await place.makeScene(place.server);
    await killAt(scene, failpoint);
    await expectConverged(scene, allowed);
  });

  test.for(IN_RECOVERY)('a recovery killed at %s is finished by the next one', async (failpoint) => {
    await using scene = await place.makeScene(place.server);
    await killAt(scene, 'rotate.answered');
    await killAt(scene, failpoint);
    await expectConverged(scene, allowed);
  });
});
