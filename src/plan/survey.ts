import { effectivePolicy } from '../graph/index.ts';
import {
  type Address,
  type Instant,
  type JsonObject,
  kindOf,
  linkOf,
  type SecretField,
  type VaultRecord,
  type VersionHeader,
  versionIn,
} from '../model/index.ts';
import { describeSchedule, dueFrom, type Schedule } from '../policy/index.ts';
import type { PlanInput } from './input.ts';
import { dueOf } from './live-rows.ts';
import type { Pair, World } from './world.ts';

/**
 * How an account is rotated: `scheduled`; `on demand`, with no time of its own; `paused` by `enabled: false`; `retired`; or not
 * at all (`none`), as are released records.
 */
export type RotationMode = 'scheduled' | 'on demand' | 'paused' | 'retired' | 'none';

/**
 * What is known of the stored secret: `proved`; `unproved`, since its target offers no proof or nobody asked yet; `refused` by the
 * target; `kept`, with nothing to prove it against; `missing`.
 */
export type SecretStanding = 'proved' | 'unproved' | 'refused' | 'kept' | 'missing';

/** Something that a person has to look at. */
export interface Trouble {
  readonly kind: 'quarantined' | 'failing' | 'moved' | 'interrupted' | 'refused';
  readonly since: Instant;
  readonly message: string;
}

/** One account at one moment. Metadata only. */
export interface AccountSurvey {
  readonly address: Address;
  readonly login: string;
  /** What it lives on, or the configuration that manages it. */
  readonly resource: Address | null;
  readonly folder: string;
  /** `declared`: no apply has put it on record yet. */
  readonly status: 'managed' | 'released' | 'declared';
  readonly rotation: RotationMode;
  /** In words, of what has a schedule. */
  readonly schedule: string | null;
  readonly field: SecretField;
  readonly secret: SecretStanding;
  /** Since when the current secret is stored; an input may be older than that. */
  readonly secretSince: Instant | null;
  readonly ageDays: number | null;
  readonly origin: VersionHeader['origin'] | null;
  /** How and where it was last shown that the secret opens the account, or why not. */
  readonly proof: { readonly at: Instant; readonly method: string; readonly node?: string } | null;
  readonly unprovedBecause: string | null;
  readonly lastRotatedAt: Instant | null;
  /** It may be rotated now: by its schedule, or for the first time since `initial: now` says so. */
  readonly due: boolean;
  /** Since when its time has come; also of what missed its window and waits for the next one. */
  readonly dueSince: Instant | null;
  readonly overdue: boolean;
  readonly nextAt: Instant | null;
  readonly trouble: readonly Trouble[];
}

const DAY_MS = 86_400_000;

/** All accounts of the project, declared or on record, by address. */
export function surveyAccounts(input: PlanInput, world: World): readonly AccountSurvey[] {
  return world.pairs.filter((p) => kindOf(p.address) === 'PamUser').map((pair) => survey(input, world, pair));
}

function survey(input: PlanInput, world: World, pair: Pair): AccountSurvey {
  const { address, record } = pair;
  const state = world.after(address) ?? { address, fields: {}, links: [] };
  const status = pair.record === undefined ? 'declared' : pair.record.status;
  const rotation = modeOf(state.fields, status);
  const { schedule } = effectivePolicy(state, world.after);
  const mode = rotation === 'scheduled' && (schedule === undefined || schedule.onDemand === true) ? 'on demand' : rotation;
  const due = mode === 'scheduled' && record !== undefined ? dueOf(record, state, world, input.asOf) : undefined;
  const field = fieldOf(record, state.fields);
  const current = record === undefined ? undefined : versionIn(record, field, 'current');
  const refused = current !== undefined && input.snapshot.refusedVersions.includes(current.id);
  const resource = linkOf(state, 'belongs-to') ?? linkOf(state, 'iam-of') ?? null;
  return {
    address,
    login: String(state.fields['login'] ?? ''),
    resource,
    folder: String((state.fields['metadata'] as JsonObject | undefined)?.['folder'] ?? ''),
    status,
    rotation: mode,
    schedule: mode === 'scheduled' && schedule !== undefined ? describeSchedule(schedule) : null,
    field,
    secret: standingOf(current, resource, refused || record?.rotation.drift !== undefined),
    secretSince: current?.createdAt ?? null,
    ageDays: current === undefined ? null : Math.max(0, Math.floor((Date.parse(input.asOf) - Date.parse(current.createdAt)) / DAY_MS)),
    origin: current?.origin ?? null,
    proof: current?.proof ?? null,
    unprovedBecause: current === undefined || current.proof !== undefined ? null : (current.unproved ?? 'not proved yet'),
    lastRotatedAt: record?.rotation.lastRotatedAt ?? null,
    due: due?.due === true || isAwaited(state.fields, mode, record),
    dueSince: due?.dueAt ?? null,
    overdue: due?.overdue ?? false,
    nextAt: nextOf(record, schedule, due),
    trouble: record === undefined ? [] : troubleOf(record, refused, current),
  };
}

