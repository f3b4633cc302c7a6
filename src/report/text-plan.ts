import type { Change, ChangeKind, FieldChange, Plan, PlanSummary, PolicyFinding } from '../model/index.ts';
import { isText, leaves, linesThatDiffer, showValue } from './fields.ts';
import type { Paint } from './paint.ts';

/** Terraform's signs, and those that it has no need of. */
export const SYMBOLS: Readonly<Record<ChangeKind, string>> = {
  create: '+',
  update: '~',
  link: '→',
  unlink: '⇥',
  relink: '⇄',
  rotate: '↻',
  verify: '?',
  ingest: '↓',
  move: '>',
  adopt: '*',
  release: '.',
  retire: '×',
  delete: '-',
  recover: '!',
};

/** What the kinds are called in the summary line, in the order in which they stand there. */
const WORDS: readonly (readonly [ChangeKind, (n: number) => string])[] = [
  ['recover', (n) => `${n} to recover`],
  ['create', (n) => `${n} to create`],
  ['update', (n) => `${n} to update`],
  ['move', (n) => `${n} to move`],
  ['adopt', (n) => `${n} to adopt`],
  ['link', (n) => `${n} ${n === 1 ? 'link' : 'links'}`],
  ['unlink', (n) => `${n} to unlink`],
  ['relink', (n) => `${n} to relink`],
  ['ingest', (n) => `${n} to ingest`],
  ['verify', (n) => `${n} to verify`],
  ['rotate', (n) => `${n} to rotate`],
  ['retire', (n) => `${n} to retire`],
  ['release', (n) => `${n} to release`],
  ['delete', (n) => `${n} to delete`],
];

/** `Plan: 3 to create, 4 links, 2 to rotate (1 initial, 1 due), 1 to release. 40 unchanged.` */
export function formatSummary({ counts, rotateReasons, blocked, unchanged }: PlanSummary): string {
  const parts = WORDS.flatMap(([kind, word]) => {
    const n = counts[kind];
    if (n === undefined) return [];
    if (kind !== 'rotate') return [word(n)];
    const reasons = Object.entries(rotateReasons).map(([reason, count]) => `${count} ${reason}`);
    return [`${word(n)} (${reasons.join(', ')})`];
  });
  if (parts.length === 0) return `No changes. ${unchanged} unchanged.`;
  return `Plan: ${parts.join(', ')}.${blocked > 0 ? ` ${blocked} blocked.` : ''} ${unchanged} unchanged.`;
}

export function formatPlan(plan: Plan, paint: Paint): string {
  const lines: string[] = [];
  for (const [address, rows] of byObject(plan.changes)) {
    lines.push(`${paint.bold(address)}`);
    for (const row of rows) lines.push(...formatRow(row, paint));
    lines.push('');
  }
  if (plan.risks.length > 0) {
    lines.push(
      paint.bold('Risks'),
      ...plan.risks.map((r) => `  ${paint.yellow('!')} ${r.address}: ${r.message} ${paint.dim(`(${r.code})`)}`),
      '',
    );
  }
  if (plan.findings.length > 0) lines.push(paint.bold('Policies'), ...plan.findings.flatMap((f) => formatFinding(f, paint)), '');
  if (plan.unmanaged.length > 0) {
    lines.push(
      paint.bold('Released, no longer managed'),
      ...plan.unmanaged.map((u) => `  . ${u.address} ${paint.dim(`since ${u.releasedAt}`)}`),
      '',
    );
  }
  lines.push(paint.bold(formatSummary(plan.summary)), `Digest: ${plan.digest}`);
  if (plan.expiresAt !== undefined) lines.push(`Expires: ${plan.expiresAt} (apply --approve needs --expires ${plan.expiresAt})`);
  return lines.join('\n');
}

function formatFinding({ severity, address, message, rule, hint, source }: PolicyFinding, paint: Paint): readonly string[] {
  const sign = severity === 'error' ? paint.red('✗') : paint.yellow('!');
  const place = source === undefined ? [] : [paint.dim(`      --> ${source.file}:${source.line}:${source.column}`)];
  return [
    `  ${sign} ${address === undefined ? '' : `${address}: `}${message} ${paint.dim(`(${rule}${severity === 'error' ? ', stops apply' : ''})`)}`,
    ...(severity === 'error' ? place : []),
    ...(hint === undefined ? [] : [`      ${paint.cyan('hint')}: ${hint}`]),
  ];
}

