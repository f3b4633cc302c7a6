import { parseTime, ruleOf } from './calendar.ts';
import { closest } from './closest.ts';
import { parseDuration } from './duration.ts';
import { checkKeys, type Fields, hasErrors, isFields, type Problem, problem, quote, warning, within } from './problem.ts';
import { parseQuartz } from './quartz.ts';
import { monthLength, nextInstant } from './rule.ts';
import { FORM_NAMES, type FormName, MONTHS, OCCURRENCES, type Schedule, WEEKDAYS } from './schedule.ts';
import { isTimeZone } from './zone.ts';

const OPTION_NAMES = ['timezone', 'window', 'jitter', 'catchUp'] as const;

/** Everything that is wrong with a schedule as it stands in a manifest. Takes any JSON and never throws. */
export function checkSchedule(value: unknown): Problem[] {
  if (!isFields(value)) return [problem('', 'a schedule is a mapping', 'write for example schedule: { every: 30d }')];
  const forms = FORM_NAMES.filter((name) => value[name] !== undefined);
  const problems = [...checkKeys(value, [...FORM_NAMES, ...OPTION_NAMES]), ...checkOptions(value)];
  const [form, second] = forms;
  if (form === undefined) return [...problems, problem('', 'the schedule does not say when', `give one of ${FORM_NAMES.join(', ')}`)];
  if (second !== undefined)
    return [...problems, problem(second, `a schedule has one form, and ${form} stands here too`, `keep ${forms.join(' or ')}`)];
  problems.push(...within(form, CHECKS[form](value[form])), ...checkTogether(value, form));
  if (!hasErrors(problems) && neverComes(value as unknown as Schedule)) problems.push(problem(form, 'this time never comes'));
  return problems;
}

const CHECKS: { readonly [F in FormName]: (value: unknown) => Problem[] } = {
  onDemand: (value) => (value === true ? [] : [problem('', 'onDemand can only be true')]),
  every: (value) => checkDuration(value, 1000),
  cron: checkCron,
  daily: (value) => checkCalendar(value, {}),
  weekly: (value) => checkCalendar(value, { weekday: WEEKDAYS }),
  monthlyByDay: (value) => [
    ...checkCalendar(value, { monthDay: null }),
    ...checkMonthDay(value, 28, 'every month has days 1 to 28; for the last day use cron: "0 0 3 L * ?"'),
  ],
  monthlyByWeekday: (value) => checkCalendar(value, { weekday: WEEKDAYS, occurrence: OCCURRENCES }),
  yearly: (value) => [
    ...checkCalendar(value, { month: MONTHS, monthDay: null }),
    ...checkMonthDay(value, daysOf(value), 'a day that this month has every year'),
  ],
  runOnce: checkRunOnce,
};

function checkCron(value: unknown): Problem[] {
  if (typeof value !== 'string') return [problem('', 'cron is a text', 'write for example cron: "0 0 3 ? * SUN"')];
  const result = parseQuartz(value);
  return result.ok ? [] : [problem('', result.reason, result.hint)];
}

/** `words`: the fields beside `time` and `interval`, with what they may be; null where another check looks. */
function checkCalendar(value: unknown, words: Readonly<Record<string, readonly string[] | null>>): Problem[] {
  if (!isFields(value)) return [problem('', `${quote(value)} is not a mapping`, 'write for example { time: "03:00" }')];
  const problems = checkKeys(value, ['time', 'interval', ...Object.keys(words)]);
  if (typeof value.time !== 'string' || parseTime(value.time) === null) {
    problems.push(problem('time', `${quoteGiven(value.time)} is not a time of day`, 'write HH:MM or HH:MM:SS, such as "03:00"'));
  }
  if (value.interval !== undefined && !isInteger(value.interval, 1, 1000)) {
    problems.push(problem('interval', `${quote(value.interval)} is not a whole number from 1 to 1000`));
  }
  for (const [name, allowed] of Object.entries(words)) {
    const word = value[name];
    if (allowed === null || (typeof word === 'string' && allowed.includes(word))) continue;
    const near = typeof word === 'string' ? closest(word, allowed) : null;
    problems.push(problem(name, `${quoteGiven(word)} is not a ${name}`, near === null ? `one of ${allowed.join(', ')}` : `write ${near}`));
  }
  return problems;
}

function checkMonthDay(value: unknown, last: number, hint: string): Problem[] {
  if (!isFields(value) || isInteger(value.monthDay, 1, last)) return [];
  return [problem('monthDay', `${quoteGiven(value.monthDay)} is not a day from 1 to ${last}`, hint)];
}