/** `initial: now` was declared, and no rotation has been done yet. */
function isAwaited(fields: JsonObject, mode: RotationMode, record: VaultRecord | undefined): boolean {
  const rotation = fields['rotation'] as JsonObject | undefined;
  return (mode === 'scheduled' || mode === 'on demand') && rotation?.['initial'] === 'now' && record?.rotation.lastRotatedAt === undefined;
}

/** As `pam list` shows it: from when on a run takes the account along; of what is due, the time after a rotation done now. */
function nextOf(record: VaultRecord | undefined, schedule: Schedule | undefined, due: ReturnType<typeof dueOf>): Instant | null {
  if (record === undefined || schedule === undefined || due === undefined || due.next === null) return null;
  return due.dueAt === null ? dueFrom(schedule, due.next, record.id) : due.next;
}

function modeOf(fields: JsonObject, status: AccountSurvey['status']): RotationMode {
  const rotation = fields['rotation'] as JsonObject | undefined;
  if ((fields['lifecycle'] as JsonObject | undefined)?.['retire'] === true) return 'retired';
  if (rotation === undefined || status === 'released' || fields['managed'] === true) return 'none';
  return rotation['enabled'] === false ? 'paused' : 'scheduled';
}

/** The secret that the account is known by: what is rotated, else what is stored. */
function fieldOf(record: VaultRecord | undefined, fields: JsonObject): SecretField {
  const rotated = (fields['rotation'] as { field?: SecretField } | undefined)?.field;
  if (rotated !== undefined || record === undefined) return rotated ?? 'password';
  const hasKeyOnly = versionIn(record, 'password', 'current') === undefined && versionIn(record, 'privateKey', 'current') !== undefined;
  return hasKeyOnly ? 'privateKey' : 'password';
}

function standingOf(current: VersionHeader | undefined, resource: Address | null, refused: boolean): SecretStanding {
  if (current === undefined) return 'missing';
  if (refused) return 'refused';
  if (resource === null) return 'kept';
  return current.proof === undefined ? 'unproved' : 'proved';
}

function troubleOf({ rotation }: VaultRecord, refused: boolean, current: VersionHeader | undefined): readonly Trouble[] {
  const { quarantined, failures, drift, active } = rotation;
  const found: Trouble[] = [];
  if (quarantined !== undefined) found.push({ kind: 'quarantined', since: quarantined.at, message: quarantined.reason });
  if (drift !== undefined) found.push({ kind: 'moved', since: drift.at, message: 'the target refuses the stored secret' });
  else if (refused && current !== undefined)
    found.push({ kind: 'refused', since: current.refused?.at ?? current.createdAt, message: 'the stored secret was refused' });
  if (active !== undefined)
    found.push({ kind: 'interrupted', since: active.startedAt, message: 'a rotation was interrupted; the next apply finishes it' });
  if (failures !== undefined) {
    const times = failures.count === 1 ? 'once' : `${failures.count} times in a row`;
    found.push({ kind: 'failing', since: failures.lastAt, message: `failed ${times}, last with ${failures.code}` });
  }
  return found;
}
