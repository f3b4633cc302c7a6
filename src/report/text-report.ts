import type { Coverage, StateReport } from '../plan/index.ts';
import type { Paint } from './paint.ts';
import { formatTable } from './text-record.ts';

/** What is wrong, then how much of each resource is taken care of; the page has the rest. */
export function formatReport(report: StateReport, paint: Paint): string {
  const { total } = report;
  const trouble = report.accounts.flatMap((a) =>
    a.trouble.map((t) => `  ${paint.red(t.kind)} ${a.address} since ${t.since}: ${t.message}`),
  );
  const overdue = report.accounts.filter((a) => a.overdue).map((a) => `  ${a.address} since ${a.dueSince}`);
  const sections = [
    ...(trouble.length === 0 ? [] : [paint.bold('Trouble'), ...trouble, '']),
    ...(overdue.length === 0 ? [] : [paint.bold('Overdue'), ...overdue, '']),
    formatTable(
      ['RESOURCE', 'ACCOUNTS', 'ROTATED', 'PROVED', 'UNPROVED', 'OVERDUE', 'TROUBLE'],
      [...report.byResource, { ...total, group: 'total' }].map(rowOf),
    ),
  ];
  return sections.join('\n');
}

function rowOf(c: Coverage): readonly string[] {
  const counts = [c.accounts, c.rotated, c.proved, c.unproved, c.overdue, c.troubled];
  return [c.group === '' ? '(none)' : c.group, ...counts.map(String)];
}
