import { effectivePolicy } from '../graph/index.ts';
import { compareText, type Instant, kindOf, type Plan } from '../model/index.ts';
import { scheduledTime } from '../plan/index.ts';
import { nextTime } from '../policy/index.ts';
import type { State, StateResource } from './state.ts';

const HOUR_MS = 3_600_000;

/** Says where more than `max` rotations fall into an hour, at the next time of each account; null where that is nowhere. */
export function findCrowdedHour(plan: Plan, state: State, max: number): string | null {
  const now = new Set(plan.changes.filter((c) => c.kind === 'rotate' && c.blocked === undefined).map((c) => c.address));
  const times = [...state.values()]
    .flatMap((resource) => {
      const time = now.has(resource.address) ? plan.asOf : nextTimeOf(resource, state, plan.asOf);
      return time === null ? [] : [[time, plan.asOf].sort(compareText)[1] ?? time];
    })
    .sort(compareText);
  let most = { count: 0, from: '' };
  let first = 0;
  for (const [last, time] of times.entries()) {
    while (Date.parse(time) - Date.parse(times[first] ?? time) >= HOUR_MS) first++;
    if (last - first + 1 > most.count) most = { count: last - first + 1, from: times[first] ?? time };
  }
  return most.count > max ? `${most.count} rotations fall into the hour from ${most.from}, more than ${max}` : null;
}

/** As an apply will store it: of a new account from now on, spread by its address until there is a record with an id. */
function nextTimeOf(resource: StateResource, state: State, asOf: Instant): Instant | null {
  const rotation = resource.fields['rotation'] as { enabled?: boolean; initial?: string } | undefined;
  if (kindOf(resource.address) !== 'PamUser' || rotation === undefined || rotation.enabled === false) return null;
  const { schedule } = effectivePolicy(resource, (a) => state.get(a));
  if (schedule === undefined) return null;
  const { record } = resource;
  if (record === undefined) return rotation.initial === 'never' ? null : nextTime(schedule, asOf, { anchor: asOf, key: resource.address });
  return scheduledTime(record, resource, schedule);
}
