import { canonicalJson, type Instant } from '../model/index.ts';
import { durationMs, listTimes, type Schedule } from '../policy/index.ts';

/** Times that are looked at: three years of months, five weeks of days. */
const COUNT = 36;

/**
 * The longest time between two rotations of a schedule in seconds: of "first Sunday of the month" 35 days. 0 where no two times
 * follow each other (`onDemand`, `runOnce`). From one fixed moment on, so that the answer does not change with the day.
 */
export function periodSeconds(schedule: Schedule | undefined, cache: Map<string, number>): number {
  if (schedule === undefined) return 0;
  if (schedule.every !== undefined) return Math.floor(durationMs(schedule.every) / 1000);
  const key = canonicalJson(schedule);
  let seconds = cache.get(key);
  if (seconds === undefined) {
    seconds = longestGap(listTimes(schedule, FROM, COUNT));
    cache.set(key, seconds);
  }
  return seconds;
}

const FROM: Instant = '2027-01-01T00:00:00.000Z';

function longestGap(times: readonly Instant[]): number {
  const gaps = times.slice(1).map((time, i) => Date.parse(time) - Date.parse(times[i] ?? time));
  return Math.round(Math.max(0, ...gaps) / 1000);
}
