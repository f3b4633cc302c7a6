import type { DriftReport, Finding } from '../plan/index.ts';
import type { LiveReport } from '../rotate/index.ts';
import type { Paint } from './paint.ts';

/** What a look at the targets came to, without its findings: those are among all others. */
export type Live = Omit<LiveReport, 'findings'>;

/** Today's keys stay as they are; `live` is there when the targets were looked at. */
export function driftToJson(report: DriftReport, live: Live | undefined): object {
  if (live === undefined) return report;
  const { targets, accounts, proved, unseen, notes } = live;
  return { ...report, live: { targets, accounts, proved, unseen, notes } };
}

/** One section a class, then what could not be looked at; what was acknowledged is counted. */
export function formatDrift(report: DriftReport, live: Live | undefined, asOf: string, paint: Paint): string {
  const classes = [...new Set(report.findings.map((f) => f.class))];
  const sections = classes.map((name) => {
    const findings = report.findings.filter((f) => f.class === name);
    return [paint.bold(`${name} (${findings.length})`), ...findings.map((f) => `  ${f.address}: ${f.message}${ageText(f, asOf)}`), ''].join(
      '\n',
    );
  });
  const accepted = report.accepted.map((a) => paint.dim(`accepted until ${a.until}: ${a.address} (${a.reason})`));
  return [...sections, ...(live === undefined ? [] : liveSections(live, paint)), ...accepted, paint.bold(driftSummary(report, live))].join(
    '\n',
  );
}

/** `Drift: 1 overdue, 2 unmanaged. Looked at …`: one line. */
export function driftSummary({ findings }: DriftReport, live: Live | undefined): string {
  const classes = [...new Set(findings.map((f) => f.class))];
  const found = classes.map((c) => `${findings.filter((f) => f.class === c).length} ${c}`).join(', ');
  return `${found === '' ? 'No drift.' : `Drift: ${found}.`}${live === undefined ? '' : ` ${lookedText(live)}`}`;
}

function liveSections({ unseen, notes }: Live, paint: Paint): readonly string[] {
  const blind = together(unseen.map(({ address, code, message }) => ({ address, message: `[${code}] ${message}` })));
  return [
    ...(unseen.length === 0 ? [] : [paint.bold(`could not be looked at (${unseen.length})`), ...blind, '']),
    ...(notes.length === 0 ? [] : [...together(notes).map((line) => paint.dim(line)), '']),
  ];
}

/** How many addresses stand in a line that says the same of all of them. */
const MAX_NAMED = 3;

/** What was said of many accounts in the same words is said once. */
function together(all: readonly { readonly address: string; readonly message: string }[]): readonly string[] {
  return [...new Set(all.map((one) => one.message))].map((message) => {
    const same = all.filter((one) => one.message === message);
    const named = same.slice(0, MAX_NAMED).map((one) => one.address);
    const more = same.length > MAX_NAMED ? ` and ${same.length - MAX_NAMED} more` : '';
    return `  ${named.join(', ')}${more}: ${message}`;
  });
}

function lookedText({ targets, accounts, proved, unseen }: Live): string {
  const parts = [
    `Looked at ${count(accounts, 'account')} on ${count(targets, 'target')}`,
    ...(proved > 0 ? [`${proved} proved`] : []),
    ...(unseen.length > 0 ? [`${unseen.length} could not be looked at`] : []),
  ];
  return `${parts.join(', ')}.`;
}

function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
}

export function ageText(finding: Finding, asOf: string): string {
  if (finding.since === undefined) return '';
  const days = Math.floor((Date.parse(asOf) - Date.parse(finding.since)) / 86_400_000);
  return ` (since ${finding.since}, ${days} ${days === 1 ? 'day' : 'days'})`;
}
