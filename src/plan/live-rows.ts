import { effectivePolicy, targetOf, targetType } from '../graph/index.ts';
import {
  type Address,
  type Blocked,
  type Change,
  hashOwned,
  type Instant,
  type JsonObject,
  kindOf,
  linkOf,
  type Owned,
  type PublicRecord,
  type RotateReason,
  SECRET_FIELDS,
  type SecretField,
  versionIn,
} from '../model/index.ts';
import { dueFrom, dueState, nextTime, scheduleHash } from '../policy/index.ts';
import type { Capability, PlanInput } from './input.ts';
import { ABSENT, sourceOf } from './record-rows.ts';
import type { Pair, World } from './world.ts';

type State = Owned & { readonly address: Address };

/** Secret fields that a login can show; the others are stored as they are given. */
const PROVABLE_FIELDS: readonly SecretField[] = ['password', 'privateKey'];

interface RotationSpec {
  readonly type?: string;
  readonly initial?: string;
  readonly trigger?: string;
  readonly enabled?: boolean;
  readonly selfRotate?: boolean;
  readonly allowUnproved?: boolean;
  readonly field?: SecretField;
}

/** Rows that touch live systems or secrets: recover, ingest, verify, rotate. */
export function liveRows(input: PlanInput, world: World, pair: Pair): readonly Change[] {
  const state = world.after(pair.address);
  if (state === undefined) return [];
  const rows = [recoverRow(pair), ...ingestRows(input, world, pair, state)];
  if (kindOf(pair.address) === 'PamUser' && !isRetired(state))
    rows.push(verifyRow(input, world, pair, state), rotateRow(input, world, pair, state));
  return rows.filter((row) => row !== undefined);
}

function base<K extends Change['kind']>(pair: Pair, kind: K, suffix = '', path?: string) {
  return {
    id: `${kind} ${pair.address}${suffix}`,
    address: pair.address,
    kind,
    dependsOn: [] as readonly string[],
    precondition: pair.record === undefined ? ABSENT : hashOwned(pair.record),
    ...(pair.desired === undefined ? {} : { source: sourceOf(pair, path) }),
  };
}

function recoverRow(pair: Pair): Change | undefined {
  const active = pair.record?.rotation.active;
  if (active === undefined) return undefined;
  const blocked = quarantineOf(pair.record);
  return { ...base(pair, 'recover'), rotationId: active.id, ...(blocked === undefined ? {} : { blocked }) };
}

function ingestRows(input: PlanInput, world: World, pair: Pair, state: State): readonly Change[] {
  const inputs = pair.desired?.inputs ?? {};
  return SECRET_FIELDS.flatMap((field) => {
    const source = inputs[field];
    if (source === undefined || source.version <= (pair.record?.inputs[field] ?? 0)) return [];
    const prove =
      PROVABLE_FIELDS.includes(field) && resourceOf(world, state) !== undefined && capabilityOf(input, world, state)?.provable === true;
    return [{ ...base(pair, 'ingest', ` ${field}`, `spec.${field}`), field, input: source, prove }];
  });
}

/** A secret that was taken over without a proof (adopted, recovered) is shown, never rotated by surprise. */
function verifyRow(input: PlanInput, world: World, pair: Pair, state: State): Change | undefined {
  const { record } = pair;
  if (record === undefined || capabilityOf(input, world, state)?.provable !== true) return undefined;
  const version = PROVABLE_FIELDS.map((field) => versionIn(record, field, 'current')).find(
    (v) => v !== undefined && v.proof === undefined && v.unproved === undefined,
  );
  if (version === undefined || input.snapshot.refusedVersions.includes(version.id)) return undefined;
  return { ...base(pair, 'verify'), field: version.field, version: version.id };
}

