import { quote } from './problem.ts';

/** Why a Quartz expression is refused; never leaves `quartz.ts`. */
export class QuartzError extends Error {
  readonly hint: string | undefined;
  constructor(reason: string, hint?: string) {
    super(reason);
    this.hint = hint;
  }
}

/** A field of a Quartz expression. Numbers are inclusive. */
export interface FieldSpec {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  /** Names of the values from `min` on. */
  readonly names?: readonly string[];
}

export const SECONDS: FieldSpec = { name: 'seconds', min: 0, max: 59 };
export const MINUTES: FieldSpec = { name: 'minutes', min: 0, max: 59 };
export const HOURS: FieldSpec = { name: 'hours', min: 0, max: 23 };
export const DAY_OF_MONTH: FieldSpec = { name: 'day-of-month', min: 1, max: 31 };
export const MONTH: FieldSpec = {
  name: 'month',
  min: 1,
  max: 12,
  names: ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'],
};
export const DAY_OF_WEEK: FieldSpec = { name: 'day-of-week', min: 1, max: 7, names: ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'] };
export const YEAR: FieldSpec = { name: 'year', min: 1970, max: 2099 };

/** `from`, `from + step`, … up to `to`. */
interface Range {
  readonly from: number;
  /** Smaller than `from` in a range that wraps. */
  readonly to: number;
  readonly step: number;
}

export function inRange({ from, to, step }: Range, value: number): boolean {
  return value >= from && value <= to && (value - from) % step === 0;
}

/** Items without letters as a list of numbers for cron-parser: in its numbers, and each once, since it refuses repetition. */
export function plainList(spec: FieldSpec, items: readonly string[]): string {
  const shift = spec === DAY_OF_WEEK ? 1 : 0;
  const values = new Set(items.flatMap((item) => valuesOf(spec, readRange(spec, item))).map((value) => value - shift));
  return [...values].sort((a, b) => a - b).join(',');
}

function valuesOf(spec: FieldSpec, { from, to, step }: Range): number[] {
  const size = spec.max - spec.min + 1;
  const end = to < from ? to + size : to;
  const values: number[] = [];
  for (let value = from; value <= end; value += step) values.push(value > spec.max ? value - size : value);
  return values;
}

/** `*`, `5`, `5-9`, each with `/step` or without; `5/15` runs from 5 to the end, `/15` from the start. */
export function readRange(spec: FieldSpec, item: string): Range {
  const [whole, first = '', last, stepText] = /^(\*|\d+|[A-Z]{3}|(?=\/))(?:-(\d+|[A-Z]{3}))?(?:\/(\d+))?$/.exec(item) ?? [];
  const all = first === '*' || first === '';
  if (whole === undefined || (all && last !== undefined)) {
    throw new QuartzError(`${quote(item)} cannot be read in the ${spec.name} field`, hintForItem(spec, item));
  }
  const step = stepText === undefined ? 1 : Number(stepText);
  if (step < 1 || step > spec.max) throw new QuartzError(`the step of ${quote(item)} in the ${spec.name} field must be 1 to ${spec.max}`);
  const from = all ? spec.min : readNumber(spec, first, item);
  const end = all || stepText !== undefined ? spec.max : from;
  const to = last === undefined ? end : readNumber(spec, last, item);
  if (to < from && spec === YEAR) throw new QuartzError(`${quote(item)} in the year field runs backwards`);
  return { from, to, step };
}

function hintForItem(spec: FieldSpec, item: string): string | undefined {
  if (item.includes('?')) return '"?" stands alone, in the day-of-month or the day-of-week field';
  if (spec === DAY_OF_WEEK && item.includes('W')) return 'W belongs to the day-of-month field';
  if (spec === DAY_OF_MONTH && item.includes('#')) return '# belongs to the day-of-week field';
  if (spec.names !== undefined) return `names are ${spec.names.join(', ')}`;
  return undefined;
}

export function readNumber(spec: FieldSpec, text: string, item: string): number {
  const named = spec.names?.indexOf(text) ?? -1;
  const value = named >= 0 ? spec.min + named : /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isNaN(value)) throw new QuartzError(`${quote(item)} cannot be read in the ${spec.name} field`, hintForItem(spec, item));
  if (value < spec.min || value > spec.max) {
    const hint = spec === DAY_OF_WEEK && value === 0 ? 'Quartz numbers weekdays from 1 = Sunday to 7 = Saturday' : undefined;
    throw new QuartzError(`${quote(item)} in the ${spec.name} field is outside ${spec.min} to ${spec.max}`, hint);
  }
  return value;
}

export function splitItems(spec: FieldSpec, field: string): readonly string[] {
  const items = field.split(',');
  // Far above any list that means something, far below what would keep us busy.
  if (items.length > 200) throw new QuartzError(`the ${spec.name} field has more than 200 items`);
  return items;
}
