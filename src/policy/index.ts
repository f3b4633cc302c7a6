/** What a RotationPolicy says: when credentials are rotated, and what passwords look like. Pure: times and chance come in as arguments. */
export { checkComplexity } from './check-complexity.ts';
export { checkSchedule } from './check-schedule.ts';
export { closest } from './closest.ts';
export type { Complexity } from './complexity.ts';
export { quartzSpellings } from './crontab.ts';
export { describeSchedule } from './describe-schedule.ts';
export { durationMs, formatDuration, parseDuration } from './duration.ts';
export { generatePassword } from './generate.ts';
export { type DueState, dueFrom, dueState, listTimes, type NextTimeOptions, nextTime } from './next-time.ts';
export type { Problem } from './problem.ts';
export { satisfies } from './satisfies.ts';
export { type Schedule, scheduleHash } from './schedule.ts';
export { compareComplexity, entropyBits } from './strength.ts';
