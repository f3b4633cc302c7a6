import { effectivePolicy, targetOf } from '../graph/index.ts';
import {
  type Address,
  type JsonObject,
  linkOf,
  type Owner,
  type SecretField,
  type Snapshot,
  sameOwner,
  type VaultRecord,
  versionIn,
} from '../model/index.ts';
import type { Complexity, Schedule } from '../policy/index.ts';
import type { Account, Target } from '../providers/provider.ts';
import { RotationError } from './context.ts';
import { DEFAULT_RETENTION, type Retention } from './versions.ts';

/** Who carries a change out: an administrator of the resource, the account itself, or (`why`) nobody. */
export type Actor =
  | { readonly type: 'admin'; readonly record: VaultRecord }
  | { readonly type: 'self' }
  | { readonly type: 'none'; readonly why: string; readonly hint: string };

/** Everything that a rotation needs to know about one account, from records alone: no checkout, no manifest. */
export interface Subject {
  readonly record: VaultRecord;
  readonly field: SecretField;
  readonly account: Account;
  /** Null for a kept credential: nothing to prove it against. */
  readonly target: Target | null;
  readonly actor: Actor;
  readonly complexity: Complexity | undefined;
  /** Of a private key. */
  readonly keyType: KeyType;
  readonly schedule: Schedule | undefined;
  readonly retention: Retention;
  readonly allowUnproved: boolean;
}

/** Records of one owner by address. */
export type Lookup = (address: Address) => VaultRecord | undefined;

export function lookupIn(snapshot: Snapshot, owner: Owner): Lookup {
  const byAddress = new Map(snapshot.records.filter((r) => sameOwner(r.owner, owner)).map((r) => [r.address, r]));
  return (address) => byAddress.get(address);
}

export type KeyType = 'ed25519' | 'rsa';

export interface RotationFields {
  readonly type?: 'general' | 'iamUser' | 'scriptsOnly';
  readonly initial?: 'now' | 'due' | 'never';
  readonly trigger?: string;
  readonly enabled?: boolean;
  readonly selfRotate?: boolean;
  readonly allowUnproved?: boolean;
  readonly field?: 'password' | 'privateKey';
  readonly keyType?: KeyType;
}

export function rotationFields(fields: JsonObject): RotationFields | undefined {
  return fields['rotation'] as RotationFields | undefined;
}

/** Who carries a change out: `usual` as declared for rotations, or the account's reconcile credential, where a person says so. */
export type Through = 'usual' | 'reconcile-credential';

/** Describes an account with what its records say. Throws RotationError PAM4007 where a record that it needs is missing. */
export function describeSubject(record: VaultRecord, lookup: Lookup, field?: SecretField, through: Through = 'usual'): Subject {
  const rotation = rotationFields(record.fields);
  const secretField = field ?? rotation?.field ?? 'password';
  const resourceAddress = linkOf(record, 'belongs-to');
  const resource = resourceAddress === undefined ? undefined : lookup(resourceAddress);
  if (resourceAddress !== undefined && resource === undefined) {
    throw new RotationError('PAM4007', `${record.address} belongs to ${resourceAddress}, which has no record`);
  }
  const policy = effectivePolicy(record, lookup);
  return {
    record,
    field: secretField,
    account: { address: record.address, login: String(record.fields['login'] ?? ''), field: secretField, fields: record.fields },
    target: resource === undefined ? null : targetOf(resource),
    actor: through === 'usual' ? actorOf(record, resource, lookup) : reconcilerOf(record, lookup),
    complexity: policy.complexity,
    keyType: rotation?.keyType ?? 'ed25519',
    schedule: policy.schedule,
    retention: { ...DEFAULT_RETENTION, ...(policy.retain === undefined ? {} : { versions: policy.retain }) },
    allowUnproved: rotation?.allowUnproved ?? false,
  };
}

function actorOf(record: VaultRecord, resource: VaultRecord | undefined, lookup: Lookup): Actor {
  if (rotationFields(record.fields)?.selfRotate === true || resource === undefined) return { type: 'self' };
  const adminAddress = linkOf(resource, 'admin-of');
  const admin = adminAddress === undefined ? undefined : lookup(adminAddress);
  if (admin === undefined) {
    return {
      type: 'none',
      why: `${resource.address} has no admin credential on record, which ${record.address} needs`,
      hint: `set adminCredential on ${resource.address}, or rotation.selfRotate: true on ${record.address}`,
    };
  }
  return admin.id === record.id ? { type: 'self' } : { type: 'admin', record: admin };
}

function reconcilerOf(record: VaultRecord, lookup: Lookup): Actor {
  const address = record.fields['reconcileCredential'];
  const reconciler = typeof address === 'string' ? lookup(address as Address) : undefined;
  if (reconciler !== undefined) return { type: 'admin', record: reconciler };
  return {
    type: 'none',
    why: `${record.address} has no reconcile credential on record`,
    hint: `set reconcileCredential on ${record.address}, and apply that`,
  };
}

/** The secret that an account logs in with: the field it rotates, else the first that it has. */
export function loginField(record: VaultRecord): SecretField {
  const declared = rotationFields(record.fields)?.field;
  if (declared !== undefined) return declared;
  return versionIn(record, 'password', 'current') === undefined && versionIn(record, 'privateKey', 'current') !== undefined
    ? 'privateKey'
    : 'password';
}
