import { byteLength, fitItems, type Item } from './budget.ts';
import { codeSpan, escapeMarkdown, shorten } from './escape-markdown.ts';
import type { Finding, FormatContext, Report } from './finding.ts';
import { cutNotice, marker, ownerText } from './markdown-parts.ts';
import { formatMarkdownPlan } from './markdown-plan.ts';
import { ruleInfo } from './rules.ts';

/** For a comment at a pull request, a merge request or a step summary. A plan has a form of its own; everything else is a table of findings. */
export function formatMarkdown(report: Report, context: FormatContext): string {
  if (report.plan !== undefined) return formatMarkdownPlan(report.plan, report, context);
  const items = report.findings.map(
    (finding, i): Item => ({ section: 'findings', rank: i, kind: finding.level, text: findingLine(finding, context) }),
  );
  const head = `${marker(report)}\n## ${escapeMarkdown(`pam ${report.command}`)}${ownerText(report)}\n\n**${escapeMarkdown(shorten(report.summary, 500))}**\n`;
  const table = '\n| level | rule | where | what |\n|---|---|---|---|\n';
  const all = new Map(['error', 'warning', 'note'].map((level) => [level, report.findings.length]));
  const reserved = byteLength(head) + byteLength(cutNotice(all, context.maxBytes));
  const { kept, cut } = fitItems(items, context.maxBytes - reserved, () => byteLength(table));
  const body = kept.length === 0 ? '' : `${table}${kept.map((i) => i.text).join('')}`;
  return `${head}${body}${cutNotice(cut, context.maxBytes)}`.trimEnd();
}

function findingLine({ rule, level, address, source, message, hint }: Finding, context: FormatContext): string {
  const place = source === undefined ? [] : [`${source.file}:${source.line}`];
  const where = [...(address === undefined ? [] : [address]), ...place].map((part) => codeSpan(part)).join('<br>');
  const what = escapeMarkdown(shorten(message, 500)) + (hint === undefined ? '' : `<br>hint: ${escapeMarkdown(shorten(hint, 300))}`);
  const { title } = ruleInfo(rule, context);
  const name = title === rule ? '' : `<br>${escapeMarkdown(shorten(title, 100))}`;
  return `| ${level} | ${codeSpan(rule, 80)}${name} | ${where} | ${what} |\n`;
}
