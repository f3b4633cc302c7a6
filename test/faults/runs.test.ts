import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ROTATE_FAILPOINTS } from '../../src/rotate/index.ts';
import { type FaultProxy, type Moment, startFaultProxy } from '../servers/fault-proxy.ts';
import { type PostgresServer, startPostgres } from '../servers/postgres.ts';
import { type ApplyJson, troubles } from './ledger.ts';
import { expectConverged, type Mode, makeScene, type Scene, type SceneOptions } from './scene.ts';

let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres({ logAll: true, settings: { max_connections: '100' } });
});
afterAll(() => server?.stop());

interface HeldScene extends AsyncDisposable {
  readonly scene: Scene;
  readonly proxy: FaultProxy;
  /** Resolves once a run is in the middle of changing the first account, and stays there until `proxy.release()` or its time limit. */
  readonly inFlight: Promise<void>;
}

/** The change of the first account is held back (or its answer, with `swallow`, never comes). */
async function held(verdict: 'hold' | 'swallow' = 'hold', options: Partial<SceneOptions> = {}): Promise<HeldScene> {
  const proxy = await startFaultProxy(server);
  const scene = await makeScene(server, { mode: 'superuser', accounts: 2, unknownFrom: 0, endpoint: proxy, ...options });
  const [first] = scene.accounts;
  const isFirst = ({ clientBytes }: Moment) => clientBytes.includes(`ALTER ROLE "${first?.login}"`);
  const inFlight = new Promise<void>((resolve) => {
    let done = false;
    proxy.setRule((moment) => {
      if (done || !isFirst(moment) || moment.from !== (verdict === 'hold' ? 'client' : 'server')) return 'pass';
      done = true;
      resolve();
      return verdict;
    });
  });
  return {
    scene,
    proxy,
    inFlight,
    async [Symbol.asyncDispose]() {
      await scene[Symbol.asyncDispose]();
      await proxy.stop();
    },
  };
}

const APPLY = ['apply', '--auto-approve', '--json'];

describe.concurrent('runs at the same time', () => {
  test('a second apply exits 5 and says who has the lease, or waits for it as long as it is told', async () => {
    await using it = await held();
    const first = it.scene.project.start(APPLY);
    await it.inFlight;
    first.process.kill('SIGSTOP');
    const refused = await it.scene.project.pam(['apply', '--auto-approve']);
    expect(refused).toMatchObject({ code: 5, stdout: '' });
    expect(refused.stderr).toContain('PAM5007');
    expect(refused.stderr).toContain(String(first.process.pid));
    const waiting = it.scene.project.start(['apply', '--auto-approve', '--lock-timeout', '60s']);
    await waiting.said('waiting up to 60 s for another run');
    it.proxy.release();
    first.process.kill('SIGCONT');
    expect(await first.result).toMatchObject({ code: 0 });
    expect(await waiting.result).toMatchObject({ code: 0 });
    await expectConverged(it.scene);
  });

  test('a long apply keeps pam rotate from its own account only', async () => {
    await using it = await held('hold', { rotation: {} });
    expect(await it.scene.project.pam(APPLY)).toMatchObject({ code: 0 });
    await it.scene.declare({ trigger: 'now' }, it.scene.accounts.slice(0, 1));
    const long = it.scene.project.start(APPLY);
    await it.inFlight;
    long.process.kill('SIGSTOP');
    const [same, other] = await Promise.all([
      it.scene.project.pam(['rotate', 'PamUser/app-1', '--auto-approve', '--json']),
      it.scene.project.pam(['rotate', 'PamUser/app-2', '--auto-approve']),
    ]);
    expect(troubles(same)).toEqual(['rotate app-1: failed PAM5007']);
    expect(other, other.stderr).toMatchObject({ code: 0 });
    it.proxy.release();
    long.process.kill('SIGCONT');
    expect(await long.result).toMatchObject({ code: 0 });
    await expectConverged(it.scene);
  });
});

