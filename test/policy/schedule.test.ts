import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkSchedule, describeSchedule, dueState, listTimes, nextTime, type Schedule, scheduleHash } from '../../src/policy/index.ts';

const T0 = '2026-01-01T00:00:00.000Z';
const plus = (at: string, ms: number) => new Date(Date.parse(at) + ms).toISOString();
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const days = (schedule: Schedule, from: string, count: number) => listTimes(schedule, from, count).map((at) => at.slice(0, 10));

describe('the calendar forms', () => {
  test('daily counts its interval from 1970-01-01', () => {
    const times = listTimes({ daily: { time: '03:15', interval: 3 } }, T0, 3);
    expect(times.map((at) => (Date.parse(at.slice(0, 10)) / DAY) % 3)).toEqual([0, 0, 0]);
    expect(times[0]?.slice(10)).toBe('T03:15:00.000Z');
  });

  test('weekly falls on its weekday, every other one with interval 2, whoever asks when', () => {
    const schedule: Schedule = { weekly: { weekday: 'SUNDAY', time: '03:00:30', interval: 2 } };
    const times = listTimes(schedule, T0, 3);
    expect(times.map((at) => new Date(at).getUTCDay())).toEqual([0, 0, 0]);
    expect(Date.parse(times[1] ?? '') - Date.parse(times[0] ?? '')).toBe(14 * DAY);
    expect(listTimes(schedule, plus(times[0] ?? '', DAY), 1)).toEqual([times[1]]);
  });

  test('monthlyByDay, with and without interval', () => {
    expect(days({ monthlyByDay: { monthDay: 28, time: '03:00' } }, T0, 3)).toEqual(['2026-01-28', '2026-02-28', '2026-03-28']);
    expect(days({ monthlyByDay: { monthDay: 1, time: '03:00', interval: 3 } }, T0, 3)).toEqual(['2026-01-01', '2026-04-01', '2026-07-01']);
  });

  test('monthlyByWeekday knows the first to the fourth and the last', () => {
    const on = (occurrence: 'FIRST' | 'FOURTH' | 'LAST') =>
      days({ monthlyByWeekday: { weekday: 'SATURDAY', occurrence, time: '03:00' } }, T0, 2);
    expect(on('FIRST')).toEqual(['2026-01-03', '2026-02-07']);
    expect(on('FOURTH')).toEqual(['2026-01-24', '2026-02-28']);
    expect(on('LAST')).toEqual(['2026-01-31', '2026-02-28']);
  });

  test('yearly, every second year counted from 1970', () => {
    expect(days({ yearly: { month: 'MARCH', monthDay: 31, time: '03:00', interval: 2 } }, T0, 2)).toEqual(['2026-03-31', '2028-03-31']);
  });

  test('go by the clocks of the time zone', () => {
    const schedule: Schedule = { daily: { time: '02:30' }, timezone: 'Europe/Berlin' };
    expect(listTimes(schedule, '2026-03-27T12:00:00.000Z', 3)).toEqual([
      '2026-03-28T01:30:00.000Z',
      '2026-03-29T01:00:00.000Z',
      '2026-03-30T00:30:00.000Z',
    ]);
  });
});

describe('every and runOnce', () => {
  test('every counts from the anchor, not from the question', () => {
    expect(nextTime({ every: '30d' }, T0, { anchor: T0 })).toBe(plus(T0, 30 * DAY));
    expect(nextTime({ every: '30d' }, plus(T0, 45 * DAY), { anchor: T0 })).toBe(plus(T0, 60 * DAY));
    expect(nextTime({ every: '30d' }, plus(T0, -DAY), { anchor: T0 })).toBe(plus(T0, 30 * DAY));
  });

  test('the next time is strictly later', () => {
    expect(nextTime({ every: '30d' }, plus(T0, 30 * DAY), { anchor: T0 })).toBe(plus(T0, 60 * DAY));
    expect(nextTime({ daily: { time: '00:00' } }, T0, { anchor: T0 })).toBe(plus(T0, DAY));
    expect(nextTime({ daily: { time: '00:00' } }, plus(T0, -1), { anchor: T0 })).toBe(T0);
  });

  test('runOnce comes once, and never when it has passed', () => {
    const schedule: Schedule = { runOnce: { time: '2026-06-01T02:00:00+02:00' } };
    expect(listTimes(schedule, T0, 5)).toEqual(['2026-06-01T00:00:00.000Z']);
    expect(nextTime(schedule, '2026-06-01T00:00:00.000Z', { anchor: T0 })).toBeNull();
  });

  test('onDemand never comes', () => {
    expect(nextTime({ onDemand: true }, T0, { anchor: T0, key: 'a' })).toBeNull();
  });
});

