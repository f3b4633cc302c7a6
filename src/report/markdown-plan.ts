import type { Change, Plan } from '../model/index.ts';
import { applyCommand } from './apply-command.ts';
import { byteLength, fitItems, type Item } from './budget.ts';
import { codeSpan, escapeFenced, escapeMarkdown, shorten } from './escape-markdown.ts';
import { isText, leaves, linesThatDiffer, showValue } from './fields.ts';
import type { Finding, FormatContext, Report } from './finding.ts';
import { planNotices } from './findings-of.ts';
import { cutNotice, marker, ownerText } from './markdown-parts.ts';
import { describe, formatSummary, SYMBOLS } from './text-plan.ts';

/** The parts of the document, in the order in which they stand. A blocked row stands in the first one only. */
const SECTIONS = {
  blocked: 'Blocked',
  removed: 'Deleted, retired and released',
  relinked: 'Links that move',
  notices: 'Risks and findings',
  secrets: 'Rotations and secrets',
  updates: 'Updates',
  creates: 'Creates and new links',
  differences: 'Differences',
} as const;
type Section = keyof typeof SECTIONS;

/** Lines of one difference; a CA or a list of hosts could be any number. */
const MAX_DIFF_LINES = 60;
/** Characters of a command that people copy. */
const MAX_COMMAND = 1000;
/** Addresses that a line of a risk names. */
const MAX_ADDRESSES = 5;

/** The plan for somebody who reviews it: what could hurt first, and never cut for the sake of what could not. */
export function formatMarkdownPlan(plan: Plan, report: Report, { maxBytes }: FormatContext): string {
  const items = [...plan.changes.map(rowItem), ...noticeItems(planNotices(plan, new Map())), ...plan.changes.flatMap(diffItem)];
  const head = `${marker(report)}\n## Plan${ownerText(report)}\n\n**${escapeMarkdown(formatSummary(plan.summary))}**\n`;
  const foot = footOf(plan);
  const everything = new Map(items.map((i) => [i.kind, items.length]));
  const reserved = byteLength(head) + byteLength(foot) + byteLength(cutNotice(everything, maxBytes));
  const { kept, cut } = fitItems(items, maxBytes - reserved, (section) => byteLength(openSection(section as Section, items.length)) + 1);
  const body = (Object.keys(SECTIONS) as Section[]).map((section) => {
    const own = kept.filter((i) => i.section === section);
    return own.length === 0 ? '' : `${openSection(section, items.filter((i) => i.section === section).length)}${textsOf(own)}`;
  });
  return `${head}${cutNotice(cut, maxBytes)}${body.join('')}${foot}`.trimEnd();
}

function textsOf(items: readonly Item[]): string {
  return items.map((i) => i.text).join('');
}

function openSection(section: Section, count: number): string {
  const title = `\n### ${SECTIONS[section]} (${count})\n\n`;
  if (section === 'differences') return title;
  const columns =
    section === 'blocked'
      ? ['', 'address', 'change', 'why']
      : section === 'notices'
        ? ['rule', 'what', 'where']
        : ['', 'address', 'change'];
  return `${title}| ${columns.join(' | ')} |\n|${'---|'.repeat(columns.length)}\n`;
}

/** How much a row weighs when there is no room for all: what would be lost or handed over first, blocked or not. */
function rankOf(change: Change): number {
  const section = sectionOf(change);
  if (section === 'removed') return change.blocked === undefined ? 0 : 1;
  if (section === 'relinked') return change.blocked === undefined ? 2 : 3;
  if (change.blocked !== undefined) return 4;
  return { secrets: 6, updates: 7, creates: 8 }[section];
}
const NOTICE_RANK = 5;
const DIFF_RANK = 10;

function sectionOf(change: Change): 'removed' | 'relinked' | 'secrets' | 'updates' | 'creates' {
  switch (change.kind) {
    case 'delete':
    case 'release':
    case 'retire':
      return 'removed';
    case 'relink':
      return 'relinked';
    case 'unlink':
      return change.link.type === 'belongs-to' || change.link.type === 'admin-of' ? 'relinked' : 'updates';
    case 'recover':
    case 'rotate':
    case 'ingest':
    case 'verify':
      return 'secrets';
    case 'update':
    case 'move':
    case 'adopt':
      return 'updates';
    case 'create':
    case 'link':
      return 'creates';
    default:
      return change satisfies never;
  }
}

