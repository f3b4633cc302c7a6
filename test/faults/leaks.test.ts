import { execFile, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect, promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Secret } from '../../src/model/index.ts';
import { loadProvider } from '../../src/project/providers.ts';
import type { Account, Target } from '../../src/providers/provider.ts';
import { describeSubject } from '../../src/rotate/subject.ts';
import { type PamOptions, readTree } from '../cli/project.ts';
import { leaks } from '../contract/canary.ts';
import { sambaRounds, slapdRounds } from '../rounds/directories.ts';
import { type Lane, makeLane } from '../rounds/lane.ts';
import { mariadbRounds } from '../rounds/mariadb.ts';
import { postgresRounds } from '../rounds/postgres.ts';
import { sshdRounds } from '../rounds/sshd.ts';
import type { RoundServer } from '../rounds/target.ts';
import { hasServer } from '../servers/missing.ts';
import { type ProcessWatch, watchProcesses } from './processes.ts';

const run = promisify(execFile);
const OPTIONS = { connectTimeoutMs: 10_000, sessionName: 'pam-test' };
const WRONG = `a-wrong-Pass+w0rd/with=signs&more-${randomBytes(6).toString('hex')}`;

const STARTS = [
  postgresRounds,
  ...(hasServer('mariadb') ? [mariadbRounds] : []),
  ...(hasServer('slapd') ? [slapdRounds] : []),
  ...(hasServer('samba') ? [sambaRounds] : []),
  ...(hasServer('openssh') ? [sshdRounds] : []),
];

