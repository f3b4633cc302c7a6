import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { durationMs, formatDuration, parseDuration } from '../../src/policy/index.ts';

const HOUR = 3_600_000;

describe('a duration', () => {
  test.each([
    ['30d', 720 * HOUR],
    ['12h', 12 * HOUR],
    ['90m', 1.5 * HOUR],
    ['2w', 336 * HOUR],
    ['45s', 45_000],
    ['1d12h', 36 * HOUR],
    ['0s', 0],
  ])('%s is read', (text, ms) => {
    expect(parseDuration(text)).toEqual({ ok: true, ms });
    expect(durationMs(text)).toBe(ms);
  });

  test.each([
    ['', 1],
    ['30', 3],
    ['d', 1],
    ['30x', 3],
    ['1.5h', 2],
    ['-1d', 1],
    ['12h1d', 4],
    ['1d1d', 3],
    ['30 d', 3],
    ['P30D', 1],
    ['1d x', 3],
    ['1D', 2],
    ['99999999w', 1],
  ])('%j is refused at character %i', (text, column) => {
    expect(parseDuration(text)).toMatchObject({ ok: false, column });
    expect(() => durationMs(text)).toThrow(RangeError);
  });

  test.each([
    ['30 days', 'write 30d'],
    ['12 hours', 'write 12h'],
    ['1D', 'write 1d'],
  ])('%j gets the hint %j', (text, hint) => {
    expect(parseDuration(text)).toMatchObject({ ok: false, hint });
  });

  test('of months is not mistaken for minutes', () => {
    expect(parseDuration('3 months')).toMatchObject({ ok: false, hint: expect.stringContaining('write a number and a unit') });
  });

  test('is written so that it reads back the same', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 3_000_000_000 }), (seconds) => durationMs(formatDuration(seconds * 1000)) === seconds * 1000),
    );
    expect(formatDuration(36 * HOUR + 500)).toBe('1d12h');
  });
});
