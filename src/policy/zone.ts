import { DAY } from './duration.ts';

/**
 * Time zones by IANA name, through the rules that come with Node.js.
 *
 * A *wall time* is what a clock on the wall shows, written as milliseconds since 1970-01-01 00:00 on that clock
 * (what `Date.UTC` gives for its hands). Instants are milliseconds since the epoch.
 */
const formats = new Map<string, Intl.DateTimeFormat | null>();

function formatOf(zone: string): Intl.DateTimeFormat | null {
  let format = formats.get(zone);
  if (format === undefined) {
    try {
      format = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' });
    } catch {
      format = null;
    }
    // Names come from manifests: what is no zone is not remembered, so that the map stays small.
    if (format !== null) formats.set(zone, format);
  }
  return format;
}

/** Is it an IANA name? Bare offsets (`+01:00`) are not: they know nothing of daylight saving. */
export function isTimeZone(name: string): boolean {
  return /^[A-Za-z]/.test(name) && formatOf(name) !== null;
}

/** Milliseconds that the clocks of the zone are ahead of UTC. Throws `RangeError` for an unknown zone. */
function offsetAt(zone: string, instant: number): number {
  if (zone === 'UTC') return 0;
  const format = formatOf(zone);
  if (format === null) throw new RangeError(`no time zone ${zone}`);
  // `GMT`, `GMT-05:00`, and for local mean times before the standard zones `GMT-04:56:02`.
  const match = /GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?$/.exec(format.format(instant));
  const [, sign, hours = '0', minutes = '0', seconds = '0'] = match ?? [];
  const size = ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000;
  return sign === '-' ? -size : size;
}

export function wallAt(zone: string, instant: number): number {
  return instant + offsetAt(zone, instant);
}

/**
 * The instant at which the clocks of the zone show `wall`. A time that they skip is the first instant after the gap;
 * of a time that they show twice it is the first. Never falls as `wall` rises.
 */
export function instantOf(zone: string, wall: number): number {
  if (zone === 'UTC') return wall;
  // No zone is further than 16 hours from UTC, so that these two lie on either side of a change nearby.
  const before = offsetAt(zone, wall - DAY);
  const after = offsetAt(zone, wall + DAY);
  const early = wall - Math.max(before, after);
  const late = wall - Math.min(before, after);
  if (wallAt(zone, early) === wall) return early;
  if (wallAt(zone, late) === wall) return late;
  return firstInstantWith(zone, after, early, late);
}

/** The change of clocks in (`low`, `high`], at whose end the offset is `offset`. */
function firstInstantWith(zone: string, offset: number, low: number, high: number): number {
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (offsetAt(zone, middle) === offset) high = middle;
    else low = middle;
  }
  return high;
}
