import Table from 'cli-table3';
import type { Instant, Json, VaultRecord, VersionHeader } from '../model/index.ts';
import type { Paint } from './paint.ts';

const PLAIN = {
  chars: {
    top: '',
    'top-mid': '',
    'top-left': '',
    'top-right': '',
    bottom: '',
    'bottom-mid': '',
    'bottom-left': '',
    'bottom-right': '',
    left: '',
    'left-mid': '',
    mid: '',
    'mid-mid': '',
    right: '',
    'right-mid': '',
    middle: '  ',
  },
  style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [] },
};

/** Columns without lines, as `kubectl get` prints them. */
export function formatTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const table = new Table({ head: [...head], ...PLAIN });
  for (const row of rows) table.push([...row]);
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

export function formatRecords(records: readonly VaultRecord[], next: (record: VaultRecord) => Instant | null): string {
  return formatTable(
    ['ADDRESS', 'STATUS', 'SECRET', 'LAST ROTATED', 'NEXT'],
    records.map((r) => [r.address, r.status, secretState(r), r.rotation.lastRotatedAt ?? '-', next(r) ?? '-']),
  );
}

/** In one word, what a reader can rely on. */
export function secretState(record: VaultRecord): string {
  if (record.rotation.quarantined !== undefined) return 'quarantined';
  if (record.rotation.active !== undefined) return 'rotating';
  if (record.rotation.drift !== undefined) return 'moved';
  const current = record.versions.filter((v) => v.state === 'current');
  if (current.length === 0) return record.versions.length === 0 ? '-' : 'candidate';
  return current.every((v) => v.proof !== undefined) ? 'proved' : 'unproved';
}

export function formatRecord(record: VaultRecord, next: Instant | null, paint: Paint): string {
  const lines = [
    paint.bold(record.address),
    `  owner      ${record.owner.project}/${record.owner.environment}`,
    `  status     ${record.status}`,
    `  secret     ${secretState(record)}`,
    `  revision   ${record.revision}, ${record.updatedAt}`,
  ];
  const { rotation } = record;
  if (rotation.lastRotatedAt !== undefined) lines.push(`  rotated    ${rotation.lastRotatedAt}`);
  if (next !== null) lines.push(`  next       ${next}`);
  if (rotation.quarantined !== undefined)
    lines.push(`  ${paint.red('quarantined')} ${rotation.quarantined.at}: ${rotation.quarantined.reason}`);
  if (record.links.length > 0) lines.push('  links', ...record.links.map((l) => `    ${l.type} ${l.to}`));
  const fields = flatten(record.fields);
  if (fields.length > 0) lines.push('  fields', ...fields.map(([path, value]) => `    ${path} = ${value}`));
  if (record.versions.length > 0) lines.push('  versions', ...record.versions.map((v) => `    ${formatVersion(v)}`));
  return lines.join('\n');
}

export function formatVersion(v: VersionHeader): string {
  const shown =
    v.proof === undefined
      ? v.unproved === undefined
        ? 'not proved'
        : `unproved: ${v.unproved}`
      : `proved ${v.proof.at} by ${v.proof.method}${v.proof.node === undefined ? '' : ` on ${v.proof.node}`}`;
  return `${v.field} ${v.state} ${v.id} (${v.origin} ${v.createdAt}; ${v.refused === undefined ? shown : `refused ${v.refused.at} ${v.refused.code}`})`;
}

function flatten(value: Json, prefix = ''): readonly (readonly [string, string])[] {
  if (value !== null && typeof value === 'object' && !Array.isArray(value)) {
    return Object.entries(value).flatMap(([key, inner]) => flatten(inner, prefix === '' ? key : `${prefix}.${key}`));
  }
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  const [first = '', ...rest] = text.split('\n');
  return [[prefix, rest.length === 0 ? first : `${first} (+${rest.length} lines)`]];
}