function rotateRow(input: PlanInput, world: World, pair: Pair, state: State): Change | undefined {
  const rotation = state.fields['rotation'] as RotationSpec | undefined;
  const requested = input.requests?.includes(pair.address) ?? false;
  if (rotation === undefined || state.fields['managed'] === true || (rotation.enabled === false && !requested)) return undefined;
  const reason = requested ? { type: 'request' as const } : dueReason(input, world, pair, state, rotation);
  if (reason === undefined) return undefined;
  const field = rotation.field ?? 'password';
  const current = pair.record === undefined ? undefined : versionIn(pair.record, field, 'current');
  const blocked = rotationBlock(input, world, pair, state, rotation);
  return {
    ...base(pair, 'rotate', '', reason.type === 'trigger' ? 'spec.rotation.trigger' : 'spec.rotation'),
    field,
    reason,
    currentVersion: current?.id ?? null,
    ...(blocked === undefined ? {} : { blocked }),
  };
}

/** Why the account is to be rotated now; undefined when nothing asks for it. */
function dueReason(input: PlanInput, world: World, pair: Pair, state: State, rotation: RotationSpec): RotateReason | undefined {
  const record = pair.record;
  if (rotation.initial === 'now' && record?.rotation.lastRotatedAt === undefined) return { type: 'initial' };
  // The trigger that a record is created with counts as seen.
  const { trigger } = rotation;
  if (trigger !== undefined && record !== undefined && !(record.rotation.triggersSeen ?? []).includes(trigger))
    return { type: 'trigger', value: trigger };
  if (record?.rotation.drift !== undefined) return { type: 'drift' };
  const due = record === undefined ? undefined : dueOf(record, state, world, input.asOf);
  return due?.due === true && due.dueAt !== null ? { type: 'due', dueAt: due.dueAt } : undefined;
}

/** When the account is due by the policy that it will have. `nextAt` on record counts while the schedule is the same. */
export function dueOf(
  record: PublicRecord,
  state: State,
  world: Pick<World, 'after'>,
  asOf: Instant,
): ReturnType<typeof dueState> | undefined {
  const { schedule } = effectivePolicy(state, world.after);
  if (schedule === undefined) return undefined;
  const next = scheduledTime(record, state, schedule);
  return dueState(schedule, next, asOf, record.id);
}

/** Do the records alone say that the account is to be rotated now, by its policy or because its target moved? */
export function isDueNow(record: PublicRecord, lookup: World['after'], asOf: Instant): boolean {
  const rotation = record.fields['rotation'] as RotationSpec | undefined;
  if (record.status !== 'managed' || rotation === undefined || rotation.enabled === false || isRetired(record)) return false;
  return record.rotation.drift !== undefined || dueOf(record, record, { after: lookup }, asOf)?.due === true;
}

/** The stored instant, or a fresh one from the anchor when the schedule was changed. Null: no time is set. */
export function scheduledTime(record: PublicRecord, state: State, schedule: Parameters<typeof scheduleHash>[0]): Instant | null {
  const { rotation } = record;
  const initial = (state.fields['rotation'] as RotationSpec | undefined)?.initial;
  if (initial === 'never' && rotation.lastRotatedAt === undefined) return null;
  if (rotation.nextAt !== undefined && rotation.scheduleHash === scheduleHash(schedule)) return rotation.nextAt;
  const anchor = rotation.lastRotatedAt ?? rotation.anchorAt;
  return anchor === undefined ? null : nextTime(schedule, anchor, { anchor, key: record.id });
}

