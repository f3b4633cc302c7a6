import { Cron } from 'croner';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkSchedule, listTimes } from '../../src/policy/index.ts';

const ZONES = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'Australia/Lord_Howe',
  'America/Sao_Paulo',
  'Asia/Kathmandu',
  'Pacific/Apia',
  'Pacific/Auckland',
] as const;

/** Years in which these zones change their clocks, Samoa skips a day, and leap days come. */
const YEARS = [2011, 2016, 2018, 2024, 2026];

const WEEKDAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];
const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];

const number = (min: number, max: number) => fc.integer({ min, max }).map(String);
const range = (min: number, max: number) =>
  fc.tuple(fc.integer({ min, max }), fc.integer({ min, max })).map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`);
const list = (item: fc.Arbitrary<string>) => fc.array(item, { minLength: 1, maxLength: 3 }).map((items) => items.join(','));
const clock = (max: number) =>
  fc.oneof(
    list(number(0, max)),
    range(0, max),
    number(1, 15).map((step) => `*/${step}`),
    number(0, max),
  );

const dayPair = fc.oneof(
  fc.constant(['*', '?']),
  list(number(1, 28)).map((d) => [d, '?']),
  range(1, 31).map((d) => [d, '?']),
  number(1, 28).map((d) => [`${d}W`, '?']),
  fc.constantFrom(['L', '?'], ['LW', '?']),
  list(number(1, 7)).map((d) => ['?', d]),
  range(1, 7).map((d) => ['?', d]),
  fc.constantFrom(...WEEKDAYS).map((d) => ['?', d]),
  fc.tuple(number(1, 7), number(1, 4)).map(([d, n]) => ['?', `${d}#${n}`]),
  fc.tuple(fc.constantFrom(...WEEKDAYS), number(1, 5)).map(([d, n]) => ['?', `${d}#${n}`]),
  number(1, 7).map((d) => ['?', `${d}L`]),
);
const month = fc.oneof(fc.constant('*'), list(number(1, 12)), fc.constantFrom(...MONTHS), range(1, 12), fc.constant('*/3'));

/** Up to four minutes of up to a few hours of a day: dense enough to meet every change of the clocks. */
const expression = fc
  .tuple(number(0, 59), clock(59), clock(23), dayPair, month)
  .map(([s, m, h, [dom, dow], mon]) => `${s} ${m} ${h} ${dom} ${mon} ${dow}`);

const instantIn = fc
  .tuple(fc.constantFrom(...YEARS), fc.integer({ min: 0, max: 365 * 86_400 - 1 }))
  .map(([year, second]) => Date.UTC(year, 0, 1) + second * 1000);

const CLOCKS = new Map<string, Intl.DateTimeFormat>();

const iso = (ms: number) => new Date(ms).toISOString();

/** Where clocks change: half an hour in Lord Howe, at midnight in São Paulo, a whole day in Samoa. */
const CHANGES = [
  ['Europe/Berlin', '2026-03-29T01:00:00Z'],
  ['Europe/Berlin', '2026-10-25T01:00:00Z'],
  ['America/New_York', '2026-03-08T07:00:00Z'],
  ['America/New_York', '2026-11-01T06:00:00Z'],
  ['Australia/Lord_Howe', '2026-04-04T15:00:00Z'],
  ['Australia/Lord_Howe', '2026-10-03T15:30:00Z'],
  ['America/Sao_Paulo', '2018-11-04T03:00:00Z'],
  ['America/Sao_Paulo', '2018-02-18T02:00:00Z'],
  ['Pacific/Apia', '2011-12-30T10:00:00Z'],
  ['Pacific/Auckland', '2026-04-04T14:00:00Z'],
] as const;

const zoneAndInstant = fc.oneof(
  fc.tuple(fc.constantFrom(...ZONES), instantIn),
  fc
    .tuple(fc.constantFrom(...CHANGES), fc.integer({ min: -3600, max: 30 * 3600 }))
    .map(([[zone, change], back]) => [zone, Date.parse(change) - back * 1000] as const),
);

/**
 * Two answers of croner are not our promise, and both are left out of the comparison: it gives times in the second pass of a
 * repeated hour when it starts there, and of several times inside a gap it drops all but a lone one. The examples below hold us to ours.
 */
function isByChange(timezone: string, at: string): boolean {
  const clock = CLOCKS.get(timezone) ?? new Intl.DateTimeFormat('en-US', { timeZone: timezone, dateStyle: 'short', timeStyle: 'medium' });
  CLOCKS.set(timezone, clock);
  const ms = Date.parse(at);
  const shows = (instant: number) => Date.parse(`${clock.format(instant).replace('\u202f', ' ')} UTC`);
  const isSecondPass = [30, 60].some((minutes) => shows(ms) === shows(ms - minutes * 60_000));
  return isSecondPass || shows(ms) - shows(ms - 1000) > 1000;
}

function ours(cron: string, timezone: string, from: number, count: number): string[] {
  return [...listTimes({ cron, timezone }, iso(from), count)];
}

