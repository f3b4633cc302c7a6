import type { Fitted } from './budget.ts';
import { escapeMarkdown } from './escape-markdown.ts';
import type { Report } from './finding.ts';

/** Hidden, and the same for every report of a command, project and environment: a bot looks for it to update its one comment. */
export function marker({ command, owner }: Pick<Report, 'command' | 'owner'>): string {
  const encode = (text: string) => encodeURIComponent(text).replaceAll('--', '-%2D');
  return `<!-- pam:${encode(command)} project=${encode(owner?.project ?? '-')} environment=${encode(owner?.environment ?? '-')} -->`;
}

export function ownerText({ owner }: Pick<Report, 'owner'>): string {
  return owner === undefined ? '' : `: ${escapeMarkdown(`${owner.project}/${owner.environment}`)}`;
}

/** What does not stand in the document, by kind; nothing where nothing was cut. */
export function cutNotice(cut: Fitted['cut'], maxBytes: number): string {
  if (cut.size === 0) return '';
  const counts = [...cut].map(([kind, n]) => `${n} ${kind}`).join(', ');
  return `\n> **Cut to fit ${maxBytes} bytes:** ${counts}. \`--format json\` has everything.\n`;
}
