import type { LedgerEntry, Outcome, PamEvent } from '../model/index.ts';
import type { Paint } from './paint.ts';

/** One line of progress, or null where an event is told only with `--verbose`. */
export function formatEvent(event: PamEvent, paint: Paint, verbose: boolean): string | null {
  switch (event.type) {
    case 'recovering':
      return `${event.address}: finishing the interrupted rotation ${event.rotationId}`;
    case 'run':
      return verbose ? paint.dim(`run ${event.runId}`) : null;
    case 'started':
      return event.kind === 'rotate' || verbose ? `${event.address}: ${event.kind} …` : null;
    case 'phase':
      return verbose ? paint.dim(`${event.address}: ${event.phase}`) : null;
    case 'finished':
      return isQuiet(event.entry, verbose) ? null : formatEntry(event.entry, paint);
    case 'waiting':
      return `waiting up to ${event.seconds} s for ${event.what}`;
    case 'warning':
      return `${paint.yellow('warning')}: ${event.message}`;
    default:
      return event satisfies never;
  }
}

/** A thousand created records are counted, not listed. */
function isQuiet(entry: LedgerEntry, verbose: boolean): boolean {
  return !verbose && entry.outcome === 'succeeded' && !['rotate', 'ingest', 'verify', 'recover'].includes(entry.kind);
}

export function formatEntry(entry: LedgerEntry, paint: Paint): string {
  const word = colorOf(entry.outcome, paint)(entry.already === true ? 'already done' : entry.outcome);
  const code = entry.code === undefined ? '' : ` [${entry.code}]`;
  const because = entry.because === undefined ? '' : ` because of ${entry.because}`;
  const detail = entry.detail === undefined || entry.detail === `waits for ${entry.because}` ? '' : `: ${entry.detail}`;
  return `${entry.id}: ${word}${code}${because}${detail}`;
}

/** What did not succeed line by line, then how many of each. */
export function formatLedger(entries: readonly LedgerEntry[], paint: Paint): string {
  const lines = entries.filter((e) => e.outcome !== 'succeeded').map((e) => `  ${formatEntry(e, paint)}`);
  const counts = new Map<string, number>();
  for (const e of entries) {
    const word = e.already === true ? 'already done' : e.outcome;
    counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  const summary = [...counts].map(([word, n]) => `${n} ${word}`).join(', ');
  return [...lines, ...(lines.length > 0 ? [''] : []), paint.bold(entries.length === 0 ? 'Nothing to do.' : `Apply: ${summary}.`)].join(
    '\n',
  );
}

function colorOf(outcome: Outcome, paint: Paint): (text: string) => string {
  switch (outcome) {
    case 'succeeded':
      return paint.green;
    case 'failed':
    case 'unknown':
      return paint.red;
    case 'skipped':
    case 'not attempted':
    case 'blocked':
      return paint.yellow;
    default:
      return outcome satisfies never;
  }
}