describe('jitter', () => {
  const spread = (schedule: Schedule) =>
    Array.from(
      { length: 500 },
      (_, i) =>
        Date.parse(nextTime(schedule, T0, { anchor: T0, key: `account-${i}` }) ?? '') -
        Date.parse(nextTime(schedule, T0, { anchor: T0 }) ?? ''),
    );

  test.each<[string, Schedule, number]>([
    ['10 % of the period of every', { every: '30d' }, 3 * DAY],
    ['the window', { daily: { time: '03:00' }, window: '2h' }, 2 * HOUR],
    ['what is given', { daily: { time: '03:00' }, window: '2h', jitter: '30m' }, HOUR / 2],
  ])('spreads over %s', (_, schedule, ms) => {
    const offsets = spread(schedule);
    expect(Math.min(...offsets)).toBeGreaterThanOrEqual(0);
    expect(Math.min(...offsets)).toBeLessThan(ms / 20);
    expect(Math.max(...offsets)).toBeLessThan(ms);
    expect(Math.max(...offsets)).toBeGreaterThan(ms * 0.95);
  });

  test('is none for calendar forms without a window', () => {
    expect(new Set(spread({ cron: '0 0 3 ? * SUN' }))).toEqual(new Set([0]));
  });

  test('is the same for one account always', () => {
    const schedule: Schedule = { every: '30d' };
    expect(nextTime(schedule, T0, { anchor: T0, key: 'a' })).toBe(nextTime(schedule, T0, { anchor: T0, key: 'a' }));
  });

  test('leaves no scheduled time out', () => {
    const schedule: Schedule = { daily: { time: '03:00' }, window: '2h' };
    fc.assert(
      fc.property(fc.string(), (key) => {
        const times = listTimes(schedule, T0, 5, { key });
        expect(times.map((at) => at.slice(8, 10))).toEqual(['01', '02', '03', '04', '05']);
      }),
    );
  });
});

describe('when an account is due', () => {
  const at = '2026-01-10T03:00:00.000Z';
  const daily: Schedule = { daily: { time: '03:00' }, jitter: '0s' };
  const windowed: Schedule = { ...daily, window: '2h' };

  test('not before its time', () => {
    expect(dueState(daily, at, plus(at, -1), 'a')).toEqual({ due: false, dueAt: null, overdue: false, next: at });
  });

  test('from its time on until it is done, without a window', () => {
    expect(dueState(daily, at, at, 'a')).toMatchObject({ due: true, dueAt: at, overdue: false });
    expect(dueState(daily, at, plus(at, 40 * DAY), 'a')).toMatchObject({ due: true, dueAt: at, overdue: true });
  });

  test('inside its window only', () => {
    expect(dueState(windowed, at, plus(at, 2 * HOUR - 1), 'a')).toMatchObject({ due: true, dueAt: at, overdue: false });
    expect(dueState(windowed, at, plus(at, 2 * HOUR), 'a')).toEqual({ due: false, dueAt: at, overdue: true, next: plus(at, DAY) });
  });

  test('again in the next window when it missed one', () => {
    expect(dueState(windowed, at, plus(at, 3 * DAY + HOUR), 'a')).toMatchObject({
      due: true,
      dueAt: at,
      overdue: true,
      next: plus(at, 4 * DAY),
    });
    expect(dueState(windowed, at, plus(at, 3 * DAY - 1), 'a')).toMatchObject({ due: false, next: plus(at, 3 * DAY) });
  });

  test('at once with catchUp: asap', () => {
    expect(dueState({ ...windowed, catchUp: 'asap' }, at, plus(at, 3 * HOUR), 'a')).toMatchObject({ due: true, overdue: true });
  });

  test('never without a next time', () => {
    expect(dueState({ onDemand: true }, null, at, 'a')).toEqual({ due: false, dueAt: null, overdue: false, next: null });
  });

  test('the window counts from the scheduled time, not from the place in the spread', () => {
    const schedule: Schedule = { daily: { time: '03:00' }, window: '2h', jitter: '1h' };
    fc.assert(
      fc.property(fc.string(), (key) => {
        const nextAt = nextTime(schedule, T0, { anchor: T0, key }) ?? '';
        expect(dueState(schedule, nextAt, plus(nextAt, -1), key)).toEqual({ due: false, dueAt: null, overdue: false, next: nextAt });
        expect(dueState(schedule, nextAt, nextAt, key)).toMatchObject({ due: true, dueAt: nextAt, overdue: false });
        expect(dueState(schedule, nextAt, '2026-01-01T05:00:00.000Z', key)).toMatchObject({ due: false, overdue: true });
        expect(dueState(schedule, nextAt, '2026-01-02T03:00:00.000Z', key)).toMatchObject({ due: true, overdue: true });
      }),
    );
  });

  test('with the spread of its window only, a run takes it along from the opening on', () => {
    const schedule: Schedule = { daily: { time: '03:00' }, window: '2h' };
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 0, max: 2 * HOUR - 1 }), (key, late) => {
        const nextAt = nextTime(schedule, T0, { anchor: T0, key }) ?? '';
        const opens = '2026-01-01T03:00:00.000Z';
        expect(dueState(schedule, nextAt, plus(opens, -1), key)).toMatchObject({ due: false, next: nextAt });
        expect(dueState(schedule, nextAt, plus(opens, late), key)).toMatchObject({ due: true, dueAt: opens, overdue: false });
      }),
    );
  });

  test('not twice in one window, whenever inside it the rotation was done', () => {
    const schedule: Schedule = { daily: { time: '03:00' }, window: '2h' };
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 0, max: 2 * HOUR - 1 }), (key, late) => {
        const done = plus('2026-01-01T03:00:00.000Z', late);
        expect(nextTime(schedule, done, { anchor: done, key })?.slice(0, 10)).toBe('2026-01-02');
      }),
    );
  });

  test('every in a window has its windows a period apart', () => {
    const schedule: Schedule = { every: '7d', window: '1h', jitter: '0s' };
    const nextAt = nextTime(schedule, T0, { anchor: T0, key: 'a' }) ?? '';
    expect(dueState(schedule, nextAt, plus(T0, 8 * DAY), 'a')).toEqual({
      due: false,
      dueAt: nextAt,
      overdue: true,
      next: plus(T0, 14 * DAY),
    });
  });

  test('a runOnce that missed its window has no other', () => {
    const schedule: Schedule = { runOnce: { time: at }, window: '1h', jitter: '0s' };
    expect(dueState(schedule, at, plus(at, DAY), 'a')).toEqual({ due: false, dueAt: at, overdue: true, next: null });
  });

  test('what is due says when it comes again after a rotation done now', () => {
    expect(dueState({ every: '30d', jitter: '0s' }, at, plus(at, DAY), 'a').next).toBe(plus(at, 31 * DAY));
  });
});

