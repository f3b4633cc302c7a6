import { Cron } from 'croner';
import { describe, expect, test } from 'vitest';
import { checkSchedule, listTimes } from '../../src/policy/index.ts';

/** The examples of Quartz's documentation (CronTrigger tutorial) and of KeeperPAM's Cron Spec page, as far as they are the same dialect. */
const QUARTZ = [
  '0 0 12 * * ?',
  '0 15 10 ? * *',
  '0 15 10 * * ?',
  '0 15 10 * * ? *',
  '0 15 10 * * ? 2027',
  '0 * 14 * * ?',
  '0 0/5 14 * * ?',
  '0 0/5 14,18 * * ?',
  '0 0-5 14 * * ?',
  '0 10,44 14 ? 3 WED',
  '0 15 10 ? * MON-FRI',
  '0 15 10 15 * ?',
  '0 15 10 L * ?',
  '0 15 10 ? * 6L',
  '0 15 10 ? * 6L 2027-2029',
  '0 15 10 ? * 6#3',
  '0 0 12 1/5 * ?',
  '0 11 11 11 11 ?',
];
const KEEPER = [
  '0 28 17 ? * *',
  '0 0 3 1 * ?',
  '0 0 12 ? * MON-FRI',
  '0 0 6 ? * SUN',
  '0 30 4 ? * 1',
  '0 0 0 1 JAN ?',
  '0 0 22 L * ?',
  '0 0 3 ? * SUN#1',
  '0 0 2 15W * ?',
  '0 0 2 LW * ?',
];
/** Gaps and repeats on both hemispheres, half an hour and a quarter of an hour off. */
const ZONES = ['UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Sydney', 'Australia/Lord_Howe', 'America/Santiago', 'Asia/Kathmandu'];

const FROM = '2026-12-31T00:00:00.000Z';
const UNTIL = '2028-01-01T00:00:00.000Z';

/** croner's weekdays are 0 = Sunday unless told to count as Quartz does. */
function byCroner(expression: string, timezone: string): string[] {
  // It takes `min-max/step` only, which is what Quartz means by `min/step`.
  const spelt = expression
    .split(' ')
    .map((field, i) => field.replace(/^(\d+)\//, `$1-${[59, 59, 23, 31, 12, 7][i]}/`))
    .join(' ');
  const cron = new Cron(spelt, { timezone, alternativeWeekdays: true, paused: true });
  const times: string[] = [];
  for (let next = cron.nextRun(new Date(FROM)); next !== null && next.toISOString() < UNTIL; next = cron.nextRun(next))
    times.push(next.toISOString());
  return times;
}

function byPam(cron: string, timezone: string): string[] {
  const times: string[] = [];
  for (let from = FROM; ; ) {
    const next = listTimes({ cron, timezone }, from, 500).filter((t) => t < UNTIL);
    times.push(...next);
    if (next.length < 500) return times;
    from = next.at(-1) ?? UNTIL;
  }
}

describe.each(ZONES)('a year of instants in %s', (zone) => {
  test.each([...QUARTZ, ...KEEPER])('%s', (expression) => {
    expect(checkSchedule({ cron: expression, timezone: zone })).toEqual([]);
    expect(byPam(expression, zone)).toEqual(byCroner(expression, zone));
  });
});

test('L-2, which croner does not know: the third last day of every month', () => {
  const times = byPam('0 15 10 L-2 * ?', 'UTC');
  const expected = Array.from({ length: 12 }, (_, month) => new Date(Date.UTC(2027, month + 1, -2, 10, 15)).toISOString());
  expect(times).toEqual(expected);
});
