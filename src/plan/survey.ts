import {
  type Address,
  type Instant,
  type JsonObject,
  linkOf,
  type SecretField,
  type VaultRecord,
  type VersionHeader,
  versionIn,
} from '../model/index.ts';
import type { PlanInput } from './input.ts';
import { type AccountTiming, accountPairs, timingOf } from './timing.ts';
import type { Pair, World } from './world.ts';

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
export interface AccountSurvey extends AccountTiming {
  readonly login: string;
  /** What it lives on, or the configuration that manages it. */
  readonly resource: Address | null;
  readonly folder: string;
  readonly field: SecretField;
  readonly secret: SecretStanding;
  /** Since when the current secret is stored; an input may be older than that. */
  readonly secretSince: Instant | null;
  readonly ageDays: number | null;
  readonly origin: VersionHeader['origin'] | null;
  /** How and where it was last shown that the secret opens the account, or why not. */
  readonly proof: { readonly at: Instant; readonly method: string; readonly node?: string } | null;
  readonly unprovedBecause: string | null;
  readonly trouble: readonly Trouble[];
}

const DAY_MS = 86_400_000;

/** All accounts of the project, declared or on record, by address. */
export function surveyAccounts(input: PlanInput<VaultRecord>, world: World<VaultRecord>): readonly AccountSurvey[] {
  return accountPairs(world).map((pair) => survey(input, world, pair));
}

function survey(input: PlanInput, world: World, pair: Pair<VaultRecord>): AccountSurvey {
  const { address, record } = pair;
  const state = world.after(address) ?? { address, fields: {}, links: [] };
  const field = fieldOf(record, state.fields);
  const current = record === undefined ? undefined : versionIn(record, field, 'current');
  const refused = current !== undefined && input.snapshot.refusedVersions.includes(current.id);
  const resource = linkOf(state, 'belongs-to') ?? linkOf(state, 'iam-of') ?? null;
  return {
    ...timingOf(input, world, pair),
    login: String(state.fields['login'] ?? ''),
    resource,
    folder: String((state.fields['metadata'] as JsonObject | undefined)?.['folder'] ?? ''),
    field,
    secret: standingOf(current, resource, refused || record?.rotation.drift !== undefined),
    secretSince: current?.createdAt ?? null,
    ageDays: current === undefined ? null : Math.max(0, Math.floor((Date.parse(input.asOf) - Date.parse(current.createdAt)) / DAY_MS)),
    origin: current?.origin ?? null,
    proof: current?.proof ?? null,
    unprovedBecause: current === undefined || current.proof !== undefined ? null : (current.unproved ?? 'not proved yet'),
    trouble: record === undefined ? [] : troubleOf(record, refused, current),
  };
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