function rowItem(change: Change): Item {
  const cells = [SYMBOLS[change.kind], codeSpan(change.address), escapeMarkdown(shorten(describe(change), 300))];
  const why =
    change.blocked === undefined ? [] : [`${codeSpan(change.blocked.code)} ${escapeMarkdown(shorten(change.blocked.reason, 500))}`];
  return {
    section: change.blocked === undefined ? sectionOf(change) : 'blocked',
    rank: rankOf(change),
    kind: change.kind,
    text: `| ${[...cells, ...why].map((c) => c.replaceAll('|', '&#124;')).join(' | ')} |\n`,
  };
}

/** One line for all addresses that the same is said of: fifty rotations have fifty times the same risk. */
function noticeItems(notices: readonly Finding[]): readonly Item[] {
  const groups = new Map<string, Finding[]>();
  for (const notice of notices) {
    const key = JSON.stringify([notice.level, notice.rule, notice.message, notice.hint]);
    groups.set(key, [...(groups.get(key) ?? []), notice]);
  }
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const named = group.slice(0, MAX_ADDRESSES).flatMap((f) => (f.address === undefined ? [] : [codeSpan(f.address)]));
    const more = group.length > MAX_ADDRESSES ? ` and ${group.length - MAX_ADDRESSES} more` : '';
    const hint = first.hint === undefined ? '' : `<br>hint: ${escapeMarkdown(shorten(first.hint, 300))}`;
    return [
      {
        section: 'notices',
        rank: NOTICE_RANK - (first.level === 'error' ? 0.5 : 0),
        kind: first.level,
        text: `| ${first.level} ${codeSpan(first.rule, 80)} | ${escapeMarkdown(shorten(first.message, 500))}${hint} | ${named.join(', ')}${more} |\n`,
      },
    ];
  });
}

/** What a row writes, collapsed; only where it has fields. */
function diffItem(change: Change): readonly Item[] {
  const lines = diffLinesOf(change);
  if (lines.length === 0) return [];
  const shown = lines.slice(0, MAX_DIFF_LINES).map((line) => `${line[0]} ${escapeFenced(line.slice(2))}`);
  const rest = lines.length > MAX_DIFF_LINES ? [`  ${lines.length - MAX_DIFF_LINES} more lines`] : [];
  const summary = `<summary>${codeSpan(change.address)} ${change.kind}</summary>`;
  return [
    {
      section: 'differences',
      rank: DIFF_RANK + rankOf(change),
      kind: 'difference',
      text: `<details>${summary}\n\n\`\`\`diff\n${[...shown, ...rest].join('\n')}\n\`\`\`\n\n</details>\n\n`,
    },
  ];
}

function diffLinesOf(change: Change): readonly string[] {
  if (change.kind === 'create') return leaves(change.after).map(({ path, after }) => `+ ${path} = ${showValue(after)}`);
  if (change.kind !== 'update') return [];
  return change.fields.flatMap((field) => {
    if (isText(field)) return [`  ${field.path}`, ...linesThatDiffer(field)];
    const [before, after] = [showValue(field.before), showValue(field.after)];
    return [`- ${field.path} = ${before}`, `+ ${field.path} = ${after}`];
  });
}

function footOf(plan: Plan): string {
  const command = plan.changes.length === 0 ? '' : `\nTo apply exactly this:\n\n\`\`\`sh\n${commandOf(plan)}\n\`\`\`\n`;
  return `\nDigest: \`${plan.digest}\`\n${command}`;
}

/** What could end the fence, or is too long to be typed, is not spelled out. */
function commandOf(plan: Plan): string {
  const command = applyCommand(plan);
  if (command === escapeFenced(command, MAX_COMMAND) && !command.includes('`')) return command;
  return `pam apply --approve ${plan.digest} # with the flags of this plan`;
}