/** Rows of one object stand together, in the order in which their objects are first touched. */
function byObject(changes: readonly Change[]): ReadonlyMap<string, readonly Change[]> {
  const groups = new Map<string, Change[]>();
  for (const change of changes) {
    const group = groups.get(change.address);
    if (group === undefined) groups.set(change.address, [change]);
    else group.push(change);
  }
  return groups;
}

function formatRow(row: Change, paint: Paint): readonly string[] {
  const color = colorOf(row.kind, paint);
  const head = `  ${color(SYMBOLS[row.kind])} ${describe(row)}`;
  const blocked = row.blocked === undefined ? [] : [`      ${paint.red('blocked')} [${row.blocked.code}] ${row.blocked.reason}`];
  return [head, ...details(row), ...blocked];
}

/** One row in words, without its address. */
export function describe(row: Change): string {
  switch (row.kind) {
    case 'create':
    case 'update':
    case 'adopt':
    case 'retire':
    case 'delete':
      return row.kind;
    case 'release':
      return 'release (no manifest declares it; the record and the account stay)';
    case 'link':
    case 'unlink':
      return `${row.kind} ${row.link.type} ${row.link.to}`;
    case 'relink':
      return `relink ${row.link.type} ${row.from} → ${row.link.to}`;
    case 'move':
      return `move from ${row.from}`;
    case 'ingest': {
      const { fromEnv, fromFile, fromCommand, version } = row.input;
      const source = fromEnv !== undefined ? `$${fromEnv}` : (fromFile ?? JSON.stringify(fromCommand));
      return `ingest ${row.field} from ${source} (version ${version})${row.prove ? ', proved before use' : ''}`;
    }
    case 'verify':
      return `verify ${row.field}`;
    case 'recover':
      return `recover the interrupted rotation ${row.rotationId}`;
    case 'rotate':
      return `rotate ${row.field} (${reasonText(row)})`;
    default:
      return row satisfies never;
  }
}

function reasonText(row: Change & { kind: 'rotate' }): string {
  const { reason } = row;
  if (reason.type === 'due') return `due since ${reason.dueAt}`;
  if (reason.type === 'trigger') return `trigger ${JSON.stringify(reason.value)}`;
  if (reason.type === 'drift') return 'drift: the target moved away from the stored secret';
  return reason.type;
}

/** What stands below a row: its fields, one a line. */
export function details(row: Change): readonly string[] {
  if (row.kind === 'update') {
    const [texts, values] = [row.fields.filter(isText), row.fields.filter((f) => !isText(f))];
    return [...align(values.map((f) => [f.path, `${showValue(f.before)} → ${showValue(f.after)}`])), ...texts.flatMap(lineDiff)];
  }
  if (row.kind === 'create') return align(leaves(row.after).map(({ path, after }) => [path, showValue(after)]));
  return [];
}

function lineDiff(field: FieldChange): readonly string[] {
  return [`      ${field.path}`, ...linesThatDiffer(field).map((line) => `        ${line}`)];
}

function align(pairs: readonly (readonly [string, string])[]): readonly string[] {
  const width = Math.max(0, ...pairs.map(([key]) => key.length));
  return pairs.map(([key, value]) => `      ${key.padEnd(width)} = ${value}`);
}

function colorOf(kind: ChangeKind, paint: Paint): (text: string) => string {
  switch (kind) {
    case 'create':
    case 'link':
    case 'ingest':
    case 'adopt':
      return paint.green;
    case 'delete':
    case 'unlink':
    case 'release':
    case 'retire':
      return paint.red;
    case 'rotate':
    case 'recover':
      return paint.magenta;
    case 'update':
    case 'relink':
    case 'move':
    case 'verify':
      return paint.yellow;
    default:
      return kind satisfies never;
  }
}
