import { readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type PostgresServer, startPostgres } from '../servers/postgres.ts';
import { troubles } from './ledger.ts';
import { expectConverged, makeScene, opens, type Scene } from './scene.ts';

let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres({ logAll: true, settings: { max_connections: '100' } });
});
afterAll(() => server?.stop());

const APPLY = ['apply', '--auto-approve', '--json'];

/** Gives back the one entry: the accounts go one after the other, or the second one might leave another, or a half of one. */
async function killedAt(scene: Scene, failpoint: string): Promise<string> {
  const killed = await scene.project.pam([...APPLY, '--parallelism', '1'], { env: { PAM_TEST_FAILPOINT: failpoint } });
  expect(killed.signal, killed.stdout + killed.stderr).toBe('SIGKILL');
  const [entry = '', ...more] = await scene.project.journal();
  expect(more).toEqual([]);
  return join(scene.project.journalFolder, entry);
}

async function alterations(scene: Scene): Promise<number> {
  const log = await server.logText();
  return scene.accounts.reduce((sum, { login }) => sum + log.split(`ALTER ROLE "${login}"`).length - 1, 0);
}

/** The next apply finishes, what is left of the entry is kept or was never one, and then all is as after any fault. */
async function expectFinished(scene: Scene, leftOver: RegExp | null): Promise<void> {
  const applied = await scene.project.pam(APPLY);
  expect(applied, applied.stdout + applied.stderr).toMatchObject({ code: 0 });
  const left = await scene.project.journal();
  if (leftOver === null) expect(left).toEqual([]);
  else expect(left).toEqual([expect.stringMatching(leftOver)]);
  for (const name of left) await rm(join(scene.project.journalFolder, name));
  await expectConverged(scene);
}

describe.concurrent('power that fails', () => {
  // What was not flushed is gone with the power: kill -9 alone cannot show it, since the kernel keeps what was written.
  test.for([
    ['empty', () => 0],
    ['cut in its first line', (size: number) => Math.floor(size / 2)],
    ['cut in its last note', (size: number) => size - 7],
  ] as const)('leaves an entry that is %s: the same secret is found in the vault, and proved', async ([what, left]) => {
    await using scene = await makeScene(server, { mode: 'createrole', accounts: 1 });
    const entry = await killedAt(scene, 'rotate.answer-journaled');
    await truncate(entry, left((await stat(entry)).size));
    await expectFinished(scene, what === 'cut in its last note' ? null : /\.damaged$/);
  });

  test.for(['rotate.journaled', 'rotate.answered'])(
    'at %s undoes the rename of the entry, and the same secret goes out',
    async (failpoint) => {
      await using scene = await makeScene(server, { mode: 'createrole', accounts: 1 });
      const entry = await killedAt(scene, failpoint);
      await rename(entry, entry.replace(/journal$/, 'tmp'));
      await expectFinished(scene, null);
    },
  );
});

describe.concurrent('an entry with one bit turned', () => {
  test.for([
    ['its sealed head', (size: number) => Math.floor(size / 2), /\.damaged$/],
    ['its last note', (size: number) => size - 10, /\.damaged$/],
    // Then the note is one that a crash tore.
    ['the end of its last note', (size: number) => size - 1, null],
  ] as const)('in %s harms nobody: its own account is finished, and the other one rotated', async ([, at, leftOver]) => {
    await using scene = await makeScene(server, { mode: 'superuser', accounts: 2 });
    const entry = await killedAt(scene, 'rotate.answered');
    const bytes = await readFile(entry);
    const place = at(bytes.length);
    bytes[place] = (bytes[place] ?? 0) ^ 1;
    await writeFile(entry, bytes);
    await expectFinished(scene, leftOver);
  });
});

/** Makes one call of `node:fs/promises` fail in pam, as a disk would make it. */
function failing(code: 'EIO' | 'ENOSPC', body: string): Record<string, string> {
  const script = `
    import fs from 'node:fs/promises';
    import { syncBuiltinESMExports } from 'node:module';
    const fail = async () => { throw Object.assign(new Error('injected'), { code: '${code}' }); };
    const isJournal = (path) => String(path).includes('/journal/');
    const File = await fs.open('/dev/null').then(async (file) => { await file.close(); return Object.getPrototypeOf(file); });
    ${body}
    syncBuiltinESMExports();`;
  return { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(script)}` };
}

describe.concurrent('a disk of the journal on which', () => {
  test.for([
    ['an fsync gives EIO', failing('EIO', 'File.sync = fail;')],
    ['the flush of a note gives EIO', failing('EIO', 'File.datasync = fail;')],
    [
      'a rename finds no space',
      failing('ENOSPC', 'const real = fs.rename; fs.rename = (from, to) => (isJournal(to) ? fail() : real(from, to));'),
    ],
  ] as const)('%s: nothing is sent, and the same secret goes out once it works', async ([, env]) => {
    await using scene = await makeScene(server, { mode: 'superuser', accounts: 1 });
    const result = await scene.project.pam(APPLY, { env });
    expect(result.code, result.stdout + result.stderr).toBe(7); // the records were written
    expect(troubles(result)).toEqual(['rotate app-1: failed PAM4010']);
    expect(await alterations(scene)).toBe(0);
    await expectConverged(scene);
  });

  // Root passes over modes, unless it lets go of that power; others have none.
  test('nothing may be written: nothing is sent, and the same secret goes out once it may', async () => {
    await using scene = await makeScene(server, { mode: 'superuser', accounts: 1 });
    const drop = process.getuid?.() === 0 ? 'exec setpriv --bounding-set=-dac_override --inh-caps=-dac_override "$@"' : ':';
    const result = await scene.project.pam(APPLY, { shell: `mkdir -p .pam/journal; chmod 500 .pam/journal; ${drop}` });
    expect(troubles(result), result.stderr).toEqual(['rotate app-1: failed PAM4010']);
    expect(await alterations(scene)).toBe(0);
    expect(await opens(server, scene.accounts[0]?.login ?? '', await scene.stored('PamUser/app-1'))).toBe(true);
    await scene.project.pam(['list'], { shell: 'chmod 700 .pam/journal' });
    await expectConverged(scene);
  });
});
