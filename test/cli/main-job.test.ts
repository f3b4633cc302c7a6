import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MODES, makeScene, opens, type Scene, type SceneAccount } from '../faults/scene.ts';
import { type PostgresServer, startPostgres } from '../servers/postgres.ts';

interface PlanJson {
  readonly digest: string;
  readonly asOf: string;
  readonly changes: readonly { readonly address: string; readonly kind: string; readonly reason?: { readonly type: string } }[];
}

const ACCOUNTS = 20;
const DAY_MS = 86_400_000;

async function plan(scene: Scene, ...args: readonly string[]): Promise<PlanJson> {
  const result = await scene.project.pam(['plan', '--json', ...args]);
  expect(result, result.stderr).toMatchObject({ code: 0 });
  return result.json<PlanJson>();
}

async function apply(scene: Scene, code = 0): Promise<void> {
  const result = await scene.project.pam(['apply', '--auto-approve']);
  expect(result, result.stdout + result.stderr).toMatchObject({ code });
}

function rotations({ changes }: PlanJson): readonly string[] {
  return changes.filter((c) => c.kind === 'rotate').map((c) => `${c.address} ${c.reason?.type}`);
}

/** What is stored for each account, checked against the server: the stored one opens, the one before does not. */
async function secretsOf(scene: Scene, before: ReadonlyMap<SceneAccount, string | undefined>): Promise<Map<SceneAccount, string>> {
  const secrets = new Map<SceneAccount, string>();
  const stored = await scene.storedAll();
  for (const [i, account] of scene.accounts.entries()) {
    const secret = stored[i];
    expect(await opens(scene.server, account.login, secret), `the stored secret of ${account.login}`).toBe(true);
    const old = before.get(account);
    if (old !== secret) expect(await opens(scene.server, account.login, old), `the old secret of ${account.login}`).toBe(false);
    secrets.set(account, secret ?? '');
  }
  return secrets;
}

describe.for(['debian', 'npm'] as const)('PostgreSQL of %s', (version) => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres({ version, logAll: true });
  });
  afterAll(() => server?.stop());

  // The rules for CREATEROLE changed with 16; an account that changes itself is the same everywhere.
  test.for(version === 'npm' ? MODES : MODES.slice(0, 2))(
    'twenty accounts from YAML to proved rotations, changed by %s, and nothing a second time',
    async (mode) => {
      await using scene = await makeScene(server, { mode, accounts: ACCOUNTS, unknownFrom: ACCOUNTS / 2 });
      const first = new Map(scene.accounts.map((a) => [a, a.password]));
      expect(rotations(await plan(scene))).toHaveLength(ACCOUNTS);

      await apply(scene);
      const rotated = await secretsOf(scene, first);
      expect(new Set(rotated.values()).size).toBe(ACCOUNTS);

      expect(await scene.project.pam(['plan', '--detailed-exitcode'])).toMatchObject({ code: 0 });
      await apply(scene);
      expect(await secretsOf(scene, rotated)).toEqual(rotated);
      expect(await scene.stagedAll()).toEqual(scene.accounts.map(() => 1));
    },
  );

  test('without initial nothing is rotated, and what was given is proved', async () => {
    await using scene = await makeScene(server, { mode: 'superuser', accounts: 3, rotation: {} });
    await apply(scene);
    for (const { address, password } of scene.accounts) {
      expect(await scene.staged(address)).toBe(0);
      expect(await scene.stored(address)).toBe(password);
    }
    expect(await scene.project.pam(['plan', '--detailed-exitcode'])).toMatchObject({ code: 0 });
  });
});

describe('triggers and due dates', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres({ logAll: true });
  });
  afterAll(() => server?.stop());

  test('a new trigger rotates exactly one account, and going back to the old value rotates none', async () => {
    await using scene = await makeScene(server, { mode: 'createrole', accounts: 3, rotation: { trigger: 'one' } });
    await apply(scene);
    const [chosen] = scene.accounts;
    if (chosen === undefined) throw new Error('no accounts');
    await scene.declare({ trigger: 'two' }, [chosen]);
    expect(rotations(await plan(scene))).toEqual([`${chosen.address} trigger`]);
    await apply(scene);
    expect(await scene.stagedAll()).toEqual([1, 0, 0]);
    await scene.declare({});
    expect(rotations(await plan(scene))).toEqual([]);
    await apply(scene);
    await scene.declare({ trigger: 'two' }, [chosen]);
    await apply(scene);
    expect(await scene.stagedAll()).toEqual([1, 0, 0]);
  });

  test('a plan for a future moment shows exactly what is due by then, and cannot be applied', async () => {
    await using scene = await makeScene(server, { mode: 'superuser', accounts: 4, rotation: {} });
    const daily = scene.accounts.slice(0, 2);
    await scene.declare({ policy: undefined, schedule: { every: '2d' } }, daily);
    await apply(scene);
    const later = (days: number) => new Date(Date.now() + days * DAY_MS).toISOString();
    expect(rotations(await plan(scene, '--as-of', later(1)))).toEqual([]);
    expect(rotations(await plan(scene, '--as-of', later(3)))).toEqual(daily.map((a) => `${a.address} due`));
    expect(rotations(await plan(scene, '--as-of', later(40)))).toEqual(scene.accounts.map((a) => `${a.address} due`));
    await scene.project.pam(['plan', '--as-of', later(3), '--out', 'future.json']);
    expect(await scene.project.pam(['apply', 'future.json'])).toMatchObject({ code: 4 });
    expect(await scene.stagedAll()).toEqual([0, 0, 0, 0]);
  });

  test('pam rotate rotates the accounts it is given, once, and no other', async () => {
    await using scene = await makeScene(server, { mode: 'createrole', accounts: 3, rotation: {} });
    await apply(scene);
    expect(await scene.project.pam(['rotate', 'PamUser/app-2', '--auto-approve'])).toMatchObject({ code: 0 });
    expect(await scene.stagedAll()).toEqual([0, 1, 0]);
    await secretsOf(scene, new Map(scene.accounts.slice(1, 2).map((a) => [a, a.password])));
  });

  test('the administrator rotates after the accounts that it serves, and only when it is let', async () => {
    await using scene = await makeScene(server, { mode: 'superuser', accounts: 3, adminRotation: { initial: 'now' } });
    const blocked = await scene.project.pam(['apply', '--auto-approve']);
    expect(blocked, blocked.stderr).toMatchObject({ code: 3 });
    expect(await scene.staged(scene.admin.address)).toBe(0);
    await scene.declare({ trigger: 'again' });
    const applied = await scene.project.pam(['apply', '--auto-approve', '--grant', 'soleAdmin=1']);
    expect(applied, applied.stderr).toMatchObject({ code: 0 });
    const times = await Promise.all(scene.accounts.map(async (a) => (await scene.record(a.address)).rotation.lastRotatedAt ?? ''));
    const own = (await scene.record(scene.admin.address)).rotation.lastRotatedAt ?? '';
    expect(times.every((at) => at < own)).toBe(true);
    expect(await opens(server, scene.admin.login, await scene.stored(scene.admin.address))).toBe(true);
    expect(await opens(server, scene.admin.login, scene.admin.password)).toBe(false);
  });
});
