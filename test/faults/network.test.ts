import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type FaultProxy, type Moment, type Rule, startFaultProxy, type Verdict } from '../servers/fault-proxy.ts';
import { type PostgresServer, startPostgres } from '../servers/postgres.ts';
import { troubles } from './ledger.ts';
import { seededRandom } from './random.ts';
import { expectConverged, liveAmong, MODES, type Mode, makeScene, opens, type Scene } from './scene.ts';

let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres({ logAll: true, settings: { max_connections: '100' } });
});
afterAll(() => server?.stop());

const isChange = ({ clientBytes }: Moment) => clientBytes.includes('ALTER ROLE');
const isAnswerToChange = (moment: Moment) => moment.from === 'server' && isChange(moment);
const isChangeItself = (moment: Moment) => moment.from === 'client' && isChange(moment);

/** The verdict for the first moment that matches; everything else passes. */
function once(matches: (moment: Moment) => boolean, verdict: Verdict): Rule {
  let done = false;
  return (moment) => {
    if (done || !matches(moment)) return 'pass';
    done = true;
    return verdict;
  };
}

interface ProxiedScene extends AsyncDisposable {
  readonly scene: Scene;
  readonly proxy: FaultProxy;
}

async function proxied(mode: Mode, options: { accounts?: number; rotation?: object } = {}): Promise<ProxiedScene> {
  const proxy = await startFaultProxy(server);
  const scene = await makeScene(server, { mode, accounts: 1, endpoint: proxy, ...options });
  return {
    scene,
    proxy,
    async [Symbol.asyncDispose]() {
      await scene[Symbol.asyncDispose]();
      await proxy.stop();
    },
  };
}

const apply = (scene: Scene) => scene.project.pam(['apply', '--auto-approve', '--json']);

describe.concurrent.each(MODES)('a change by %s', (mode) => {
  test('that was carried out, and whose answer was lost, is found and proved in the same run', async () => {
    await using it = await proxied(mode);
    it.proxy.setRule(once(isAnswerToChange, 'cut'));
    const result = await apply(it.scene);
    expect(result, result.stdout + result.stderr).toMatchObject({ code: 0 });
    await expectConverged(it.scene);
  });

  test('whose answer never comes while the connection stays up is found and proved in the same run', async () => {
    await using it = await proxied(mode);
    it.proxy.setRule(once(isAnswerToChange, 'swallow'));
    const result = await apply(it.scene);
    expect(result, result.stdout + result.stderr).toMatchObject({ code: 0 });
    await expectConverged(it.scene);
  });

  test('that never arrived is sent again with the same secret', async () => {
    await using it = await proxied(mode);
    it.proxy.setRule(once(isChangeItself, 'cut'));
    const result = await apply(it.scene);
    expect(result, result.stdout + result.stderr).toMatchObject({ code: 0 });
    await expectConverged(it.scene);
  });

  test('that is delivered twice is the same change', async () => {
    await using it = await proxied(mode);
    it.proxy.setRule(once(isChangeItself, 'twice'));
    const result = await apply(it.scene);
    expect(result, result.stdout + result.stderr).toMatchObject({ code: 0 });
    expect(await alterations(it.scene)).toBe(3);
    await expectConverged(it.scene);
  });

  test('that is delivered after everything is over, and after the next rotation, changes nothing any more', async () => {
    await using it = await proxied(mode);
    it.proxy.setRule(once(isChangeItself, 'hold'));
    const result = await apply(it.scene);
    expect(result, result.stdout + result.stderr).toMatchObject({ code: 0 });
    const rotated = await it.scene.project.pam(['rotate', 'PamUser/app-1', '--auto-approve']);
    expect(rotated, rotated.stdout + rotated.stderr).toMatchObject({ code: 0 });
    const changes = await alterations(it.scene);
    it.proxy.release();
    await it.proxy.stop();
    // Whatever was delivered has been logged once another statement has run after it on the same server.
    await server.query('SELECT 1');
    expect(await alterations(it.scene)).toBe(changes);
    const [account] = it.scene.accounts;
    expect(await opens(server, account?.login ?? '', await it.scene.stored('PamUser/app-1'))).toBe(true);
  });

  test('whose proof is cut off is proved by the next run', async () => {
    await using it = await proxied(mode);
    let changed = false;
    it.proxy.setRule((moment) => {
      changed ||= isAnswerToChange(moment);
      return changed && !isChange(moment) && moment.from === 'server' ? 'cut' : 'pass';
    });
    const result = await apply(it.scene);
    // Where the verifier can be read no login is needed.
    expect(result.code, result.stdout + result.stderr).toBe(mode === 'superuser' ? 0 : 7);
    const [account] = it.scene.accounts;
    const secret = await it.scene.stored('PamUser/app-1', mode === 'superuser' ? 'current' : 'pending');
    expect(await opens(server, account?.login ?? '', secret)).toBe(true);
    it.proxy.setRule(() => 'pass');
    await expectConverged(it.scene);
  });
});

