import { identityFlag } from '../src/cli/command.ts';
import { FindingsCommand } from '../src/cli/findings-command.ts';
import { addressesOf, recordAt } from '../src/cli/records.ts';
import { stopOnSignals } from '../src/cli/signals.ts';
import type { ExitCode } from '../src/errors/index.ts';
import { type Address, type SecretField, sameOwner, type VaultRecord, versionIn } from '../src/model/index.ts';
import { createRotateContext, openVault, refuseVolatileVault } from '../src/project/index.ts';
import { formatTable, verifyFindings } from '../src/report/index.ts';
import { createLogins, lookupIn, type VerifyResult, verifyAccount } from '../src/rotate/index.ts';

type Row = { readonly address: Address; readonly field: SecretField } & VerifyResult;

export default class Verify extends FindingsCommand {
  static override summary = 'Prove stored credentials on their targets, and record what was found.';
  static override description =
    `Logs in afresh with each stored secret. An address that is named is tried even if its secret was refused before: that is a person's
decision. Exits with 2 when a target refuses what is stored.`;
  static override examples = ['<%= config.bin %> <%= command.id %>', '<%= config.bin %> <%= command.id %> PamUser/orders-app --json'];
  static override strict = false;
  static override flags = { ...identityFlag };

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(Verify);
    this.useFlags(flags);
    const named = addressesOf(argv as string[], 'PamUser');
    const project = await this.openProject();
    refuseVolatileVault(project, process.env);
    const signals = stopOnSignals((text) => this.tell(text));
    try {
      await using vault = await openVault(project, flags.identity, process.env);
      const snapshot = await vault.authenticate();
      const ctx = createRotateContext(project, vault, { command: 'verify', env: process.env, emit: this.emit, stop: signals.signal });
      const logins = createLogins(ctx);
      const lookup = lookupIn(snapshot, project.owner);
      const records =
        named.length > 0
          ? named.map((a) => recordAt(snapshot, project.owner, a))
          : snapshot.records.filter((r) => sameOwner(r.owner, project.owner));
      const rows: Row[] = [];
      for (const record of records) {
        for (const field of fieldsOf(record, named.length > 0)) {
          if (signals.signal.aborted) continue;
          rows.push({
            address: record.address,
            field,
            ...(await verifyAccount(ctx, logins, record.id, lookup, field, { clear: named.length > 0 })),
          });
        }
      }
      const exit = signals.signal.aborted ? 130 : exitOf(rows);
      this.setExit(exit);
      const text =
        rows.length === 0
          ? 'Nothing to verify.'
          : formatTable(
              ['ADDRESS', 'FIELD', 'STATE', 'HOW'],
              rows.map((r) => [r.address, r.field, r.state, howText(r)]),
            );
      const summary = summaryOf(rows);
      await this.report({ findings: verifyFindings(rows), document: { credentials: rows, exit }, text: () => text, summary });
    } finally {
      signals.dispose();
    }
  }
}

/** What is stored; of an address that is named also nothing yet, so that a person can clear what keeps its input from being tried. */
function fieldsOf(record: VaultRecord, isNamed: boolean): readonly SecretField[] {
  const stored = (['password', 'privateKey'] as const).filter((field) => versionIn(record, field, 'current') !== undefined);
  return stored.length === 0 && isNamed ? ['password'] : stored;
}

function exitOf(rows: readonly Row[]): ExitCode {
  if (rows.some((r) => r.state === 'moved')) return 2;
  return rows.some((r) => r.state === 'unknown') ? 1 : 0;
}

/** `Verify: 3 proved, 1 moved.` */
function summaryOf(rows: readonly Row[]): string {
  if (rows.length === 0) return 'Nothing to verify.';
  const states = (['proved', 'kept', 'moved', 'unknown'] as const).flatMap((state) => {
    const n = rows.filter((r) => r.state === state).length;
    return n === 0 ? [] : [`${n} ${state}`];
  });
  return `Verify: ${states.join(', ')}.`;
}

function howText(row: Row): string {
  if (row.state === 'proved') return `${row.method} on ${row.node}${row.restricted === undefined ? '' : ` (${row.restricted})`}`;
  return row.state === 'kept' ? 'nothing to prove' : `[${row.code}] ${row.detail}`;
}