describe('checkSchedule', () => {
  test.each<Schedule>([
    { onDemand: true },
    { every: '30d' },
    { every: '30d', window: '2h', jitter: '1h', catchUp: 'asap' },
    { cron: '0 0 3 ? * SUN#1', timezone: 'Europe/Berlin', window: '2h' },
    { daily: { time: '03:00' } },
    { weekly: { weekday: 'MONDAY', time: '03:00:00', interval: 2 } },
    { monthlyByDay: { monthDay: 28, time: '23:59' } },
    { monthlyByWeekday: { weekday: 'SUNDAY', occurrence: 'LAST', time: '00:00' } },
    { yearly: { month: 'JUNE', monthDay: 30, time: '03:00' } },
    { runOnce: { time: '2026-06-01T02:00:00.5+02:00' } },
  ])('accepts %j', (schedule) => {
    expect(checkSchedule(schedule)).toEqual([]);
  });

  test.each<[unknown, string]>([
    [null, ''],
    [[], ''],
    ['30d', ''],
    [{}, ''],
    [{ window: '2h' }, ''],
    [{ every: '30d', cron: '0 0 3 * * ?' }, 'cron'],
    [{ every: 30 }, 'every'],
    [{ every: '0s' }, 'every'],
    [{ every: null }, 'every'],
    [{ every: '30 days' }, 'every'],
    [{ every: '30d', when: 'now' }, 'when'],
    [{ onDemand: false }, 'onDemand'],
    [{ cron: 5 }, 'cron'],
    [{ every: '30d', timezone: 'Europe/Berlim' }, 'timezone'],
    [{ every: '30d', timezone: '+01:00' }, 'timezone'],
    [{ every: '30d', window: '0s' }, 'window'],
    [{ every: '1d', window: '2d' }, 'window'],
    [{ every: '1d', jitter: '2d' }, 'jitter'],
    [{ daily: { time: '03:00' }, window: '1h', jitter: '2h' }, 'jitter'],
    [{ daily: { time: '03:00' }, catchUp: 'next-window' }, 'catchUp'],
    [{ daily: { time: '03:00' }, catchUp: 'never' }, 'catchUp'],
    [{ daily: '03:00' }, 'daily'],
    [{ daily: {} }, 'daily.time'],
    [{ daily: { time: '24:00' } }, 'daily.time'],
    [{ daily: { time: '3:00' } }, 'daily.time'],
    [{ daily: { time: '03:00', interval: 0 } }, 'daily.interval'],
    [{ daily: { time: '03:00', weekday: 'MONDAY' } }, 'daily.weekday'],
    [{ weekly: { time: '03:00', weekday: 'MON' } }, 'weekly.weekday'],
    [{ monthlyByDay: { monthDay: 29, time: '03:00' } }, 'monthlyByDay.monthDay'],
    [{ monthlyByWeekday: { weekday: 'SUNDAY', occurrence: 'FIFTH', time: '03:00' } }, 'monthlyByWeekday.occurrence'],
    [{ yearly: { month: 'FEBRUARY', monthDay: 29, time: '03:00' } }, 'yearly.monthDay'],
    [{ yearly: { month: 'JUNE', monthDay: 31, time: '03:00' } }, 'yearly.monthDay'],
    [{ runOnce: { time: '2026-02-30T00:00:00Z' } }, 'runOnce.time'],
    [{ runOnce: { time: '2026-02-28T00:00:00' } }, 'runOnce.time'],
    [{ runOnce: { time: '2026-02-28' } }, 'runOnce.time'],
  ])('refuses %j at %j', (value, path) => {
    expect(checkSchedule(value).map((p) => [p.path, p.severity])).toEqual([[path, 'error']]);
  });

  test('finds every problem at once', () => {
    const found = checkSchedule({ weekly: { weekday: 'SOMEDAY', time: 'noon', interval: -1 }, window: 'x', timezone: 5 });
    expect(found.map((p) => p.path).sort()).toEqual(['timezone', 'weekly.interval', 'weekly.time', 'weekly.weekday', 'window']);
  });

  test('names the zone and the weekday that were meant', () => {
    expect(checkSchedule({ every: '1d', timezone: 'Europe/Berlim' })[0]?.hint).toBe('did you mean Europe/Berlin?');
    expect(checkSchedule({ weekly: { weekday: 'sunday', time: '03:00' } })[0]?.hint).toBe('write SUNDAY');
  });

  test('warns of a window that has no effect', () => {
    expect(checkSchedule({ onDemand: true, window: '2h' })).toMatchObject([{ path: 'window', severity: 'warning' }]);
  });

  test('takes any JSON without throwing', () => {
    const key = fc.constantFrom(
      'every',
      'cron',
      'daily',
      'weekly',
      'yearly',
      'runOnce',
      'window',
      'time',
      'month',
      'monthDay',
      '__proto__',
    );
    const value = fc.letrec((tie) => ({ any: fc.oneof(fc.jsonValue(), fc.dictionary(key, tie('any'))) })).any;
    fc.assert(fc.property(value, (json) => Array.isArray(checkSchedule(json))));
  });
});

