import { createHash } from 'node:crypto';
import type { Instant } from '../model/index.ts';
import { ruleOf } from './calendar.ts';
import { durationMs } from './duration.ts';
import { nextInstant } from './rule.ts';
import { type Schedule, toInstant, toMs } from './schedule.ts';

export interface NextTimeOptions {
  /** From when `every` counts: the last proved rotation, else the apply that put the policy on the record. */
  readonly anchor: Instant;
  /** What the spread is drawn from: the same for one account always (its record id). Without it there is no jitter. */
  readonly key?: string;
}

/** What a schedule says about an account at one moment. */
export interface DueState {
  /** It may be rotated now, by the schedule. */
  readonly due: boolean;
  /** Since when its time has come; null while it has not. Also set while a missed rotation waits for its next window. */
  readonly dueAt: Instant | null;
  /** The scheduled time has passed undone: where there is a window, that window has closed. */
  readonly overdue: boolean;
  /** When it may next be rotated; of what is due, the time after a rotation done now. Null when there is none. */
  readonly next: Instant | null;
}

/**
 * The next scheduled time strictly after `after`, put off by the jitter of the account; null when there is none (`onDemand`,
 * a rule that is exhausted, a `runOnce` that has passed). To be stored: it is computed anew only when the schedule changes or a
 * rotation is done. A rotation between a scheduled time and its jitter counts for that time: there are never two in one window.
 */
export function nextTime(schedule: Schedule, after: Instant, options: NextTimeOptions): Instant | null {
  const scheduled = nextScheduled(schedule, toMs(after), toMs(options.anchor));
  return scheduled === null ? null : toInstant(scheduled + jitterMs(schedule, options.key));
}

/** The next `count` times strictly after `from`, fewer when the schedule is exhausted; `every` counts from `from` unless told. */
export function listTimes(schedule: Schedule, from: Instant, count: number, options: Partial<NextTimeOptions> = {}): readonly Instant[] {
  const times: Instant[] = [];
  const anchor = options.anchor ?? from;
  for (let at = from; times.length < count; ) {
    const next = nextTime(schedule, at, { ...options, anchor });
    if (next === null) break;
    times.push(next);
    at = next;
  }
  return times;
}

/**
 * Has the time of an account come? `nextAt` is what `nextTime` gave for the same schedule and key, null when it gave none.
 * Without a `window`, what is due stays due until it is done. With one it may run inside the window only; a missed one is
 * due again when the next window opens (with `catchUp: asap` at once).
 *
 * A spread that nobody wrote out (over the window, or a tenth of `every`) gives those who can wait a place of their own
 * (`nextAt`). A run that comes by earlier takes the account along all the same: it may be the only run of the night, and
 * `every: 30d` is a promise. A `jitter` that was written out is kept to, but not after a missed window.
 */
export function dueState(schedule: Schedule, nextAt: Instant | null, asOf: Instant, key?: string): DueState {
  if (nextAt === null) return { due: false, dueAt: null, overdue: false, next: null };
  const now = toMs(asOf);
  const windowMs = schedule.window === undefined ? Number.POSITIVE_INFINITY : durationMs(schedule.window);
  const scheduled = toMs(nextAt) - jitterMs(schedule, key);
  const from = toMs(dueFrom(schedule, nextAt, key));
  if (now < from) return { due: false, dueAt: null, overdue: false, next: nextAt };

  const dueAt = toInstant(from);
  const isMissed = now >= scheduled + windowMs;
  const overdue = isMissed || (schedule.window === undefined && now > from);
  // The first window that closes after now: open already, or the one to wait for.
  const opens = isMissed && schedule.catchUp !== 'asap' ? nextScheduled(schedule, now - windowMs, scheduled) : now;
  if (opens === null || opens > now) return { due: false, dueAt, overdue, next: opens === null ? null : toInstant(opens) };
  return { due: true, dueAt, overdue, next: nextTime(schedule, asOf, { anchor: asOf, ...(key === undefined ? {} : { key }) }) };
}

/** From when on a run takes an account along whose next time is `nextAt`: what people are shown as its next rotation. */
export function dueFrom(schedule: Schedule, nextAt: Instant, key?: string): Instant {
  return schedule.jitter === undefined ? toInstant(toMs(nextAt) - jitterMs(schedule, key)) : nextAt;
}

/** The next scheduled time strictly after `after`, without jitter. All in milliseconds. */
function nextScheduled(schedule: Schedule, after: number, anchor: number): number | null {
  if (schedule.every !== undefined) {
    const period = durationMs(schedule.every);
    const periods = Math.floor((after - anchor) / period) + 1;
    return anchor + Math.max(1, periods) * period;
  }
  if (schedule.runOnce !== undefined) {
    const at = toMs(schedule.runOnce.time);
    return at > after ? at : null;
  }
  const rule = ruleOf(schedule);
  return rule === null ? null : nextInstant(rule, schedule.timezone ?? 'UTC', after);
}

/** Over how many milliseconds accounts are spread. */
export function spreadMs(schedule: Schedule): number {
  if (schedule.jitter !== undefined) return durationMs(schedule.jitter);
  if (schedule.window !== undefined) return durationMs(schedule.window);
  return schedule.every === undefined ? 0 : durationMs(schedule.every) / 10;
}

/** The place of an account in the spread, whole seconds as milliseconds: from its key alone, so that plans can be repeated. */
function jitterMs(schedule: Schedule, key: string | undefined): number {
  const seconds = Math.floor(spreadMs(schedule) / 1000);
  if (key === undefined || seconds < 1) return 0;
  // 48 bits: exact as a number, and far more than any spread has seconds.
  return (createHash('sha256').update(key).digest().readUIntBE(0, 6) % seconds) * 1000;
}