function croners(cron: string, timezone: string, from: number, count: number): string[] {
  const job = new Cron(cron, { timezone, alternativeWeekdays: true, paused: true });
  return job.nextRuns(count, new Date(from)).map((at) => at.toISOString());
}

describe('a Quartz expression', () => {
  test('has the times that croner gives, in zones with gaps and repeats on both hemispheres', () => {
    fc.assert(
      fc.property(expression, zoneAndInstant, (cron, [zone, from]) => {
        const [a, b] = [ours, croners].map((times) => times(cron, zone, from, 8).filter((at) => !isByChange(zone, at)));
        const shared = Math.min(a?.length ?? 0, b?.length ?? 0);
        expect(a?.slice(0, shared)).toEqual(b?.slice(0, shared));
      }),
      { numRuns: 500, seed: 7 },
    );
  });

  const FROM = '2026-11-24T00:00:00.000Z';
  const days = (cron: string, count = 3) => listTimes({ cron }, FROM, count).map((at) => at.slice(0, 10));

  test.each([
    ['0 0 3 ? * SUN#1', ['2026-12-06', '2027-01-03', '2027-02-07']],
    ['0 0 2 ? * 6#3', ['2026-12-18', '2027-01-15', '2027-02-19']],
    ['0 0 2 ? * 6L', ['2026-11-27', '2026-12-25', '2027-01-29']],
    ['0 0 2 ? * friL', ['2026-11-27', '2026-12-25', '2027-01-29']],
    ['0 0 2 ? * 1', ['2026-11-29', '2026-12-06', '2026-12-13']],
    ['0 0 2 ? * L', ['2026-11-28', '2026-12-05', '2026-12-12']],
    ['0 0 2 ? * 2/3', ['2026-11-26', '2026-11-30', '2026-12-03']],
    ['0 0 2 ? * FRI-MON', ['2026-11-27', '2026-11-28', '2026-11-29']],
    ['0 0 2 ? * MON,FRI#1', ['2026-11-30', '2026-12-04', '2026-12-07']],
    ['0 0 2 ? * SUN#5', ['2026-11-29', '2027-01-31', '2027-05-30']],
    ['0 0 2 L * ?', ['2026-11-30', '2026-12-31', '2027-01-31']],
    ['0 0 2 LW * ?', ['2026-11-30', '2026-12-31', '2027-01-29']],
    ['0 0 2 L-3 * ?', ['2026-11-27', '2026-12-28', '2027-01-28']],
    ['0 0 2 L-3W * ?', ['2026-11-27', '2026-12-28', '2027-01-28']],
    ['0 0 2 15W * ?', ['2026-12-15', '2027-01-15', '2027-02-15']],
    ['0 0 2 1W 5,8 ?', ['2027-05-03', '2027-08-02', '2028-05-01']],
    ['0 0 2 31W * ?', ['2026-12-31', '2027-01-29', '2027-03-31']],
    ['0 0 2 1,15W,L * ?', ['2026-11-30', '2026-12-01', '2026-12-15']],
    ['0 0 2 1/10 * ?', ['2026-12-01', '2026-12-11', '2026-12-21']],
    ['0 0 2 29 2 ?', ['2028-02-29', '2032-02-29', '2036-02-29']],
    ['0 0 2 1 NOV-FEB ?', ['2026-12-01', '2027-01-01', '2027-02-01']],
    ['0 0 2 1 1 ? 2028,2030-2032/2', ['2028-01-01', '2030-01-01', '2032-01-01']],
    ['0 0 12 ? * MON-FRI *', ['2026-11-24', '2026-11-25', '2026-11-26']],
  ])('%s falls on %j', (cron, expected) => {
    expect(days(cron)).toEqual(expected);
  });

  test.each([
    ['0/20 * * * * ?', ['00:00:20', '00:00:40', '00:01:00']],
    ['/20 * * * * ?', ['00:00:20', '00:00:40', '00:01:00']],
    ['0 5/25 0 * * ?', ['00:05:00', '00:30:00', '00:55:00']],
    ['0 0 22-2/2 * * ?', ['02:00:00', '22:00:00', '00:00:00']],
    ['0 0 3,3,1-3 * * ?', ['01:00:00', '02:00:00', '03:00:00']],
  ])('%s comes at %j', (cron, expected) => {
    expect(listTimes({ cron }, FROM, 3).map((at) => at.slice(11, 19))).toEqual(expected);
  });

  test('ends with its last year', () => {
    expect(days('0 0 0 1 1 ? 2027-2028')).toEqual(['2027-01-01', '2028-01-01']);
    expect(days('0 0 0 1 1 ? 2020')).toEqual([]);
  });

  test.each([
    ['America/New_York', '0 30 2 * * ?', '2026-03-08T00:00:00.000Z', '2026-03-08T07:00:00.000Z'],
    ['America/New_York', '0 15,45 2 * * ?', '2026-03-08T00:00:00.000Z', '2026-03-08T07:00:00.000Z'],
    ['Europe/Berlin', '0 59 2 * * ?', '2026-03-29T00:00:00.000Z', '2026-03-29T01:00:00.000Z'],
    ['Australia/Lord_Howe', '0 10 2 * * ?', '2026-10-03T12:00:00.000Z', '2026-10-03T15:30:00.000Z'],
    ['America/Sao_Paulo', '0 0 0 4 11 ?', '2018-11-01T00:00:00.000Z', '2018-11-04T03:00:00.000Z'],
    ['Pacific/Apia', '0 0 12 30 12 ?', '2011-12-01T00:00:00.000Z', '2011-12-30T10:00:00.000Z'],
  ])('in %s %s, which the clocks skip, is the first instant after the gap', (timezone, cron, from, expected) => {
    expect(listTimes({ cron, timezone }, from, 1)).toEqual([expected]);
  });

  test.each([
    ['America/New_York', '0 30 1 * * ?', '2026-11-01T00:00:00.000Z', ['2026-11-01T05:30:00.000Z', '2026-11-02T06:30:00.000Z']],
    ['Europe/Berlin', '0 30 2 * * ?', '2026-10-25T00:00:00.000Z', ['2026-10-25T00:30:00.000Z', '2026-10-26T01:30:00.000Z']],
    ['Australia/Lord_Howe', '0 45 1 * * ?', '2026-04-04T12:00:00.000Z', ['2026-04-04T14:45:00.000Z', '2026-04-05T15:15:00.000Z']],
    ['Europe/Berlin', '0 0 * * * ?', '2026-10-24T23:30:00.000Z', ['2026-10-25T00:00:00.000Z', '2026-10-25T02:00:00.000Z']],
  ])('in %s %s, which the clocks show twice, comes the first time only', (timezone, cron, from, expected) => {
    expect(listTimes({ cron, timezone }, from, 2)).toEqual(expected);
  });

  test('asked in the second pass of an hour, goes on after it', () => {
    expect(listTimes({ cron: '0 0/30 * * * ?', timezone: 'Europe/Berlin' }, '2026-10-25T01:10:00.000Z', 1)).toEqual([
      '2026-10-25T02:00:00.000Z',
    ]);
  });

  test.each([
    ['0 3 * * 1', 'write "0 0 3 ? * MON"'],
    ['*/5 * * * *', 'write "0 */5 * * * ?"'],
    ['0 3 1 * *', 'write "0 0 3 1 * ?"'],
    ['0 3 * * 1-5', 'write "0 0 3 ? * MON-FRI"'],
    ['0 3 * * 0,7', 'write "0 0 3 ? * SUN,SUN"'],
    ['0 3 1 * 5', 'write "0 0 3 1 * ?" or "0 0 3 ? * FRI" (crontab runs on either day; choose one)'],
    ['@daily', 'write "0 0 0 * * ?"'],
    ['0 0 3 * * *', 'write "0 0 3 * * ?"'],
    ['0 0 3 * * MON', 'write "0 0 3 ? * MON"'],
    ['0 0 3 ? * ?', 'write "0 0 3 * * ?"'],
  ])('crontab habits get their Quartz spelling: %s', (cron, hint) => {
    expect(checkSchedule({ cron })).toMatchObject([{ path: 'cron', severity: 'error', hint }]);
  });

  test.each([
    '',
    '0 0 3 ? *',
    '0 0 3 ? * SUN * *',
    '60 0 3 ? * SUN',
    '0 0 24 ? * SUN',
    '0 0 3 ? * 0',
    '0 0 3 ? * 8',
    '0 0 3 ? * SON',
    '0 0 3 ? * SUN#6',
    '0 0 3 ? * SUN#0',
    '0 0 3 32 * ?',
    '0 0 3 0 * ?',
    '0 0 3 L-31 * ?',
    '0 0 3 W * ?',
    '0 0 3 15W-20 * ?',
    '0 0 3 ? * 15W',
    '0 0 3 5#1 * ?',
    '0 0/0 3 * * ?',
    '0 0/61 3 * * ?',
    '0 1- 3 * * ?',
    '0 ,1 3 * * ?',
    '0 *-5 3 * * ?',
    '0 0 3 H * ?',
    '0 0 3 1 13 ?',
    '0 0 3 1 1 ? 1969',
    '0 0 3 1 1 ? 2030-2028',
    '0 0 3 30 2 ?',
    '0 0 3 L-30 2 ?',
    '0 0 3 30W 2 ?',
    '__proto__ 0 3 1 1 ?',
  ])('refuses %j', (cron) => {
    expect(checkSchedule({ cron }).map((p) => [p.path, p.severity])).toEqual([['cron', 'error']]);
  });

  test('never makes the check throw', () => {
    const piece = fc.oneof(
      fc.constantFrom('*', '?', 'L', 'W', 'LW', '#', '/', '-', ',', '0', '31', 'SUN', 'JAN'),
      fc.string({ maxLength: 4 }),
    );
    const text = fc
      .array(
        fc.array(piece, { maxLength: 4 }).map((pieces) => pieces.join('')),
        { maxLength: 8 },
      )
      .map((fields) => fields.join(' '));
    fc.assert(fc.property(text, (cron) => Array.isArray(checkSchedule({ cron }))));
  });
});