/** How often the server was told to change the password of the first account. */
async function alterations(scene: Scene): Promise<number> {
  return (await server.logText()).split(`ALTER ROLE "${scene.accounts[0]?.login}"`).length;
}

test.concurrent('a run that is killed while its change is held back is finished, and the late change hurts nobody', async () => {
  await using it = await proxied('self');
  let held: () => void = () => undefined;
  const isHeld = new Promise<void>((resolve) => {
    held = resolve;
  });
  it.proxy.setRule((moment) => {
    if (!isChangeItself(moment)) return 'pass';
    held();
    return 'hold';
  });
  const running = it.scene.project.start(['apply', '--auto-approve']);
  await isHeld;
  running.process.kill('SIGKILL');
  await running.result;
  it.proxy.setRule(() => 'pass');
  await expectConverged(it.scene);
  expect(await it.scene.project.pam(['rotate', 'PamUser/app-1', '--auto-approve'])).toMatchObject({ code: 0 });
  it.proxy.release();
  await it.proxy.stop();
  await server.query('SELECT 1');
  expect(await opens(server, it.scene.accounts[0]?.login ?? '', await it.scene.stored('PamUser/app-1'))).toBe(true);
});

test.concurrent('a target that never answers is told as unreachable, with nothing changed and no login spent', async () => {
  await using it = await proxied('superuser');
  it.proxy.setRule(() => 'swallow');
  const result = await apply(it.scene);
  expect(result.code, result.stderr).toBe(7); // the records were written
  expect(await it.scene.staged('PamUser/app-1')).toBe(0);
  it.proxy.setRule(() => 'pass');
  await expectConverged(it.scene);
});

test.concurrent('a target that is down is tried three times in a run, not once for each of its accounts', async () => {
  await using it = await proxied('superuser', { accounts: 12, rotation: {} });
  expect(await apply(it.scene)).toMatchObject({ code: 0 });
  await it.scene.declare({ trigger: 'now' });
  const before = it.proxy.accepted();
  it.proxy.setRule(() => 'cut');
  const result = await apply(it.scene);
  expect(result.code, result.stderr).toBe(7); // the records were written
  expect(troubles(result)).toHaveLength(12);
  expect(it.proxy.accepted() - before).toBe(3);
  it.proxy.setRule(() => 'pass');
  expect(await apply(it.scene)).toMatchObject({ code: 0 });
});

const SEED = Number(process.env['PAM_TEST_SEED'] ?? Date.now() % 1_000_000);
const ROUNDS = 5;

test.concurrent.for<Mode>(['superuser', 'createrole'])(
  `connections cut at random bytes never lose a secret, changed by %s (PAM_TEST_SEED=${SEED})`,
  async (mode) => {
    const random = seededRandom(SEED);
    await using it = await proxied(mode, { accounts: 3, rotation: {} });
    await expectConverged(it.scene, { staged: 0 });
    for (let round = 1; round <= ROUNDS; round++) {
      await it.scene.declare({ trigger: `round-${round}` });
      let left = random(2000);
      it.proxy.setRule(({ chunk }) => {
        if (left > chunk.length) {
          left -= chunk.length;
          return 'pass';
        }
        const cutAfter = left;
        left = 500 + random(4000);
        return { cutAfter };
      });
      await apply(it.scene);
      for (const { address, login } of it.scene.accounts) {
        const known = [await it.scene.stored(address), await it.scene.stored(address, 'pending')];
        expect(await liveAmong(server, login, known), `round ${round}: some stored secret opens ${address}`).toBeDefined();
      }
    }
    it.proxy.setRule(() => 'pass');
    const settled = await apply(it.scene);
    expect(settled, settled.stdout + settled.stderr).toMatchObject({ code: 0 });
    for (const { address, login } of it.scene.accounts) expect(await opens(server, login, await it.scene.stored(address))).toBe(true);
    expect(await it.scene.project.journal()).toEqual([]);
    expect(await it.scene.project.pam(['plan', '--detailed-exitcode'])).toMatchObject({ code: 0 });
  },
);
