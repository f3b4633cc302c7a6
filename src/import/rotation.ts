import type { JsonObject } from '../model/index.ts';
import { checkSchedule, quartzSpellings } from '../policy/index.ts';
import type { Cursor } from './cursor.ts';

/** `"length,upper,lower,digits,symbols"`, and the symbols that may be used. */
const COMPLEXITY = /^(\d{1,3}),(\d{1,3}),(\d{1,3}),(\d{1,3}),(\d{1,3})(?:,(.+))?$/s;
/** What Commander takes where no time zone is given. */
const DEFAULT_ZONE = 'Etc/UTC';

/** `schedule` and `complexity` of rotation settings, as a RotationPolicy has them. */
export function convertPolicy(settings: Cursor): JsonObject {
  const complexity = convertComplexity(settings);
  const schedule = settings.object('schedule');
  return {
    ...(schedule === undefined ? {} : convertSchedule(schedule)),
    ...(complexity === undefined ? {} : { complexity }),
  };
}

/** `{ "type": "on-demand" }`, or `{ "type": "CRON", "cron": …, "tz": … }`. Nothing where it says nothing. */
export function convertSchedule(schedule: Cursor): { readonly schedule?: JsonObject } {
  const type = (schedule.text('type') ?? '').toLowerCase().replace('_', '-');
  const cron = schedule.text('cron');
  const timezone = schedule.text('tz') ?? DEFAULT_ZONE;
  switch (type) {
    case '':
      if (cron !== undefined) schedule.problem('cron', 'stands without "type": "CRON"');
      return {};
    case 'on-demand':
      return { schedule: { onDemand: true } };
    case 'cron':
      return convertCron(schedule, cron, timezone);
    default:
      schedule.problem('type', 'is neither on-demand nor CRON');
      return {};
  }
}

/**
 * Commander's documents show five fields, its check asks for six, and what it cannot read it drops, so that another schedule stays in
 * force. Five fields are written as Quartz has them where that is one expression; else they are refused.
 */
function convertCron(schedule: Cursor, given: string | undefined, timezone: string): { readonly schedule?: JsonObject } {
  if (given === undefined) {
    schedule.problem('cron', 'is missing');
    return {};
  }
  const [quartz, second] = quartzSpellings(given);
  if (quartz !== undefined && second !== undefined) {
    schedule.problem('cron', 'runs on either of two days, which one Quartz expression cannot say', `write ${quartz} or ${second}`);
    return {};
  }
  const cron = quartz ?? given;
  const [wrong] = checkSchedule({ cron, timezone }).filter((p) => p.severity === 'error');
  if (wrong !== undefined) {
    schedule.problem(wrong.path === 'timezone' ? 'tz' : 'cron', `cannot be read: ${wrong.message}`, wrong.hint);
    return {};
  }
  if (quartz !== undefined) schedule.warn('cron', `is a crontab of five fields: written as Quartz ${JSON.stringify(quartz)}`);
  return { schedule: { cron, timezone } };
}

function convertComplexity(settings: Cursor): JsonObject | undefined {
  const text = settings.text('password_complexity');
  if (text === undefined) return undefined;
  const [, length, upper, lower, digits, special, specialSet] = COMPLEXITY.exec(text.trim()) ?? [];
  if (length === undefined) {
    settings.problem('password_complexity', 'is not of the form "length,upper,lower,digits,symbols"', 'such as "32,5,5,5,5"');
    return undefined;
  }
  return {
    length: Number(length),
    upper: Number(upper),
    lower: Number(lower),
    digits: Number(digits),
    special: Number(special),
    ...(specialSet === undefined ? {} : { specialSet }),
  };
}
