import { hashJson, type Instant } from '../model/index.ts';

export const WEEKDAYS = ['SUNDAY', 'MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY', 'SATURDAY'] as const;
type Weekday = (typeof WEEKDAYS)[number];

export const MONTHS = [
  'JANUARY',
  'FEBRUARY',
  'MARCH',
  'APRIL',
  'MAY',
  'JUNE',
  'JULY',
  'AUGUST',
  'SEPTEMBER',
  'OCTOBER',
  'NOVEMBER',
  'DECEMBER',
] as const;
type Month = (typeof MONTHS)[number];

export const OCCURRENCES = ['FIRST', 'SECOND', 'THIRD', 'FOURTH', 'LAST'] as const;
type Occurrence = (typeof OCCURRENCES)[number];

/** Every calendar form: `HH:MM` or `HH:MM:SS` on the clocks of the time zone; every `interval`-th period counted from 1970-01-01. */
interface Calendar {
  readonly time: string;
  readonly interval?: number;
}

/** The forms that a schedule can have: exactly one stands in it. */
interface ScheduleForms {
  /** No schedule: only a trigger or `pam rotate`. */
  readonly onDemand: true;
  /** Duration, counted from the last proved rotation. */
  readonly every: string;
  /** Quartz, 6 or 7 fields. */
  readonly cron: string;
  readonly daily: Calendar;
  /** Weeks are counted in sevens of days from Thursday 1970-01-01. */
  readonly weekly: Calendar & { readonly weekday: Weekday };
  /** `monthDay` 1 to 28. */
  readonly monthlyByDay: Calendar & { readonly monthDay: number };
  readonly monthlyByWeekday: Calendar & { readonly weekday: Weekday; readonly occurrence: Occurrence };
  readonly yearly: Calendar & { readonly month: Month; readonly monthDay: number };
  /** RFC 3339 instant. */
  readonly runOnce: { readonly time: string };
}
export type FormName = keyof ScheduleForms;

export const FORM_NAMES = [
  'onDemand',
  'every',
  'cron',
  'daily',
  'weekly',
  'monthlyByDay',
  'monthlyByWeekday',
  'yearly',
  'runOnce',
] as const satisfies readonly FormName[];

/** What may stand beside the form. */
interface ScheduleOptions {
  /** IANA name; default UTC. */
  readonly timezone?: string;
  /** Duration from the scheduled time in which the rotation may run. */
  readonly window?: string;
  /** Duration over which accounts are spread; default: the window, without one 10 % of `every`, else none. */
  readonly jitter?: string;
  /** After a missed window: wait for the next one (default), or run at once. */
  readonly catchUp?: 'next-window' | 'asap';
}

/** When a credential is rotated. Only for JSON that `checkSchedule` finds no errors in. */
export type Schedule = ScheduleOptions & { [F in FormName]: Pick<ScheduleForms, F> & { [G in Exclude<FormName, F>]?: never } }[FormName];

/** Changes when any next time may: stored beside `nextAt`, so that a changed schedule is computed anew. */
export function scheduleHash(schedule: Schedule): string {
  return hashJson({ timezone: 'UTC', ...schedule });
}

export function toMs(instant: Instant): number {
  const ms = Date.parse(instant);
  if (Number.isNaN(ms)) throw new RangeError(`${instant} is not an instant`);
  return ms;
}

export function toInstant(ms: number): Instant {
  return new Date(ms).toISOString();
}
