import type { PamError } from '../errors/index.ts';
import type { Address, Change, Plan, SourceLocation } from '../model/index.ts';
import type { DriftReport } from '../plan/index.ts';
import type { VerifyResult } from '../rotate/index.ts';
import type { Finding, Level } from './finding.ts';
import { ageText, type Live } from './text-drift.ts';

/** Where the manifests declare an address. */
export type Sources = ReadonlyMap<string, SourceLocation>;

/** Problems of manifests, and whatever else a command fails with. */
export function errorFindings(errors: readonly PamError[], level: Level = 'error'): readonly Finding[] {
  return errors.map(({ code, message, hint, source }) => ({
    rule: code,
    level,
    message,
    ...(hint === undefined ? {} : { hint }),
    ...(source === undefined ? {} : { source }),
  }));
}

/** Of a plan: its blocked rows, then what `planNotices` has. */
export function planFindings(plan: Plan, sources: Sources): readonly Finding[] {
  const blocked = plan.changes.flatMap((change): readonly Finding[] =>
    change.blocked === undefined
      ? []
      : [
          {
            rule: change.blocked.code,
            level: 'error',
            message: `${change.id} is blocked: ${change.blocked.reason}`,
            ...placeOf(change.address, sources, change),
          },
        ],
  );
  return [...blocked, ...planNotices(plan, sources)];
}

/** What a plan says besides its rows: what the rules of the project found, then its risks. */
export function planNotices(plan: Plan, sources: Sources): readonly Finding[] {
  const policies = plan.findings.map(
    ({ rule, severity, address, message, hint, source }): Finding => ({
      rule: `policy/${rule}`,
      level: severity,
      message,
      ...(hint === undefined ? {} : { hint }),
      ...(address === undefined ? {} : placeOf(address, sources)),
      ...(source === undefined ? {} : { source }),
    }),
  );
  const rows = new Map(plan.changes.filter((c) => c.source !== undefined).map((c) => [c.address, c]));
  const risks = plan.risks.map(
    ({ code, address, message }): Finding => ({
      rule: `risk/${code}`,
      level: 'warning',
      message,
      ...placeOf(address, sources, rows.get(address)),
    }),
  );
  return [...policies, ...risks];
}

/** With a look at the targets also what could not be seen there, and what is no drift. */
export function driftFindings(report: DriftReport, live: Live | undefined, asOf: string, sources: Sources): readonly Finding[] {
  const moved = report.findings.map(
    (finding): Finding => ({
      rule: `drift/${finding.class}`,
      level: 'error',
      message: `${finding.message}${ageText(finding, asOf)}`,
      ...placeOf(finding.address, sources),
    }),
  );
  const unseen = (live?.unseen ?? []).map(
    ({ code, address, message }): Finding => ({ rule: code, level: 'error', message, ...placeOf(address, sources) }),
  );
  const notes = (live?.notes ?? []).map(
    ({ address, message }): Finding => ({ rule: 'drift/note', level: 'note', message, ...placeOf(address, sources) }),
  );
  return [...moved, ...unseen, ...notes];
}

/** A credential that was looked at, as `pam verify` lists it. */
type Verified = { readonly address: Address; readonly field: string } & VerifyResult;

/** What is not proved; records carry no places, so neither do these. */
export function verifyFindings(rows: readonly Verified[]): readonly Finding[] {
  return rows.flatMap((row): readonly Finding[] => {
    if (row.state === 'proved' || row.state === 'kept') return [];
    const { address } = row;
    if (row.state === 'unknown') return [{ rule: row.code, level: 'error', address, message: `${row.field}: ${row.detail}` }];
    return [
      {
        rule: 'verify/moved',
        level: 'error',
        address,
        message: `${row.field}: the target refuses what is stored ([${row.code}] ${row.detail})`,
        hint: `run: pam recover ${address} --explain`,
      },
    ];
  });
}

/** Files that `pam fmt` would lay out, each with the first line that it would change. */
export function layoutFindings(files: readonly { readonly path: string; readonly line: number }[]): readonly Finding[] {
  return files.map(({ path, line }) => ({
    rule: 'fmt/layout',
    level: 'error',
    message: `${path} is not laid out in the canonical way`,
    hint: 'run: pam fmt',
    source: { file: path, line, column: 1 },
  }));
}

function placeOf(address: Address, sources: Sources, change?: Change): Pick<Finding, 'address' | 'source'> {
  const source = change?.source ?? sources.get(address);
  return source === undefined ? { address } : { address, source };
}
