import { effectivePolicy } from '../graph/index.ts';
import { type Address, compareText, type Instant, type JsonObject } from '../model/index.ts';
import { dueFrom, nextTime, type Schedule } from '../policy/index.ts';
import type { PlanInput } from './input.ts';
import type { AccountTiming } from './timing.ts';
import type { World } from './world.ts';

/** A rotation that lies ahead, if every one before it runs at its time. */
export interface Upcoming {
  readonly address: Address;
  readonly at: Instant;
  /** `due`: its time has come already, and `at` is the moment that was asked for. */
  readonly state: 'due' | 'scheduled';
}

/** More rotations of one account than that tell a reader of a calendar nothing. */
const MOST = 100;

/** What is due and what the schedules bring until then, by time. An account that is not on record yet counts as applied now. */
export function listUpcoming(input: PlanInput, world: World, accounts: readonly AccountTiming[], until: Instant): readonly Upcoming[] {
  return accounts
    .flatMap((account) => upcomingOf(input, world, account, until))
    .sort((a, b) => compareText(a.at, b.at) || compareText(a.address, b.address));
}

function upcomingOf(input: PlanInput, world: World, account: AccountTiming, until: Instant): readonly Upcoming[] {
  const { address } = account;
  const state = world.after(address);
  const schedule = state === undefined ? undefined : effectivePolicy(state, world.after).schedule;
  const found: Upcoming[] = account.due ? [{ address, at: input.asOf, state: 'due' }] : [];
  if (state === undefined || schedule === undefined || account.rotation !== 'scheduled') return found;
  const rotation = state.fields['rotation'] as JsonObject;
  const atOnce = rotation['initial'] === 'now' && account.lastRotatedAt === null;
  const key = world.pair(address)?.record?.id;
  const isNew = account.status === 'declared' && rotation['initial'] !== 'never';
  let at = atOnce || isNew ? after(schedule, input.asOf, key) : account.nextAt;
  for (let count = 0; at !== null && at <= until && count < MOST; count++) {
    found.push({ address, at, state: 'scheduled' });
    at = after(schedule, at, key);
  }
  return found;
}

/** The next one, after a rotation done at that moment. */
function after(schedule: Schedule, done: Instant, key: string | undefined): Instant | null {
  const next = nextTime(schedule, done, { anchor: done, ...(key === undefined ? {} : { key }) });
  if (next === null) return null;
  const from = key === undefined ? next : dueFrom(schedule, next, key);
  return from > done ? from : next;
}