describe.concurrent('interrupted', () => {
  test.for(['SIGINT', 'SIGTERM'] as const)(
    '%s lets what is in flight finish, starts nothing, prints the ledger, exits 130',
    async (signal) => {
      await using it = await held('hold', { accounts: 4 });
      const run = it.scene.project.start([...APPLY, '--parallelism', '1']);
      await it.inFlight;
      run.process.kill(signal);
      await run.said('interrupted');
      it.proxy.release();
      const result = await run.result;
      expect(result, result.stderr).toMatchObject({ code: 130 });
      const { ledger } = result.json<ApplyJson>();
      expect(ledger.filter((e) => e.kind === 'rotate').map((e) => `${e.address} ${e.outcome}`)).toEqual([
        'PamUser/app-1 succeeded',
        'PamUser/app-2 not attempted',
        'PamUser/app-3 not attempted',
        'PamUser/app-4 not attempted',
      ]);
      await expectConverged(it.scene);
    },
  );

  test.for<Mode>(['superuser', 'createrole', 'self'])(
    'an unknown outcome (change by %s) is left to the next apply or finished',
    async (mode) => {
      await using it = await held('swallow', { mode, ...(mode === 'self' ? { unknownFrom: 2 } : {}) });
      const run = it.scene.project.start(APPLY);
      await it.inFlight;
      run.process.kill('SIGINT');
      const result = await run.result;
      expect(result, result.stderr).toMatchObject({ code: 130 });
      expect(result.json<ApplyJson>().ledger.map((e) => e.code)).not.toContain('PAM9003');
      await expectConverged(it.scene);
    },
  );

  test.for(ROTATE_FAILPOINTS.filter((name) => !name.startsWith('recover.')))('a SIGTERM at %s ends in a safe state', async (failpoint) => {
    await using scene = await makeScene(server, { mode: 'superuser', accounts: 2, unknownFrom: 1 });
    const result = await scene.project.pam(APPLY, { env: { PAM_TEST_FAILPOINT: `${failpoint}:1:SIGTERM` } });
    expect(result, result.stdout + result.stderr).toMatchObject({ code: 130, signal: null });
    expect(result.json<ApplyJson>().ledger.map((e) => e.code)).not.toContain('PAM9003');
    await expectConverged(scene);
  });

  test('a second signal ends at once, and the next apply finishes', async () => {
    await using it = await held();
    const run = it.scene.project.start(APPLY);
    await it.inFlight;
    run.process.kill('SIGINT');
    await run.said('interrupted');
    run.process.kill('SIGINT');
    expect(await run.result).toMatchObject({ code: 130, stdout: '' });
    await expectConverged(it.scene);
  });

  test('an apply that waits for the lease gives up with 130', async () => {
    await using it = await held();
    const first = it.scene.project.start(APPLY);
    await it.inFlight;
    first.process.kill('SIGSTOP');
    const waiting = it.scene.project.start(['apply', '--auto-approve', '--lock-timeout', '60s']);
    await waiting.said('waiting');
    waiting.process.kill('SIGTERM');
    const result = await waiting.result;
    expect(result, result.stderr).toMatchObject({ code: 130 });
    expect(result.stderr).toContain('PAM4012');
    it.proxy.release();
    first.process.kill('SIGCONT');
    expect(await first.result).toMatchObject({ code: 0 });
  });
});

test.concurrent('a run that was stopped for longer than its lease is fenced, and the run that took over keeps what it made', async () => {
  await using it = await held('hold', { accounts: 1 });
  const paused = it.scene.project.start(APPLY);
  await it.inFlight;
  paused.process.kill('SIGSTOP');
  const successor = await it.scene.project.pam([...APPLY, '--lock-timeout', '100s']);
  expect(successor, successor.stdout + successor.stderr).toMatchObject({ code: 0 });
  const secret = await it.scene.stored('PamUser/app-1');
  it.proxy.release();
  paused.process.kill('SIGCONT');
  const result = await paused.result;
  // It took the lease anew and found the work done.
  expect(result, result.stdout + result.stderr).toMatchObject({ code: 0 });
  expect(await it.scene.stored('PamUser/app-1')).toBe(secret);
  await expectConverged(it.scene);
});
