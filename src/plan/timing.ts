import { effectivePolicy } from '../graph/index.ts';
import { type Address, type Instant, type JsonObject, kindOf, type PublicRecord } from '../model/index.ts';
import { describeSchedule, dueFrom, type Schedule } from '../policy/index.ts';
import type { PlanInput } from './input.ts';
import { dueOf } from './live-rows.ts';
import type { Pair, World } from './world.ts';

/**
 * How an account is rotated: `scheduled`; `on demand`, with no time of its own; `paused` by `enabled: false`; `retired`; or not
 * at all (`none`), as are released records.
 */
export type RotationMode = 'scheduled' | 'on demand' | 'paused' | 'retired' | 'none';

/** When an account is rotated. A published snapshot tells it as well as a vault. */
export interface AccountTiming {
  readonly address: Address;
  /** `declared`: no apply has put it on record yet. */
  readonly status: 'managed' | 'released' | 'declared';
  readonly rotation: RotationMode;
  /** In words, of what has a schedule. */
  readonly schedule: string | null;
  readonly lastRotatedAt: Instant | null;
  /** It may be rotated now: by its schedule, or for the first time since `initial: now` says so. */
  readonly due: boolean;
  /** Since when its time has come; also of what missed its window and waits for the next one. */
  readonly dueSince: Instant | null;
  readonly overdue: boolean;
  readonly nextAt: Instant | null;
}

/** Accounts, declared or on record, by address. */
export function accountPairs<R extends PublicRecord>(world: World<R>): readonly Pair<R>[] {
  return world.pairs.filter((p) => kindOf(p.address) === 'PamUser');
}

export function timingOf(input: PlanInput, world: World, { address, record }: Pair): AccountTiming {
  const state = world.after(address) ?? { address, fields: {}, links: [] };
  const status = record === undefined ? 'declared' : record.status;
  const rotation = modeOf(state.fields, status);
  const { schedule } = effectivePolicy(state, world.after);
  const mode = rotation === 'scheduled' && (schedule === undefined || schedule.onDemand === true) ? 'on demand' : rotation;
  const due = mode === 'scheduled' && record !== undefined ? dueOf(record, state, world, input.asOf) : undefined;
  return {
    address,
    status,
    rotation: mode,
    schedule: mode === 'scheduled' && schedule !== undefined ? describeSchedule(schedule) : null,
    lastRotatedAt: record?.rotation.lastRotatedAt ?? null,
    due: due?.due === true || isAwaited(state.fields, mode, record),
    dueSince: due?.dueAt ?? null,
    overdue: due?.overdue ?? false,
    nextAt: nextOf(record, schedule, due),
  };
}

/** `initial: now` was declared, and no rotation has been done yet. */
function isAwaited(fields: JsonObject, mode: RotationMode, record: PublicRecord | undefined): boolean {
  const rotation = fields['rotation'] as JsonObject | undefined;
  return (mode === 'scheduled' || mode === 'on demand') && rotation?.['initial'] === 'now' && record?.rotation.lastRotatedAt === undefined;
}

/** As `pam list` shows it: from when on a run takes the account along; of what is due, the time after a rotation done now. */
function nextOf(record: PublicRecord | undefined, schedule: Schedule | undefined, due: ReturnType<typeof dueOf>): Instant | null {
  if (record === undefined || schedule === undefined || due === undefined || due.next === null) return null;
  return due.dueAt === null ? dueFrom(schedule, due.next, record.id) : due.next;
}

function modeOf(fields: JsonObject, status: AccountTiming['status']): RotationMode {
  const rotation = fields['rotation'] as JsonObject | undefined;
  if ((fields['lifecycle'] as JsonObject | undefined)?.['retire'] === true) return 'retired';
  if (rotation === undefined || status === 'released' || fields['managed'] === true) return 'none';
  return rotation['enabled'] === false ? 'paused' : 'scheduled';
}
