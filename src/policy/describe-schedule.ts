import { durationMs, formatDuration } from './duration.ts';
import { spreadMs } from './next-time.ts';
import type { Schedule } from './schedule.ts';

/** For people: `monthly on the first Sunday at 03:00 Europe/Berlin, window 2h`. */
export function describeSchedule(schedule: Schedule): string {
  const parts = [describeForm(schedule)];
  if (schedule.window !== undefined) parts.push(`window ${schedule.window}`);
  // A spread over the window says no more than the window does.
  const spread = schedule.jitter === undefined && schedule.window !== undefined ? 0 : spreadMs(schedule);
  if (spread >= 1000) parts.push(`spread over ${formatDuration(spread)}`);
  if (schedule.catchUp === 'asap' && schedule.window !== undefined) parts.push('a missed one at once');
  return parts.join(', ');
}

function describeForm(schedule: Schedule): string {
  const { cron, daily, weekly, monthlyByDay, monthlyByWeekday, yearly } = schedule;
  const at = (time: string) => `at ${time} ${schedule.timezone ?? 'UTC'}`;
  if (schedule.every !== undefined) return `every ${formatDuration(durationMs(schedule.every))}`;
  if (schedule.runOnce !== undefined) return `once at ${schedule.runOnce.time}`;
  if (cron !== undefined) return `cron ${cron} ${schedule.timezone ?? 'UTC'}`;
  if (daily !== undefined) return `${often(daily.interval, 'daily', 'days')} ${at(daily.time)}`;
  if (weekly !== undefined) return `${often(weekly.interval, 'weekly', 'weeks')} on ${capital(weekly.weekday)} ${at(weekly.time)}`;
  if (monthlyByDay !== undefined) {
    return `${often(monthlyByDay.interval, 'monthly', 'months')} on day ${monthlyByDay.monthDay} ${at(monthlyByDay.time)}`;
  }
  if (monthlyByWeekday !== undefined) {
    const day = `the ${monthlyByWeekday.occurrence.toLowerCase()} ${capital(monthlyByWeekday.weekday)}`;
    return `${often(monthlyByWeekday.interval, 'monthly', 'months')} on ${day} ${at(monthlyByWeekday.time)}`;
  }
  if (yearly !== undefined) {
    return `${often(yearly.interval, 'yearly', 'years')} on ${yearly.monthDay} ${capital(yearly.month)} ${at(yearly.time)}`;
  }
  return 'on demand';
}

function often(interval: number | undefined, once: string, periods: string): string {
  return interval === undefined || interval === 1 ? once : `every ${interval} ${periods}`;
}

function capital(word: string): string {
  return word.charAt(0) + word.slice(1).toLowerCase();
}
