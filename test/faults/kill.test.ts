import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { APPLY_FAILPOINTS } from '../../src/apply/index.ts';
import { ROTATE_FAILPOINTS } from '../../src/rotate/index.ts';
import { type PostgresServer, startPostgres } from '../servers/postgres.ts';
import { seededRandom } from './random.ts';
import { expectConverged, MODES, type Mode, makeScene, opens, type Scene } from './scene.ts';

let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres({ logAll: true, settings: { max_connections: '100' } });
});
afterAll(() => server?.stop());

/** Instants that only a rotation which was interrupted before comes by. */
const IN_RECOVERY = ROTATE_FAILPOINTS.filter((name) => name.startsWith('recover.'));
const IN_ROTATION = ROTATE_FAILPOINTS.filter((name) => name.startsWith('rotate.'));
const IN_APPLY = [...APPLY_FAILPOINTS, ...ROTATE_FAILPOINTS].filter((name) => !name.startsWith('recover.'));
/** What comes before a rotation is the same whoever changes the password, but for the inputs of accounts that change themselves. */
const NAMES_OF: Readonly<Record<Mode, readonly string[]>> = {
  superuser: IN_APPLY,
  createrole: IN_ROTATION,
  self: [...IN_ROTATION, ...IN_APPLY.filter((name) => name.startsWith('ingest.'))],
};

/** Two accounts: the vault knows the password of the first one, and of the second one only where it changes itself. */
function twoAccounts(mode: Mode): Promise<Scene> {
  return makeScene(server, { mode, accounts: 2, unknownFrom: 1 });
}

async function killAt(scene: Scene, failpoint: string, args: readonly string[]): Promise<void> {
  const killed = await scene.project.pam(['apply', ...args], { env: { PAM_TEST_FAILPOINT: failpoint } });
  expect(killed.signal, `${failpoint}: ${killed.stdout}${killed.stderr}`).toBe('SIGKILL');
}

describe.concurrent.each(MODES)('with a change by %s', (mode) => {
  test.for(NAMES_OF[mode])('an apply killed at %s is finished by the same apply', async (failpoint) => {
    await using scene = await twoAccounts(mode);
    // With a CREATEROLE admin the second account's turn: the first one is done, or in flight as well.
    const times = mode === 'createrole' ? 2 : 1;
    await killAt(scene, `${failpoint}:${times}`, ['--auto-approve']);
    await expectConverged(scene);
  });

  test.for(IN_RECOVERY)('a recovery killed at %s is finished by the next one', async (failpoint) => {
    await using scene = await twoAccounts(mode);
    await killAt(scene, 'rotate.answered', ['--auto-approve']);
    await killAt(scene, failpoint, ['--auto-approve']);
    await expectConverged(scene);
  });

  test('an apply killed at every step of its recovery, one after the other, is finished all the same', async () => {
    await using scene = await makeScene(server, { mode, accounts: 1 });
    for (const failpoint of ['rotate.armed', 'recover.found', 'recover.identified', 'rotate.proved', 'rotate.committed'])
      await killAt(scene, failpoint, ['--auto-approve']);
    await expectConverged(scene);
  });
});

/** Every recovery that is killed at one of its own steps and followed by one that is killed at any of them: three levels deep. */
const ONE_AFTER_THE_OTHER = IN_RECOVERY.flatMap((first) => IN_RECOVERY.map((second) => [first, second] as const));

test.concurrent.for(ONE_AFTER_THE_OTHER)(
  'a rotation, its recovery (%s) and the recovery of that (%s) are killed, and the next one finishes',
  async (two) => {
    await using scene = await makeScene(server, { mode: 'superuser', accounts: 1 });
    for (const failpoint of ['rotate.answered', ...two]) await killAt(scene, failpoint, ['--auto-approve']);
    await expectConverged(scene);
  },
);

describe.concurrent.each(['a saved plan', 'a digest'])('approved by %s', (kind) => {
  test.for(['apply.leased', 'apply.run-started', 'apply.records-written', 'ingest.committed', 'rotate.answered', 'rotate.committed:2'])(
    'an apply killed at %s is finished under the very same approval',
    async (failpoint) => {
      await using scene = await twoAccounts('superuser');
      const plan = await scene.project.pam(['plan', '--json', '--out', 'plan.json']);
      const approval = kind === 'a digest' ? ['--approve', plan.json<{ digest: string }>().digest] : ['plan.json'];
      await killAt(scene, failpoint, approval);
      await expectConverged(scene, { approval });
    },
  );
});

test.concurrent.for(['rotate.armed', 'rotate.answered', 'rotate.proved', 'rotate.committed'])(
  'the only administrator, killed at %s of its own rotation after those of all others, still opens with what is stored',
  async (failpoint) => {
    await using scene = await makeScene(server, { mode: 'superuser', accounts: 1, adminRotation: { initial: 'now' } });
    const approval = ['--auto-approve', '--grant', 'soleAdmin=1'];
    await killAt(scene, `${failpoint}:2`, approval);
    expect(await scene.staged('PamUser/app-1')).toBe(1);
    const applied = await scene.project.pam(['apply', ...approval]);
    expect(applied, applied.stdout + applied.stderr).toMatchObject({ code: 0 });
    const { address, login, password } = scene.admin;
    expect(await scene.staged(address)).toBe(1);
    const secret = await scene.stored(address);
    expect(secret).not.toBe(password);
    expect(await opens(server, login, secret)).toBe(true);
    expect(await scene.failedLogins(login)).toBeLessThanOrEqual(1);
    expect(await scene.project.journal()).toEqual([]);
    expect(await scene.project.pam(['plan', '--detailed-exitcode', '--grant', 'soleAdmin=1'])).toMatchObject({ code: 0 });
  },
);

const SEED = Number(process.env['PAM_TEST_SEED'] ?? Date.now() % 1_000_000);
const random = seededRandom(SEED);
const MOMENTS = MODES.flatMap((mode) => Array.from({ length: 3 }, () => [mode, 250 + random(900)] as const));

test.concurrent.for(MOMENTS)(
  `an apply (change by %s) killed after %s ms is finished by the next one (PAM_TEST_SEED=${SEED})`,
  async ([mode, afterMs]) => {
    await using scene = await twoAccounts(mode);
    const run = scene.project.start(['apply', '--auto-approve']);
    const timer = setTimeout(() => run.process.kill('SIGKILL'), afterMs);
    await run.result;
    clearTimeout(timer);
    await expectConverged(scene);
  },
);
