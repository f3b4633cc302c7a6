import { diffLines } from 'diff';
import type { FieldChange, Json } from '../model/index.ts';

/** A text of several lines on both sides (a CA, known hosts) is shown by its lines that differ. */
export function isText(field: FieldChange): boolean {
  return [field.before, field.after].every((v) => typeof v === 'string' && v.includes('\n'));
}

/** The lines of a text that differ, with `+ ` or `- ` before them. */
export function linesThatDiffer(field: FieldChange): readonly string[] {
  return diffLines(String(field.before), String(field.after))
    .filter((part) => part.added || part.removed)
    .flatMap((part) =>
      part.value
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => `${part.added ? '+' : '-'} ${line}`),
    );
}

export function leaves(value: Json, prefix = ''): readonly FieldChange[] {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return [{ path: prefix, before: null, after: value }];
  return Object.keys(value)
    .sort()
    .flatMap((key) => leaves((value as Record<string, Json>)[key] ?? null, prefix === '' ? key : `${prefix}.${key}`));
}

/** Long texts (a CA, a list of hosts) by their first line: the plan is for reading, JSON has it whole. */
export function showValue(value: Json): string {
  if (value === null) return '(unset)';
  if (typeof value !== 'string') return JSON.stringify(value);
  const [first = '', ...rest] = value.split('\n');
  const lines = rest.filter((l) => l !== '').length;
  return lines === 0 ? JSON.stringify(value) : `${JSON.stringify(first)} (+${lines} lines)`;
}
