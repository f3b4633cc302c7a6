import { parseQuartz } from './quartz.ts';
import { type CalendarDay, LAST_YEAR, type Rule } from './rule.ts';
import { MONTHS, OCCURRENCES, type Schedule, WEEKDAYS } from './schedule.ts';

const TIME = /^([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?$/;

/** Hands of `HH:MM` or `HH:MM:SS`; null for any other text. */
export function parseTime(text: string): { hour: number; minute: number; second: number } | null {
  const [whole, hour, minute, second = '0'] = TIME.exec(text) ?? [];
  return whole === undefined ? null : { hour: Number(hour), minute: Number(minute), second: Number(second) };
}

/**
 * The rule of a schedule that goes by the calendar; null for the other forms (`onDemand`, `every`, `runOnce`).
 * Only for schedules without errors: throws `RangeError` on a text that `checkSchedule` refuses.
 */
export function ruleOf(schedule: Schedule): Rule | null {
  if (schedule.cron !== undefined) {
    const result = parseQuartz(schedule.cron);
    if (!result.ok) throw new RangeError(result.reason);
    return result.rule;
  }
  if (schedule.daily !== undefined) {
    return onDays(
      schedule.daily,
      (day) => day.epochDay,
      () => true,
    );
  }
  if (schedule.weekly !== undefined) {
    const weekday = WEEKDAYS.indexOf(schedule.weekly.weekday);
    return onDays(
      schedule.weekly,
      (day) => Math.floor(day.epochDay / 7),
      (day) => day.weekday === weekday,
    );
  }
  if (schedule.monthlyByDay !== undefined) {
    const { monthDay } = schedule.monthlyByDay;
    return onDays(schedule.monthlyByDay, monthCount, (day) => day.date === monthDay);
  }
  if (schedule.monthlyByWeekday !== undefined) {
    const weekday = WEEKDAYS.indexOf(schedule.monthlyByWeekday.weekday);
    const nth = OCCURRENCES.indexOf(schedule.monthlyByWeekday.occurrence);
    const isOccurrence = (day: CalendarDay) =>
      OCCURRENCES[nth] === 'LAST' ? day.date > day.monthLength - 7 : Math.ceil(day.date / 7) === nth + 1;
    return onDays(schedule.monthlyByWeekday, monthCount, (day) => day.weekday === weekday && isOccurrence(day));
  }
  if (schedule.yearly !== undefined) {
    const month = MONTHS.indexOf(schedule.yearly.month) + 1;
    const { monthDay } = schedule.yearly;
    return onDays(
      schedule.yearly,
      (day) => day.year - 1970,
      (day) => day.month === month && day.date === monthDay,
    );
  }
  return null;
}

/** Months since January 1970. */
function monthCount(day: CalendarDay): number {
  return (day.year - 1970) * 12 + day.month - 1;
}

/** `count` numbers the periods from 1970-01-01: every `interval`-th of them counts, so that the days depend on nothing else. */
function onDays(
  form: { readonly time: string; readonly interval?: number },
  count: (day: CalendarDay) => number,
  isDay: (day: CalendarDay) => boolean,
): Rule {
  const time = parseTime(form.time);
  if (time === null) throw new RangeError(`${form.time} is not a time of day`);
  const interval = form.interval ?? 1;
  return {
    times: { hours: [time.hour], minutes: [time.minute], seconds: [time.second] },
    matches: (day) => isDay(day) && count(day) % interval === 0,
    lastYear: LAST_YEAR,
  };
}
