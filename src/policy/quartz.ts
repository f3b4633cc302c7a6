import { CronExpressionParser } from 'cron-parser';
import { quartzSpellings } from './crontab.ts';
import { quote } from './problem.ts';
import {
  DAY_OF_MONTH,
  DAY_OF_WEEK,
  type FieldSpec,
  HOURS,
  inRange,
  MINUTES,
  MONTH,
  plainList,
  QuartzError,
  readNumber,
  readRange,
  SECONDS,
  splitItems,
  YEAR,
} from './quartz-field.ts';
import { type CalendarDay, LAST_YEAR, type Rule } from './rule.ts';

/**
 * Front end of cron-parser for Quartz expressions (https://www.quartz-scheduler.org/documentation/quartz-2.3.0/tutorials/crontrigger.html).
 *
 * cron-parser numbers weekdays 0 to 6 where Quartz has 1 to 7, silently; it knows no years, no `W`, no `L-n`, no lists with `#`,
 * no ranges that wrap (`FRI-MON`); and after a gap of daylight saving it answers another time than we promise. So it is given plain
 * lists in its own numbers and keeps the fields, the days with letters become predicates, and `rule.ts` walks the calendar.
 */

export type QuartzResult =
  | { readonly ok: true; readonly rule: Rule }
  | { readonly ok: false; readonly reason: string; readonly hint?: string };

type DayTest = (day: CalendarDay) => boolean;

/** Parsing costs far more than the next time: a policy is shared by many accounts. Emptied when full; keys come from manifests. */
const parsed = new Map<string, QuartzResult>();
const CACHE_SIZE = 1000;

/** Reads a Quartz expression of six or seven fields; never throws. */
export function parseQuartz(text: string): QuartzResult {
  let result = parsed.get(text);
  if (result === undefined) {
    result = parseAnew(text);
    if (parsed.size >= CACHE_SIZE) parsed.clear();
    parsed.set(text, result);
  }
  return result;
}

function parseAnew(text: string): QuartzResult {
  try {
    return { ok: true, rule: readRule(text) };
  } catch (error) {
    if (!(error instanceof QuartzError)) throw error;
    return { ok: false, reason: error.message, ...(error.hint === undefined ? {} : { hint: error.hint }) };
  }
}

function readRule(text: string): Rule {
  const [seconds, minutes, hours, dayOfMonth, month, dayOfWeek, year = '*'] = readFields(text);
  const dates = readDays(DAY_OF_MONTH, dayOfMonth, dateWithLetters);
  const weekdays = readDays(DAY_OF_WEEK, dayOfWeek, weekdayWithLetters);
  const fields = parseFields([
    plainList(SECONDS, splitItems(SECONDS, seconds)),
    plainList(MINUTES, splitItems(MINUTES, minutes)),
    plainList(HOURS, splitItems(HOURS, hours)),
    dates.plain ?? '*',
    plainList(MONTH, splitItems(MONTH, month)),
    weekdays.plain ?? '*',
  ]);
  const months = new Set<unknown>(fields.month.values);
  const plainDates = new Set<unknown>(dates.plain === undefined ? [] : fields.dayOfMonth.values);
  const plainWeekdays = new Set<unknown>(weekdays.plain === undefined ? [] : fields.dayOfWeek.values);
  const isDay: DayTest =
    dayOfMonth === '?'
      ? (day) => plainWeekdays.has(day.weekday) || weekdays.tests.some((test) => test(day))
      : (day) => plainDates.has(day.date) || dates.tests.some((test) => test(day));
  const years = year === '*' ? [] : splitItems(YEAR, year).map((item) => readRange(YEAR, item));
  return {
    times: {
      hours: fields.hour.values,
      minutes: fields.minute.values,
      seconds: fields.second.values,
    },
    matches: (day) => months.has(day.month) && isDay(day) && (years.length === 0 || years.some((range) => inRange(range, day.year))),
    lastYear: years.length === 0 ? LAST_YEAR : Math.max(...years.map((range) => range.to)),
  };
}

type RawFields = [string, string, string, string, string, string, string?];

