import { Flags } from '@oclif/core';
import { identityFlag, PamCommand } from '../src/cli/command.ts';
import { addressesOf, recordAt } from '../src/cli/records.ts';
import { stopOnSignals } from '../src/cli/signals.ts';
import type { ExitCode } from '../src/errors/index.ts';
import { isPamError, PamError } from '../src/errors/index.ts';
import { linkOf, sameOwner, type VaultRecord } from '../src/model/index.ts';
import { createRotateContext, openVault, refuseVolatileVault } from '../src/project/index.ts';
import { formatTable } from '../src/report/index.ts';
import {
  createLogins,
  type Explanation,
  explainUnfinished,
  listUnfinished,
  lookupIn,
  recoverAccount,
  restoreFromJournal,
} from '../src/rotate/index.ts';

interface Row {
  readonly address: string;
  readonly outcome: string;
  readonly code?: string;
  readonly detail?: string;
}

export default class Recover extends PamCommand {
  static override summary = 'Finish interrupted rotations, or explain them.';
  static override description =
    `Asks each target which secret is live, cheapest proof first and inside the login budget, and goes on from there with the same secret.
A quarantined account that is named is tried again. With --from-journal what only the journal knows comes back into the vault first.
Where nothing that pam knows opens the account any more, --with reconcile-credential lets another administrator set the pending secret.`;
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> PamUser/orders-app --explain',
    '<%= config.bin %> <%= command.id %> --from-journal',
    '<%= config.bin %> <%= command.id %> PamUser/orders-app --with reconcile-credential',
  ];
  static override strict = false;
  static override flags = {
    ...identityFlag,
    explain: Flags.boolean({ description: 'Change nothing: show state, evidence, candidates by id and the next safe step.' }),
    'from-journal': Flags.boolean({ description: 'Put secrets that only the journal has back into the vault.' }),
    with: Flags.string({
      description: 'Reset the named accounts with what their manifests declare as reconcileCredential, whatever secret they have now.',
      options: ['reconcile-credential'],
    }),
  };

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(Recover);
    this.useFlags(flags);
    const named = addressesOf(argv as string[], 'PamUser');
    const through = flags.with === 'reconcile-credential' ? 'reconcile-credential' : 'usual';
    if (through !== 'usual' && named.length === 0)
      throw new PamError('PAM9001', '--with resets accounts, so they must be named', { hint: 'such as PamUser/orders-app' });
    const project = await this.openProject();
    if (!flags.explain) refuseVolatileVault(project, process.env);
    const signals = stopOnSignals((text) => this.tell(text));
    try {
      await using vault = await openVault(project, flags.identity, process.env);
      const snapshot = await vault.authenticate();
      const ctx = createRotateContext(project, vault, { command: 'recover', env: process.env, emit: this.emit, stop: signals.signal });
      const wanted = named.map((address) => recordAt(snapshot, project.owner, address));
      const isWanted = (record: VaultRecord | null) => named.length === 0 || wanted.some((w) => w.id === record?.id);
      if (flags.explain) {
        const unfinished = (await listUnfinished(ctx, snapshot.records)).filter((u) => isWanted(u.record));
        const explained = unfinished.map(explainUnfinished);
        return this.print(
          { rotations: explained },
          explained.length === 0 ? 'Nothing is unfinished.' : explained.map(explanationText).join('\n\n'),
        );
      }
      const rows: Row[] = [];
      if (flags['from-journal']) rows.push(...(await restoreFromJournal(ctx, snapshot, project.owner)));
      const fresh = await vault.authenticate();
      const lookup = lookupIn(fresh, project.owner);
      const logins = createLogins(ctx);
      const unfinished = await listUnfinished(ctx, fresh.records);
      const records = new Map(
        unfinished.flatMap((u) =>
          u.record !== null && sameOwner(u.record.owner, project.owner) && isWanted(u.record) ? [[u.record.id, u.record] as const] : [],
        ),
      );
      for (const record of records.values()) {
        if (signals.signal.aborted) break;
        // Back from the journal a moment ago: the apply that links it goes on.
        if (flags['from-journal'] && linkOf(record, 'belongs-to') === undefined) continue;
        if (record.rotation.quarantined !== undefined && named.length === 0) {
          rows.push({
            address: record.address,
            outcome: 'quarantined',
            code: 'PAM4001',
            detail: `${record.rotation.quarantined.reason}; name the address to try again`,
          });
          continue;
        }
        rows.push(await recoverOne(record, () => recoverAccount(ctx, logins, record.id, lookup, { clear: named.length > 0, through })));
      }
      const exit = signals.signal.aborted ? 130 : exitOf(rows);
      this.setExit(exit);
      this.print(
        { rotations: rows, exit },
        rows.length === 0
          ? 'Nothing is unfinished.'
          : formatTable(
              ['ADDRESS', 'OUTCOME', 'DETAIL'],
              rows.map((r) => [r.address, r.outcome, `${r.code === undefined ? '' : `[${r.code}] `}${r.detail ?? ''}`]),
            ),
      );
    } finally {
      signals.dispose();
    }
  }
}

async function recoverOne(record: VaultRecord, work: () => ReturnType<typeof recoverAccount>): Promise<Row> {
  try {
    const result = await work();
    return result === null ? { address: record.address, outcome: 'nothing to do' } : { address: record.address, ...result };
  } catch (error) {
    if (!isPamError(error)) throw error;
    return { address: record.address, outcome: 'failed', code: error.code, detail: error.message };
  }
}

function exitOf(rows: readonly Row[]): ExitCode {
  if (rows.some((r) => r.outcome === 'quarantined' || r.outcome === 'unfinished')) return 7;
  return rows.some((r) => r.outcome === 'failed') ? 1 : 0;
}

function explanationText(e: Explanation): string {
  return [
    `${e.address} (rotation ${e.rotationId})`,
    `  state       ${e.state}`,
    ...e.evidence.map((line, i) => `  ${i === 0 ? 'evidence' : '        '}    ${line}`),
    ...e.candidates.map((c, i) => `  ${i === 0 ? 'candidates' : '          '}  ${c.version} (${c.role}; in ${c.where.join(' and ')})`),
    `  next        ${e.next}`,
    `  costs       ${e.cost}`,
  ].join('\n');
}
