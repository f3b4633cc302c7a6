import { randomBytes } from 'node:crypto';
import type { Address, Secret, VersionId } from '../../src/model/index.ts';
import { loadDesired, openProject, planWith, WHOLE } from '../../src/project/index.ts';
import { createJournal, fileJournalStorage } from '../../src/rotate/index.ts';
import { makeProject, type PamResult, type TestProject } from '../cli/project.ts';
import { manifest, type RoundAccount, type RoundTarget } from './target.ts';

/** All that a project has stored for one account, wherever it lies. */
export interface Stored {
  readonly versions: readonly { readonly id: VersionId; readonly state: string; readonly secret: Secret }[];
  /** Only what the vault does not have. */
  readonly journal: readonly Secret[];
  readonly isActive: boolean;
}

/** One project with one vault and accounts on all servers; lanes run side by side and share nothing but the servers. */
export interface Lane extends AsyncDisposable {
  readonly project: TestProject;
  readonly targets: readonly RoundTarget[];
  readonly accounts: readonly RoundAccount[];
  /** Declares everything; each account with the trigger that is given for it. */
  declare(triggers: ReadonlyMap<Address, string>): Promise<void>;
  apply(env?: Record<string, string>): Promise<PamResult>;
  /** Looked up in copies of vault and journal, while no pam runs. */
  stored(): Promise<ReadonlyMap<Address, Stored>>;
  /** Rows that `pam plan` would show. */
  planned(): Promise<readonly string[]>;
}

/** Makes the project, and adopts and proves the passwords that the accounts have. */
export async function makeLane(targets: readonly RoundTarget[]): Promise<Lane> {
  const accounts = targets.flatMap((target) => target.accounts);
  const project = await makeProject({
    ...Object.fromEntries(targets.flatMap(({ env }) => Object.entries(env))),
    ...Object.fromEntries(accounts.map(({ variable, password }) => [variable, password])),
  });
  for (const { files = {} } of targets) for (const [path, text] of Object.entries(files)) await project.write(path, text);
  const lane: Lane = {
    project,
    targets,
    accounts,
    declare: (triggers) =>
      project.declare([
        manifest('PamConfiguration', 'net', { type: 'network' }),
        manifest('RotationPolicy', 'by-hand', { schedule: { onDemand: true }, complexity: COMPLEXITY }),
        ...targets.flatMap(({ documents }) => documents),
        ...accounts.map(({ address, spec, variable, self }) => {
          const trigger = triggers.get(address);
          const rotation = { type: 'general', policy: 'by-hand', initial: 'never' };
          return manifest('PamUser', address.slice('PamUser/'.length), {
            ...spec,
            password: { fromEnv: variable },
            rotation: { ...rotation, ...(self ? { selfRotate: true } : {}), ...(trigger === undefined ? {} : { trigger }) },
          });
        }),
      ]),
    apply: (env = {}) => project.pam(['apply', '--auto-approve', '--format', 'jsonl'], { env }),
    stored: () => readStored(project, accounts),
    async planned() {
      const opened = await openProject({ folder: project.root });
      const plan = planWith(opened, await loadDesired(opened), { narrowing: WHOLE, grants: {} });
      const snapshot = await project.readVault((vault) => vault.snapshot());
      return plan(snapshot, new Date().toISOString()).changes.map((change) => change.id);
    },
    [Symbol.asyncDispose]: () => project[Symbol.asyncDispose](),
  };
  await lane.declare(new Map());
  const adopted = await lane.apply();
  if (adopted.code !== 0) throw new Error(`the accounts could not be adopted:\n${adopted.stdout}${adopted.stderr}`);
  return lane;
}

/** What every server's policy takes. */
const COMPLEXITY = { length: 24, upper: 2, lower: 2, digits: 2, special: 1, specialSet: '-_.~+' };

function readStored(project: TestProject, accounts: readonly RoundAccount[]): Promise<ReadonlyMap<Address, Stored>> {
  return project.readVault(async (vault) => {
    const journal = createJournal(fileJournalStorage(project.journalFolder), vault.sealer, randomBytes, vault.macOf);
    const reads = await Promise.all((await journal.list()).map((id) => journal.read(id)));
    const heads = reads.flatMap((read) => (read.state === 'entry' ? [read.entry.head] : []));
    const { records } = await vault.snapshot();
    const all = accounts.map(async ({ address }) => {
      const record = records.find((r) => r.address === address);
      if (record === undefined) throw new Error(`no record of ${address}`);
      const headers = record.versions.filter(({ field }) => field === 'password');
      const versions = headers.map(async ({ id, state }) => {
        return { id, state, secret: await vault.readSecret({ record: record.id, field: 'password', version: id }) };
      });
      const candidates = heads.filter((head) => head.record === record.id).flatMap((head) => head.candidates);
      const stored: Stored = {
        versions: await Promise.all(versions),
        journal: candidates.filter(({ version }) => !headers.some(({ id }) => id === version)).map(({ secret }) => secret),
        isActive: record.rotation.active !== undefined,
      };
      return [address, stored] as const;
    });
    return new Map(await Promise.all(all));
  });
}
