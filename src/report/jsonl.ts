import type { FormatContext, Report } from './finding.ts';

/** What every line begins with. */
export interface Envelope {
  readonly version: 1;
  readonly stream: string;
  readonly sequence: number;
}

/** One event of `--format jsonl`: `schemas/event.json`. */
export function formatLine(envelope: Envelope, { type, ...rest }: { readonly type: string; readonly [field: string]: unknown }): string {
  return JSON.stringify({ ...envelope, type, ...rest });
}

/** How every stream ends: the exit code, and what `--format json` prints. */
export function resultEvent(document: object, exit: number): { readonly type: 'result'; readonly [field: string]: unknown } {
  return { exit, ...document, type: 'result' };
}

/** A line a finding, then the result, from the given sequence number on. */
export function formatJsonl(report: Report, { stream }: FormatContext, first = 1): string {
  const events = [...report.findings.map((finding) => ({ ...finding, type: 'finding' })), resultEvent(report.document, report.exit)];
  return events.map((event, i) => formatLine({ version: 1, stream, sequence: first + i }, event)).join('\n');
}
