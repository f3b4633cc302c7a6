import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { closedPort } from '../servers/fault-proxy.ts';
import { type PostgresServer, startPostgres } from '../servers/postgres.ts';
import { expectConverged, makeScene, opens, plannedRows, type Scene } from './scene.ts';

let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres({ logAll: true, settings: { max_connections: '100' } });
});
afterAll(() => server?.stop());

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly moved?: { readonly from: string } };
  readonly spec: Readonly<Record<string, unknown>>;
}

const apply = (scene: Scene) => scene.project.pam(['apply', '--auto-approve']);

/** The server has the new secret of an account, and the run was killed before it knew. */
async function inFlight(): Promise<Scene> {
  const scene = await makeScene(server, { mode: 'createrole', accounts: 1 });
  const killed = await scene.project.pam(['apply', '--auto-approve'], { env: { PAM_TEST_FAILPOINT: 'rotate.answered' } });
  expect(killed.signal, killed.stdout + killed.stderr).toBe('SIGKILL');
  return scene;
}

/** Somebody merges something else; gives back what puts it right again. */
async function edit(scene: Scene, change: (manifest: Manifest) => Manifest | null): Promise<() => Promise<void>> {
  const text = await readFile(join(scene.project.root, 'manifests/all.yaml'), 'utf8');
  const before = text
    .split('---\n')
    .slice(1)
    .map((part): Manifest => JSON.parse(part));
  await scene.project.declare(before.map(change).filter((manifest) => manifest !== null));
  return () => scene.project.declare(before);
}

const isApp = ({ metadata }: Manifest) => metadata.name === 'app-1';
const withSpec = (manifest: Manifest, more: object): Manifest => ({ ...manifest, spec: { ...manifest.spec, ...more } });

describe.concurrent('while a rotation is in flight', () => {
  // What is in flight is finished first, where it began; only then the manifests count.
  test.for([
    ['its policy becomes stricter', (m: Manifest) => (m.kind === 'RotationPolicy' ? withSpec(m, { complexity: { length: 48 } }) : m)],
    [
      'its account is paused',
      (m: Manifest) => (isApp(m) ? withSpec(m, { rotation: { ...(m.spec['rotation'] as object), enabled: false } }) : m),
    ],
    ['its manifest goes', (m: Manifest) => (isApp(m) ? null : m)],
  ] as const)('%s: it is finished with the secret that it has', async ([, change]) => {
    await using scene = await inFlight();
    const pending = await scene.stored('PamUser/app-1', 'pending');
    const back = await edit(scene, change);
    expect(await apply(scene)).toMatchObject({ code: 0 });
    expect(await scene.stored('PamUser/app-1')).toBe(pending);
    expect(await scene.project.journal()).toEqual([]);
    await back();
    await expectConverged(scene);
  });

  test('its account gets another name: it is finished under that one', async () => {
    await using scene = await inFlight();
    const pending = await scene.stored('PamUser/app-1', 'pending');
    await edit(scene, (m) => (isApp(m) ? { ...m, metadata: { name: 'renamed', moved: { from: 'app-1' } } } : m));
    expect(await apply(scene)).toMatchObject({ code: 0 });
    expect(await scene.stored('PamUser/renamed')).toBe(pending);
    expect(await opens(server, scene.accounts[0]?.login ?? '', pending)).toBe(true);
    expect(await scene.project.journal()).toEqual([]);
    expect(await plannedRows(scene)).toEqual([]);
  });

  test('its server moves to where nobody is: it is finished where it began', async () => {
    await using scene = await inFlight();
    const port = await closedPort();
    const back = await edit(scene, (m) => (m.kind === 'PamDatabase' ? withSpec(m, { port }) : m));
    expect(await apply(scene)).toMatchObject({ code: 0 });
    expect(await opens(server, scene.accounts[0]?.login ?? '', await scene.stored('PamUser/app-1'))).toBe(true);
    await back();
    await expectConverged(scene);
  });

  test('its login becomes that of another account: it is finished where it began, and the other one is not touched', async () => {
    await using scene = await inFlight();
    const { login = '' } = scene.accounts[0] ?? {};
    const other = `${login}_other`;
    await server.query(`CREATE ROLE ${other} LOGIN PASSWORD 'of-the-other'; GRANT ${other} TO ${scene.admin.login} WITH ADMIN OPTION`);
    const back = await edit(scene, (m) => (isApp(m) ? withSpec(m, { login: other }) : m));
    expect(await apply(scene)).toMatchObject({ code: 0 });
    expect(await opens(server, other, 'of-the-other')).toBe(true);
    expect(await opens(server, login, await scene.stored('PamUser/app-1'))).toBe(true);
    await back();
    await expectConverged(scene);
  });
});