/** What stands in the way of a rotation, in the order in which a person would have to mend it. */
function rotationBlock(input: PlanInput, world: World, pair: Pair, state: State, rotation: RotationSpec): Blocked | undefined {
  const resource = resourceOf(world, state);
  const unsupported = (reason: string): Blocked => ({ code: 'PAM2001', reason });
  if (rotation.type !== 'general') return unsupported(`rotation.type: ${rotation.type} is not supported by this version`);
  if (resource === undefined) return unsupported(`${state.address} lives on no resource`);
  const type = targetType(resource.address, resource.fields) ?? '';
  const capability = input.capabilities[type];
  if (capability === undefined) return unsupported(`there is no provider for ${type} in this version`);
  const field = rotation.field ?? 'password';
  if (!capability.fields.includes(field)) return unsupported(`the provider for ${type} does not rotate a ${field}`);
  if (targetOf(resource) === null) return { code: 'PAM2002', reason: `${resource.address} has no host` };
  const configuration = world.after(linkOf(resource, 'configured-by') ?? ('' as Address));
  for (const owner of [state, resource, configuration]) {
    if (owner?.fields['hooks'] !== undefined) return unsupported(`${owner.address} declares hooks, which this version does not run`);
  }
  if (resource.fields['via'] !== undefined)
    return unsupported(`${resource.address} is reached via ${String(resource.fields['via'])}, which this version cannot do`);
  const quarantined = quarantineOf(pair.record);
  if (quarantined !== undefined) return quarantined;
  if (!capability.provable && rotation.allowUnproved !== true) {
    return { code: 'PAM2006', reason: `${type} offers no proof of a login; rotation.allowUnproved: true accepts that` };
  }
  return credentialBlock(input, world, pair, state, resource, rotation);
}

/** Somebody must be able to log in to carry the change out. */
function credentialBlock(
  input: PlanInput,
  world: World,
  pair: Pair,
  state: State,
  resource: State,
  rotation: RotationSpec,
): Blocked | undefined {
  const admin = linkOf(resource, 'admin-of');
  const self = rotation.selfRotate === true || admin === undefined || admin === state.address;
  const actor = self ? pair : world.pair(admin);
  if (actor === undefined) return { code: 'PAM2003', reason: `${admin} is not on record` };
  const fields = PROVABLE_FIELDS.map((field) => ({
    ingested: (actor.desired?.inputs[field]?.version ?? 0) > (actor.record?.inputs[field] ?? 0),
    version: actor.record === undefined ? undefined : versionIn(actor.record, field, 'current'),
  }));
  if (fields.some((f) => f.ingested)) return undefined;
  const versions = fields.map((f) => f.version).filter((v) => v !== undefined);
  if (versions.length === 0) {
    return {
      code: 'PAM2003',
      reason: `no credential of ${actor.address} is stored, which the rotation needs; declare a source for it (password: { fromEnv: NAME })`,
    };
  }
  if (versions.every((v) => input.snapshot.refusedVersions.includes(v.id))) {
    return {
      code: 'PAM2004',
      reason: `the stored credential of ${actor.address} was refused by the target; give a new version of it, or run: pam verify ${actor.address}`,
    };
  }
  return undefined;
}

/** From when on a run takes the account along: the next rotation as people are shown it. Null when there is none. */
export function nextRotation(record: PublicRecord, after: World['after']): Instant | null {
  const { schedule } = effectivePolicy(record, after);
  const next = schedule === undefined ? null : scheduledTime(record, record, schedule);
  return next === null || schedule === undefined ? null : dueFrom(schedule, next, record.id);
}

export function quarantineOf(record: PublicRecord | undefined): Blocked | undefined {
  const quarantined = record?.rotation.quarantined;
  return quarantined === undefined
    ? undefined
    : { code: 'PAM4001', reason: `quarantined: ${quarantined.reason}; see: pam recover ${record?.address} --explain` };
}

export function resourceOf(world: Pick<World, 'after'>, state: Owned): State | undefined {
  const address = linkOf(state, 'belongs-to');
  return address === undefined ? undefined : world.after(address);
}

export function capabilityOf(input: PlanInput, world: Pick<World, 'after'>, state: Owned): Capability | undefined {
  const resource = resourceOf(world, state);
  return resource === undefined ? undefined : input.capabilities[targetType(resource.address, resource.fields) ?? ''];
}

function isRetired(state: State): boolean {
  return (state.fields['lifecycle'] as JsonObject | undefined)?.['retire'] === true;
}