function readFields(text: string): RawFields {
  const fields = text.trim().toUpperCase().split(/\s+/);
  if (fields.length < 6 || fields.length > 7) {
    const spellings = quartzSpellings(text).filter((spelling) => parseQuartz(spelling).ok);
    const given = fields.length === 5 ? 'a crontab line of five fields' : `${quote(text)}`;
    throw new QuartzError(
      `${given} is not a Quartz expression, which has six or seven: second minute hour day-of-month month day-of-week [year]`,
      spellings.length === 0
        ? 'for every day at 03:00 write "0 0 3 * * ?"'
        : `write ${spellings.map((spelling) => `"${spelling}"`).join(' or ')}${spellings.length > 1 ? ' (crontab runs on either day; choose one)' : ''}`,
    );
  }
  const [, , , dayOfMonth, , dayOfWeek] = fields;
  if ((dayOfMonth === '?') === (dayOfWeek === '?')) {
    throw new QuartzError('exactly one of day-of-month and day-of-week must be "?"', hintForDays(fields));
  }
  return fields as RawFields;
}

function hintForDays(fields: readonly string[]): string {
  const [dayOfMonth, dayOfWeek] = [fields[3], fields[5]];
  const write = (d: string | undefined, w: string | undefined) =>
    `write "${fields
      .with(3, d ?? '')
      .with(5, w ?? '')
      .join(' ')}"`;
  if (dayOfMonth === '?') return write('*', '?');
  if (dayOfWeek === '*') return write(dayOfMonth, '?');
  if (dayOfMonth === '*') return write('?', dayOfWeek);
  return 'a date and a weekday cannot be combined in one expression: keep one, put "?" for the other';
}

/** What the front end lets through and cron-parser still refuses is a day that its months do not have. */
function parseFields(fields: readonly string[]) {
  try {
    return CronExpressionParser.parse(fields.join(' '), { tz: 'UTC', currentDate: new Date(0) }).fields;
  } catch (error) {
    const explicitDay = error instanceof Error && error.message.includes('explicit day of month');
    throw new QuartzError(explicitDay ? 'no month of the expression has that day' : 'not a valid Quartz expression');
  }
}

/** Items that cron-parser can read, as a list in its numbers, and tests for those with letters. */
interface Days {
  readonly plain?: string;
  readonly tests: readonly DayTest[];
}

function readDays(spec: FieldSpec, field: string, withLetters: (item: string) => DayTest | null): Days {
  if (field === '?') return { tests: [] };
  const plain: string[] = [];
  const tests: DayTest[] = [];
  for (const item of splitItems(spec, field)) {
    const test = withLetters(item);
    if (test === null) plain.push(item);
    else tests.push(test);
  }
  return plain.length === 0 ? { tests } : { plain: plainList(spec, plain), tests };
}

/** `L`, `L-3`, `LW`, `L-3W`, `15W`; null for an item without letters. */
function dateWithLetters(item: string): DayTest | null {
  const [whole, date, beforeLast, nearest] = /^(?:(\d+)|L(?:-(\d+))?)(W)?$/.exec(item) ?? [];
  if (whole === undefined || (date !== undefined && nearest === undefined)) return null;
  const fixed = date === undefined ? undefined : readNumber(DAY_OF_MONTH, date, item);
  const back = Number(beforeLast ?? 0);
  if (back > 30) throw new QuartzError(`${quote(item)} in the day-of-month field counts back further than a month`);
  return (day) => {
    const target = fixed ?? day.monthLength - back;
    if (target < 1 || target > day.monthLength) return false;
    return day.date === (nearest === undefined ? target : nearestWorkday(day, target));
  };
}

/** Monday to Friday nearest to a date, without leaving its month. */
function nearestWorkday(day: CalendarDay, date: number): number {
  const weekday = (((day.weekday + date - day.date) % 7) + 7) % 7;
  if (weekday === 6) return date > 1 ? date - 1 : date + 2;
  if (weekday === 0) return date < day.monthLength ? date + 1 : date - 2;
  return date;
}

/** `6L`, `FRIL` (the last of the month), `6#3`, `FRI#3` (the third); null for an item without them. A lone `L` is Saturday. */
function weekdayWithLetters(item: string): DayTest | null {
  if (item === 'L') return (day) => day.weekday === 6;
  const [, name = '', kind, count] = /^(\d+|[A-Z]{3})(L$|#(\d+)$)/.exec(item) ?? [];
  if (kind === undefined) return null;
  const weekday = readNumber(DAY_OF_WEEK, name, item) - 1;
  if (kind === 'L') return (day) => day.weekday === weekday && day.date > day.monthLength - 7;
  const nth = Number(count);
  if (nth < 1 || nth > 5)
    throw new QuartzError(`${quote(item)} in the day-of-week field: a month has the first (#1) to the fifth (#5) of a weekday`);
  return (day) => day.weekday === weekday && Math.ceil(day.date / 7) === nth;
}
