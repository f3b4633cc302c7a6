import { quote } from './problem.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** Largest first, as they have to be written. A day has 24 hours: durations know no time zone. */
const UNITS = [
  ['w', 7 * DAY],
  ['d', DAY],
  ['h', HOUR],
  ['m', MINUTE],
  ['s', SECOND],
] as const;

/** A century, milliseconds: what is longer is a slip of the pen, and sums of instants stay inside `Date`. */
const LONGEST = 36_500 * DAY;

/** `column` is where the reading stopped, 1-based, in the text of the duration. */
export type DurationResult =
  | { readonly ok: true; readonly ms: number }
  | { readonly ok: false; readonly reason: string; readonly column: number; readonly hint: string };

/**
 * Reads `30d`, `12h`, `90m`, `2w`, `45s` and combinations from large to small, such as `1d12h`. `0s` is a duration;
 * whether it makes sense is for the caller to say.
 */
export function parseDuration(text: string): DurationResult {
  const refuse = (reason: string, index: number): DurationResult => ({ ok: false, reason, column: index + 1, hint: hintFor(text) });
  if (text === '') return refuse('the duration is empty', 0);
  let ms = 0;
  let smallest = -1;
  let index = 0;
  while (index < text.length) {
    const [part, digits = '', letter = ''] = /^(\d{1,15})?([a-z]?)/i.exec(text.slice(index)) ?? [''];
    if (digits === '') return refuse(`${quote(text)} has no number at character ${index + 1}`, index);
    const unit = UNITS.findIndex(([name]) => name === letter);
    const size = UNITS[unit]?.[1];
    if (size === undefined) return refuse(`${quote(text)} has no unit after ${digits}`, index + digits.length);
    if (unit <= smallest) return refuse(`${quote(text)} has its units out of order`, index);
    smallest = unit;
    ms += Number(digits) * size;
    index += part.length;
  }
  return ms > LONGEST ? refuse(`${quote(text)} is longer than a hundred years`, 0) : { ok: true, ms };
}

/** Milliseconds of a duration that was checked before; throws `RangeError` on any other text. */
export function durationMs(text: string): number {
  const result = parseDuration(text);
  if (!result.ok) throw new RangeError(result.reason);
  return result.ms;
}

/** The shortest text that `parseDuration` reads as `ms` (whole seconds, rounded down): `1d12h`. */
export function formatDuration(ms: number): string {
  let rest = Math.floor(ms / SECOND) * SECOND;
  let text = '';
  // Weeks are left out: `30d` is what people write and compare, not `4w2d`.
  for (const [name, size] of UNITS.slice(1)) {
    const count = Math.floor(rest / size);
    if (count > 0) text += `${count}${name}`;
    rest -= count * size;
  }
  return text === '' ? '0s' : text;
}

function hintFor(text: string): string {
  const [, count, word] = /^\s*(\d+)\s*([a-z]+)/i.exec(text) ?? [];
  const unit = word?.[0]?.toLowerCase();
  if (count !== undefined && unit !== undefined && 'wdhms'.includes(unit) && !/^mo/i.test(word ?? '')) return `write ${count}${unit}`;
  return 'write a number and a unit (w, d, h, m, s), such as 30d, 12h or 1d12h';
}
