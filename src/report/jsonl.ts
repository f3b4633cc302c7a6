import type { FormatContext, Report } from './finding.ts';

/** What every line begins with. */
export interface Envelope {
  readonly version: 1;
  readonly stream: string;
  readonly sequence: number;
}

/** One event of `--format jsonl`: `schemas/event.json`. */
export function formatLine(envelope: Envelope, event: { readonly type: string }): string {
  return JSON.stringify({ ...envelope, ...event });
}

/** A line a finding, then the result, from the given sequence number on. */
export function formatJsonl(report: Report, { stream }: FormatContext, first = 1): string {
  const events = [
    ...report.findings.map((finding) => ({ type: 'finding', ...finding })),
    { ...report.document, type: 'result', exit: report.exit },
  ];
  return events.map((event, i) => formatLine({ version: 1, stream, sequence: first + i }, event)).join('\n');
}