/** Days that a month has in every year; 31 where the month is wrong too, which is told by its own check. */
function daysOf(value: unknown): number {
  const month = isFields(value) ? (MONTHS as readonly unknown[]).indexOf(value.month) + 1 : 0;
  return monthLength(1970, month);
}

/** https://www.rfc-editor.org/rfc/rfc3339#section-5.6, without leap seconds, which `Date` does not know. */
const RFC3339 = /^(\d{4})-(\d\d)-(\d\d)T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$/i;

function checkRunOnce(value: unknown): Problem[] {
  if (!isFields(value)) return [problem('', 'runOnce is a mapping', 'write runOnce: { time: "2030-01-31T03:00:00Z" }')];
  const problems = checkKeys(value, ['time']);
  const [whole, year, month, day] = typeof value.time === 'string' ? (RFC3339.exec(value.time) ?? []) : [];
  const exists =
    whole !== undefined && isInteger(Number(month), 1, 12) && isInteger(Number(day), 1, monthLength(Number(year), Number(month)));
  if (!exists)
    problems.push(
      problem('time', `${quoteGiven(value.time)} is not an instant`, 'write it with its offset, such as "2030-01-31T03:00:00Z"'),
    );
  return problems;
}

function checkOptions(value: Fields): Problem[] {
  const problems: Problem[] = [];
  const { timezone, window, jitter, catchUp } = value;
  if (timezone !== undefined && (typeof timezone !== 'string' || !isTimeZone(timezone))) {
    const near = typeof timezone === 'string' ? closest(timezone, Intl.supportedValuesOf('timeZone')) : null;
    problems.push(
      problem(
        'timezone',
        `${quote(timezone)} is not an IANA time zone`,
        near === null ? 'such as Europe/Berlin or UTC' : `did you mean ${near}?`,
      ),
    );
  }
  if (window !== undefined) problems.push(...within('window', checkDuration(window, 1000)));
  if (jitter !== undefined) problems.push(...within('jitter', checkDuration(jitter, 0)));
  if (catchUp !== undefined && catchUp !== 'next-window' && catchUp !== 'asap') {
    problems.push(problem('catchUp', `${quote(catchUp)} is neither next-window nor asap`));
  }
  return problems;
}

/** What each part allows alone but not beside the others. */
function checkTogether(value: Fields, form: FormName): Problem[] {
  if (form === 'onDemand') {
    return OPTION_NAMES.filter((name) => value[name] !== undefined).map((name) => warning(name, `${name} has no effect beside onDemand`));
  }
  const problems: Problem[] = [];
  const [window, jitter, every] = [value.window, value.jitter, value.every].map(msOf);
  if (value.catchUp === 'next-window' && value.window === undefined) {
    problems.push(problem('catchUp', 'there is no window to wait for', 'add a window, such as window: 2h'));
  }
  if (window !== undefined && jitter !== undefined && jitter > window) {
    problems.push(problem('jitter', 'the jitter is longer than the window: some accounts would never be due inside it'));
  }
  if (every !== undefined && window !== undefined && window > every)
    problems.push(problem('window', 'the window is longer than the period'));
  if (every !== undefined && jitter !== undefined && jitter > every)
    problems.push(problem('jitter', 'the jitter is longer than the period'));
  return problems;
}

function neverComes(schedule: Schedule): boolean {
  const rule = ruleOf(schedule);
  return rule !== null && nextInstant(rule, 'UTC', 0) === null;
}

function checkDuration(value: unknown, leastMs: number): Problem[] {
  if (typeof value === 'number') return [problem('', `${value} has no unit`, `write for example ${value}d or ${value}h`)];
  if (typeof value !== 'string') return [problem('', `${quote(value)} is not a duration`, 'write for example 30d')];
  const result = parseDuration(value);
  if (!result.ok) return [problem('', result.reason, result.hint)];
  return result.ms < leastMs ? [problem('', `${quote(value)} is no time at all`)] : [];
}

function msOf(value: unknown): number | undefined {
  if (typeof value !== 'string') return undefined;
  const result = parseDuration(value);
  return result.ok ? result.ms : undefined;
}

function isInteger(value: unknown, least: number, most: number): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most;
}

/** `undefined` is a missing field to a person. */
function quoteGiven(value: unknown): string {
  return value === undefined ? 'nothing' : quote(value);
}
