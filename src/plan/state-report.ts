import { type Address, compareText, type Instant, type LedgerEntry, type Owner, type VaultRecord } from '../model/index.ts';
import type { PlanInput } from './input.ts';
import { type AccountSurvey, surveyAccounts } from './survey.ts';
import { accountPairs, timingOf } from './timing.ts';
import { listUpcoming, type Upcoming } from './upcoming.ts';
import { buildWorld } from './world.ts';

/** How far the calendar reaches. */
export const CALENDAR_WEEKS = 12;
const WEEK_MS = 7 * 86_400_000;

/** How much of a group of accounts is taken care of. Released records are no part of it. */
export interface Coverage {
  /** The address of a resource, or a folder; empty for accounts with none. */
  readonly group: string;
  readonly accounts: number;
  /** With a schedule, or rotated on demand. */
  readonly rotated: number;
  readonly proved: number;
  readonly unproved: number;
  readonly overdue: number;
  readonly troubled: number;
}

/** An earlier run, as far as the report tells of it. */
export interface LastRun {
  readonly id: string;
  readonly command: string;
  readonly startedAt: Instant;
  readonly finishedAt: Instant | null;
  readonly exit: number | null;
  readonly rows: number;
  /** Rows that did not end well, as the ledger has them. */
  readonly failed: readonly Pick<LedgerEntry, 'id' | 'outcome' | 'code' | 'detail'>[];
  readonly by: string;
}

/** The state of all credentials at one moment: plain data, no secrets. */
export interface StateReport {
  readonly formatVersion: 1;
  readonly owner: Owner;
  readonly lineage: string;
  readonly serial: number;
  readonly asOf: Instant;
  readonly total: Coverage;
  readonly byResource: readonly Coverage[];
  readonly byFolder: readonly Coverage[];
  readonly accounts: readonly AccountSurvey[];
  readonly calendar: readonly Upcoming[];
  readonly unmanaged: readonly Address[];
  readonly runs: readonly LastRun[];
}

/** Pure, like a plan: the same input gives the same report. */
export function makeStateReport(input: PlanInput<VaultRecord>, runs: readonly LastRun[]): StateReport {
  const world = buildWorld(input);
  const accounts = surveyAccounts(input, world);
  const managed = accounts.filter((a) => a.status !== 'released');
  return {
    formatVersion: 1,
    owner: input.owner,
    lineage: input.snapshot.lineage,
    serial: input.snapshot.serial,
    asOf: input.asOf,
    total: coverageOf('', managed),
    byResource: coverageBy(managed, (a) => a.resource ?? ''),
    byFolder: coverageBy(managed, (a) => a.folder),
    accounts,
    calendar: listUpcoming(input, world, accounts, calendarEnd(input.asOf)),
    unmanaged: accounts.filter((a) => a.status === 'released').map((a) => a.address),
    runs,
  };
}

/** The calendar alone: what a plan shows beside its rows. */
export function rotationCalendar(input: PlanInput): readonly Upcoming[] {
  const world = buildWorld(input);
  const timings = accountPairs(world).map((pair) => timingOf(input, world, pair));
  return listUpcoming(input, world, timings, calendarEnd(input.asOf));
}

function calendarEnd(asOf: Instant): Instant {
  return new Date(Date.parse(asOf) + CALENDAR_WEEKS * WEEK_MS).toISOString();
}

function coverageBy(accounts: readonly AccountSurvey[], groupOf: (account: AccountSurvey) => string): readonly Coverage[] {
  const groups = new Map<string, AccountSurvey[]>();
  for (const account of accounts) groups.set(groupOf(account), [...(groups.get(groupOf(account)) ?? []), account]);
  return [...groups].map(([group, members]) => coverageOf(group, members)).sort((a, b) => compareText(a.group, b.group));
}

function coverageOf(group: string, accounts: readonly AccountSurvey[]): Coverage {
  const count = (wanted: (account: AccountSurvey) => boolean) => accounts.filter(wanted).length;
  return {
    group,
    accounts: accounts.length,
    rotated: count((a) => a.rotation === 'scheduled' || a.rotation === 'on demand'),
    proved: count((a) => a.secret === 'proved'),
    unproved: count((a) => a.secret === 'unproved' || a.secret === 'refused'),
    overdue: count((a) => a.overdue),
    troubled: count((a) => a.trouble.length > 0),
  };
}
