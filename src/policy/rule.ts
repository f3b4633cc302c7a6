import { DAY } from './duration.ts';
import { instantOf, wallAt } from './zone.ts';

/** A day of the calendar, with what rules ask about it. */
export interface CalendarDay {
  /** Days since 1970-01-01. */
  readonly epochDay: number;
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  /** 1 to 31. */
  readonly date: number;
  /** 0 = Sunday. */
  readonly weekday: number;
  /** Number of days in its month. */
  readonly monthLength: number;
}

/** Hands of the clock, each ascending and not empty. */
interface TimesOfDay {
  readonly hours: readonly number[];
  readonly minutes: readonly number[];
  readonly seconds: readonly number[];
}

/** Repeating wall times: on every day that matches, at all of these times. Cron and the calendar forms both become one. */
export interface Rule {
  readonly times: TimesOfDay;
  readonly matches: (day: CalendarDay) => boolean;
  /** After this year there is none. */
  readonly lastYear: number;
}

/** Leap days that fall on one weekday are at most 40 years apart: a rule with nothing until then has nothing at all. */
export const LAST_YEAR = 2199;

/**
 * The first instant strictly after `after` (milliseconds) at which clocks of the zone show a time of the rule; null when
 * there is none any more. Times that daylight saving skips or repeats: see `instantOf`.
 */
export function nextInstant(rule: Rule, zone: string, after: number): number | null {
  // While the clocks repeat an hour, the wall times of its first pass come up again here and are passed over.
  for (let wall = nextWall(rule, wallAt(zone, after)); wall !== null; wall = nextWall(rule, wall)) {
    const instant = instantOf(zone, wall);
    if (instant > after) return instant;
  }
  return null;
}

function nextWall(rule: Rule, after: number): number | null {
  const from = Math.floor(after / 1000) * 1000 + 1000;
  let epochDay = Math.floor(from / DAY);
  let second = (from - epochDay * DAY) / 1000;
  for (;;) {
    const day = calendarDay(epochDay);
    if (day.year > rule.lastYear) return null;
    if (rule.matches(day)) {
      const found = nextTimeOfDay(rule.times, second);
      if (found !== null) return epochDay * DAY + found * 1000;
    }
    epochDay += 1;
    second = 0;
  }
}

/** The first time at or after `second` of the day, in seconds of the day. */
function nextTimeOfDay({ hours, minutes, seconds }: TimesOfDay, second: number): number | null {
  for (const h of hours) {
    if (h * 3600 + 3599 < second) continue;
    for (const m of minutes) {
      const minute = h * 3600 + m * 60;
      if (minute + 59 < second) continue;
      const s = seconds.find((s) => minute + s >= second);
      if (s !== undefined) return minute + s;
    }
  }
  return null;
}

function calendarDay(epochDay: number): CalendarDay {
  const date = new Date(epochDay * DAY);
  const year = date.getUTCFullYear();
  const month = date.getUTCMonth() + 1;
  return { epochDay, year, month, date: date.getUTCDate(), weekday: date.getUTCDay(), monthLength: monthLength(year, month) };
}

export function monthLength(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}
