import { afterAll, beforeAll, expect, test } from 'vitest';
import { type PostgresServer, startPostgres } from '../servers/postgres.ts';
import { expectConverged, makeScene, opens } from './scene.ts';
import { wrongClock } from './wrong-clock.ts';

let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres({ logAll: true, settings: { max_connections: '100' } });
});
afterAll(() => server?.stop());

const DAY_MS = 86_400_000;

test.concurrent.for([
  ['ten years ahead', 3653 * DAY_MS],
  ['a day behind', -DAY_MS],
] as const)('a run whose clock is %s, killed in the middle of its change, is finished by one whose clock is right', async ([, shift]) => {
  await using scene = await makeScene(server, { mode: 'createrole', accounts: 1 });
  const env = { ...wrongClock(shift), PAM_TEST_FAILPOINT: 'rotate.answered' };
  expect(await scene.project.pam(['apply', '--auto-approve'], { env })).toMatchObject({ signal: 'SIGKILL' });
  await expectConverged(scene);
});

test.concurrent.for([
  ['ten years ahead', 3653 * DAY_MS],
  ['a day behind', -DAY_MS],
] as const)('a run whose clock is right, killed in the middle of its change, is finished by one whose clock is %s', async ([, shift]) => {
  await using scene = await makeScene(server, { mode: 'createrole', accounts: 1 });
  const killed = await scene.project.pam(['apply', '--auto-approve'], { env: { PAM_TEST_FAILPOINT: 'rotate.answered' } });
  expect(killed).toMatchObject({ signal: 'SIGKILL' });
  const applied = await scene.project.pam(['apply', '--auto-approve'], { env: wrongClock(shift) });
  expect(applied, applied.stdout + applied.stderr).toMatchObject({ code: 0 });
  await expectConverged(scene);
});

test.concurrent.for([5, 40, 120])(
  'a clock that jumps a day back, and one that jumps ten years ahead, in the middle of a run (read %d) lose nothing',
  async (stepAt) => {
    for (const shift of [-DAY_MS, 3653 * DAY_MS]) {
      await using scene = await makeScene(server, { mode: 'createrole', accounts: 1 });
      await scene.project.pam(['apply', '--auto-approve'], { env: wrongClock(shift, stepAt) });
      const { login = '' } = scene.accounts[0] ?? {};
      expect(await opens(server, login, (await scene.stored('PamUser/app-1', 'pending')) ?? (await scene.stored('PamUser/app-1')))).toBe(
        true,
      );
      await expectConverged(scene);
    }
  },
);