/** Everything that pam, its children and the servers leave behind, while pam does all that it does with secrets, on all servers at once. */
describe('the hunt for secrets', () => {
  let servers: readonly RoundServer[] = [];
  let lane: Lane;
  let watch: ProcessWatch;
  /** What pam has printed, and what its errors hold. */
  const said: string[] = [];
  const errors: string[] = [];
  let midway = '';
  let temporary = '';

  beforeAll(async () => {
    servers = await Promise.all(STARTS.map((start) => start({ talkative: true })));
    const targets = await Promise.all(servers.map((server) => server.makeTarget()));
    const given = new Set(targets.flatMap(({ env, accounts }) => [...Object.keys(env), ...accounts.map(({ variable }) => variable)]));
    // What a manifest reads with `fromEnv` stands in the environment of pam itself, and of no other program.
    watch = watchProcesses(
      ([node, program], variable) => node === process.execPath && /\/dist\/pam\.js$/.test(program ?? '') && given.has(variable),
    );
    lane = await makeLane(targets);
    temporary = join(lane.project.home, 'tmp');
    mkdirSync(temporary);
    lane.project.env['TMPDIR'] = temporary;
  });
  afterAll(async () => {
    watch?.stop();
    await lane?.[Symbol.asyncDispose]();
    await Promise.all(servers.map((server) => server.stop()));
  });

  async function pam(args: readonly string[], env: PamOptions['env'] = {}): Promise<void> {
    const { stdout, stderr, code, signal } = await lane.project.pam(args, { env: { PAM_DEBUG: '1', ...env } });
    said.push(`$ pam ${args.join(' ')} (${code ?? signal})`, stdout, stderr);
  }

  /** Bytes as they are; of a copy, since opening the vault here would touch its locks. */
  async function projectOnDisk(): Promise<string> {
    const copy = join(lane.project.home, `copy-${randomBytes(4).toString('hex')}`);
    await run('cp', ['-r', lane.project.root, copy]);
    return readTree(copy);
  }

  async function places(): Promise<Readonly<Record<string, string>>> {
    const written = await Promise.all(servers.map((server) => server.written()));
    return {
      ...Object.assign({}, ...written),
      'what pam prints': said.join('\n'),
      'its errors': errors.join('\n'),
      'vault and journal in the middle of a rotation': midway,
      'vault, journal and all else of the project': await projectOnDisk(),
      'temporary folders': await readTree(temporary),
      'command lines': watch.commandLines(),
      environments: watch.environments(),
    };
  }

  /** Every secret that there is or was, and what opens the vault. */
  async function allSecrets(): Promise<readonly Secret[]> {
    const known = [
      ...Object.entries(lane.project.env).flatMap(([name, value]) => (/^[A-Z]+_[A-Z]+$/.test(name) && value ? [value] : [])),
      WRONG,
    ];
    const identity = /^AGE-SECRET-KEY-\S+$/m.exec(readFileSync(lane.project.identityFile, 'utf8'))?.[0] ?? '';
    const stored = await lane.project.readVault(async (vault) => {
      const refs = (await vault.snapshot()).records.flatMap((r) =>
        r.versions.map((v) => ({ record: r.id, field: v.field, version: v.id })),
      );
      return Promise.all(refs.map((ref) => vault.readSecret(ref)));
    });
    return [...[...known, identity].map((text) => Secret.fromText(text)), ...stored];
  }

  /** Each account with its target, as its records say. */
  function subjects(): Promise<readonly { readonly account: Account; readonly target: Target }[]> {
    return lane.project.readVault(async (vault) => {
      const { records } = await vault.snapshot();
      const lookup = (address: string) => records.find((record) => record.address === address);
      return records
        .filter(({ address }) => address.startsWith('PamUser/'))
        .flatMap((record) => {
          const { account, target } = describeSubject(record, lookup);
          return target === null ? [] : [{ account, target }];
        });
    });
  }

  /** What a program that uses the library would have in its hands, down to the last hidden property. */
  async function collectErrors(account: Account, target: Target, secret: Secret): Promise<void> {
    const module = await loadProvider(target.type);
    const keep = (what: unknown) =>
      errors.push(
        inspect(what, { depth: Number.POSITIVE_INFINITY, showHidden: true, getters: true, maxStringLength: null }),
        JSON.stringify(what),
      );
    try {
      await using _ = await module?.open(target, { ...account, secret }, OPTIONS);
    } catch (error) {
      keep(error);
    }
    await using provider = await module?.open(target, null, OPTIONS);
    keep(await provider?.prove(account, secret));
  }

  test('nothing that pam does leaves one anywhere', async () => {
    const all = lane.accounts.map(({ address }) => address);
    await lane.declare(new Map(all.map((address) => [address, 'once'])));
    await pam(['plan', '--json', '--out', 'plan.json', '--out-dir', 'reports']);
    await pam(['apply', '--auto-approve', '--verbose'], { PAM_TEST_FAILPOINT: 'rotate.answered' });
    midway = await projectOnDisk();
    await pam(['recover', '--explain', '--json']);
    await pam(['recover', '--verbose', '--format', 'jsonl']);
    await pam(['apply', '--auto-approve', '--verbose', '--format', 'jsonl']);
    await pam(['rotate', ...all, '--auto-approve', '--verbose']);
    await pam(['drift', '--live', '--prove', '--json']);
    await pam(['verify', '--verbose', '--format', 'jsonl', '--out-dir', 'reports']);
    for (const look of [['list'], ['show', all[0] ?? ''], ['history'], ['audit', 'list'], ['vault', 'backup', 'backup.db']])
      await pam([...look, '--json']);
    // Every source has a new version, and a wrong one.
    const manifests = join(lane.project.root, 'manifests', 'all.yaml');
    writeFileSync(manifests, readFileSync(manifests, 'utf8').replaceAll(/("fromEnv": "\w+")/g, '$1, "version": 2'));
    const wrong = Object.fromEntries(
      Object.keys(lane.project.env).flatMap((name) => (/^[A-Z]+_[A-Z]+$/.test(name) ? [[name, WRONG]] : [])),
    );
    await pam(['apply', '--auto-approve', '--verbose', '--json'], wrong);
    await Promise.all((await subjects()).map(({ account, target }) => collectErrors(account, target, Secret.fromText(WRONG))));

    const secrets = await allSecrets();
    expect(secrets.length).toBeGreaterThan(STARTS.length * 6);
    const found = await places();
    expect(found['vault and journal in the middle of a rotation']).toContain('pam-journal/1');
    expect(found['what pam prints']).toMatch(/PAM6003/);
    if (hasServer('openssh')) expect(found['command lines']).toMatch(/\/usr\/sbin\/chpasswd/);
    for (const [place, text] of Object.entries(found)) {
      expect(text.length, `${place} was looked at`).toBeGreaterThan(place === 'temporary folders' ? -1 : 100);
      expect(leaks(text, ...secrets), `in ${place}`).toEqual([]);
    }
  }, 300_000);

  test('and the hunt sees what is left in any of these places', async () => {
    const word = `canary-${randomBytes(8).toString('hex')}`;
    // The name of an account that there is not stands in the log of every server.
    const names = await subjects();
    const leave = async ({ account, target }: (typeof names)[number]) => {
      await using provider = await (await loadProvider(target.type))?.open(target, null, OPTIONS);
      const fields = { ...account.fields, distinguishedName: `cn=${word},ou=people,dc=pam,dc=test` };
      await provider?.prove({ ...account, login: word, fields }, Secret.fromText('no-such-account'));
      await collectErrors(account, { ...target, host: `${word}.invalid` }, Secret.fromText(WRONG));
    };
    await Promise.all(names.map(leave));
    const admin = names.find(({ account }) => account.address === 'PamUser/ssh-admin')?.account.login;
    if (admin !== undefined) execFileSync('runuser', ['-u', admin, '--', 'sudo', '-n', '/bin/true', word]);
    await pam(['show', `PamUser/${word}`]);
    writeFileSync(join(lane.project.root, '.pam', 'journal', 'planted'), Buffer.from(word, 'utf16le'));
    writeFileSync(join(temporary, 'planted'), Buffer.from(word).toString('hex'));
    midway = await projectOnDisk();
    for (const [args, env] of [
      [[word], {}],
      [[], { [lane.accounts[0]?.variable ?? '']: word }],
    ] as const) {
      const child = spawn('/bin/sh', ['-c', 'read line', ...args], { env, stdio: ['pipe', 'ignore', 'ignore'] });
      await expect.poll(() => leaks(args.length > 0 ? watch.commandLines() : watch.environments(), Secret.fromText(word))).not.toEqual([]);
      child.kill('SIGKILL');
    }
    for (const [place, text] of Object.entries(await places())) expect(leaks(text, Secret.fromText(word)), `in ${place}`).not.toEqual([]);
  }, 120_000);
});
