import type { DriftReport, Finding } from '../plan/index.ts';
import type { Paint } from './paint.ts';

/** One section a class; what was acknowledged is counted. */
export function formatDrift(report: DriftReport, asOf: string, paint: Paint): string {
  const classes = [...new Set(report.findings.map((f) => f.class))];
  const sections = classes.map((name) => {
    const findings = report.findings.filter((f) => f.class === name);
    return [paint.bold(`${name} (${findings.length})`), ...findings.map((f) => `  ${f.address}: ${f.message}${age(f, asOf)}`), ''].join(
      '\n',
    );
  });
  const accepted = report.accepted.map((a) => paint.dim(`accepted until ${a.until}: ${a.address} (${a.reason})`));
  const summary =
    report.findings.length === 0
      ? 'No drift.'
      : `Drift: ${classes.map((c) => `${report.findings.filter((f) => f.class === c).length} ${c}`).join(', ')}.`;
  return [...sections, ...accepted, paint.bold(summary)].join('\n');
}

function age(finding: Finding, asOf: string): string {
  if (finding.since === undefined) return '';
  const days = Math.floor((Date.parse(asOf) - Date.parse(finding.since)) / 86_400_000);
  return ` (since ${finding.since}, ${days} ${days === 1 ? 'day' : 'days'})`;
}