describe('scheduleHash', () => {
  test('is the same whatever the order of keys, and with the default zone written out', () => {
    expect(scheduleHash({ window: '2h', every: '30d' })).toBe(scheduleHash({ every: '30d', window: '2h', timezone: 'UTC' }));
  });

  test('changes with the schedule', () => {
    expect(scheduleHash({ every: '30d' })).not.toBe(scheduleHash({ every: '31d' }));
  });
});

describe('describeSchedule', () => {
  test.each<[Schedule, string]>([
    [{ onDemand: true }, 'on demand'],
    [{ every: '30d' }, 'every 30d, spread over 3d'],
    [{ cron: '0 0 3 ? * SUN#1', timezone: 'Europe/Berlin', window: '2h' }, 'cron 0 0 3 ? * SUN#1 Europe/Berlin, window 2h'],
    [{ daily: { time: '03:00', interval: 2 } }, 'every 2 days at 03:00 UTC'],
    [
      { weekly: { weekday: 'SUNDAY', time: '03:00' }, window: '2h', catchUp: 'asap' },
      'weekly on Sunday at 03:00 UTC, window 2h, a missed one at once',
    ],
    [
      { monthlyByWeekday: { weekday: 'SUNDAY', occurrence: 'FIRST', time: '03:00' }, jitter: '10m' },
      'monthly on the first Sunday at 03:00 UTC, spread over 10m',
    ],
    [{ yearly: { month: 'JUNE', monthDay: 1, time: '03:00' } }, 'yearly on 1 June at 03:00 UTC'],
    [{ runOnce: { time: '2026-06-01T00:00:00Z' } }, 'once at 2026-06-01T00:00:00Z'],
  ])('%j', (schedule, text) => {
    expect(describeSchedule(schedule)).toBe(text);
  });
});
