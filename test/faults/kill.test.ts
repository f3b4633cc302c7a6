import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { APPLY_FAILPOINTS } from '../../src/apply/index.ts';
import { ROTATE_FAILPOINTS } from '../../src/rotate/index.ts';
import { type PostgresServer, startPostgres } from '../servers/postgres.ts';
import { expectConverged, MODES, type Mode, makeScene } from './scene.ts';

let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres({ logAll: true, settings: { max_connections: '100' } });
});
afterAll(() => server.stop());

/** Instants that only a rotation which was interrupted before comes by. */
const IN_RECOVERY = ROTATE_FAILPOINTS.filter((name) => name.startsWith('recover.'));
const IN_APPLY = [...APPLY_FAILPOINTS, ...ROTATE_FAILPOINTS.filter((name) => !name.startsWith('recover.'))];

async function scene(mode: Mode) {
  return makeScene(server, { mode, accounts: 2, unknownFrom: 1 });
}

describe.concurrent.each(MODES)('with a change by %s', (mode) => {
  test.for(IN_APPLY)('an apply killed at %s is finished by the next one', async (failpoint) => {
    await using it = await scene(mode);
    const killed = await it.project.pam(['apply', '--auto-approve'], { env: { PAM_TEST_FAILPOINT: failpoint } });
    expect(killed.signal).toBe('SIGKILL');
    await expectConverged(it);
  });

  test.for(IN_RECOVERY)('a recovery killed at %s is finished by the next one', async (failpoint) => {
    await using it = await scene(mode);
    for (const name of ['rotate.answered', failpoint]) {
      const killed = await it.project.pam(['apply', '--auto-approve'], { env: { PAM_TEST_FAILPOINT: name } });
      expect(killed.signal, `${name}: ${killed.stdout}${killed.stderr}`).toBe('SIGKILL');
    }
    await expectConverged(it);
  });
});
