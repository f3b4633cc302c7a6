/** Crontab writes Sunday as 0 or 7, Quartz as 1: names mean the same in both. */
const WEEKDAY_NAMES = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT', 'SUN'];

const MACROS: Readonly<Record<string, string>> = {
  '@yearly': '0 0 0 1 1 ?',
  '@annually': '0 0 0 1 1 ?',
  '@monthly': '0 0 0 1 * ?',
  '@weekly': '0 0 0 ? * SUN',
  '@daily': '0 0 0 * * ?',
  '@midnight': '0 0 0 * * ?',
  '@hourly': '0 0 * * * ?',
};

/**
 * Quartz spellings of a five-field crontab line or of a macro such as `@daily`; empty for anything else. There are two where
 * the line restricts both day fields: crontab then runs on either of the days, which one Quartz expression cannot say.
 */
export function quartzSpellings(text: string): readonly string[] {
  const macro = MACROS[text.trim().toLowerCase()];
  if (macro !== undefined) return [macro];
  const [minute, hour, dayOfMonth, month, dayOfWeek, ...more] = text.trim().toUpperCase().split(/\s+/);
  if (dayOfMonth === undefined || dayOfWeek === undefined || more.length > 0) return [];
  const byDate = `0 ${minute} ${hour} ${dayOfMonth} ${month} ?`;
  if (isAny(dayOfWeek)) return [isAny(dayOfMonth) ? `0 ${minute} ${hour} * ${month} ?` : byDate];
  const byWeekday = `0 ${minute} ${hour} ? ${month} ${nameWeekdays(dayOfWeek)}`;
  return isAny(dayOfMonth) ? [byWeekday] : [byDate, byWeekday];
}

function isAny(field: string): boolean {
  return field === '*' || field === '?';
}

function nameWeekdays(field: string): string {
  return field
    .split(',')
    .map((item) => {
      const [range = '', step] = item.split('/');
      if (range === '0-7') return `*${step === undefined ? '' : `/${step}`}`;
      const named = range.replace(/\d+/g, (n) => WEEKDAY_NAMES[Number(n)] ?? n);
      return step === undefined ? named : `${named}/${step}`;
    })
    .join(',');
}
