import type { Address } from './address.ts';
import type { Owned, SecretField } from './resource.ts';

/** An RFC 3339 instant in UTC with milliseconds, as `Date.prototype.toISOString` prints it. Sorts as text. */
export type Instant = string;

/** Random UUID; a rename keeps it, and secrets are bound to it. */
export type RecordId = string;
/** Random UUID of one value of one secret field. */
export type VersionId = string;

/** Who may change a record: records of other owners are never touched. */
export interface Owner {
  readonly project: string;
  readonly environment: string;
}

/** How it was shown that a secret opens the account. */
export interface ProofNote {
  readonly at: Instant;
  /** Such as `scram-login` or `verifier`. */
  readonly method: string;
  /** The node that answered, `host:port`. */
  readonly node?: string;
}

/**
 * The life of one value of one secret field:
 * `pending` (sealed, perhaps live) → `current` (proved; what readers get) → `previous`;
 * `candidate`: may be live but nobody could prove it yet, or was refused. At most one `pending` and one `current` a field.
 */
export type VersionState = 'pending' | 'current' | 'previous' | 'candidate';

/** What a plan reads of a version. Of what it only asks for, a published snapshot keeps nothing but that it is there. */
export interface PublicVersion {
  readonly id: VersionId;
  readonly field: SecretField;
  readonly state: VersionState;
  readonly proof?: Partial<ProofNote>;
  readonly unproved?: string;
  /** Entropy in bits of a generated secret, rounded down; absent for inputs (it would tell about the secret). */
  readonly bits?: number;
}

export interface VersionHeader extends PublicVersion {
  readonly origin: 'generated' | 'input' | 'recovered';
  readonly createdAt: Instant;
  /** Of an input: the `version` that its manifest gave. */
  readonly inputVersion?: number;
  readonly proof?: ProofNote;
  /** Why no proof can be had; readers then need `--allow-unproved`. */
  readonly unproved?: string;
  /** The target answered that this secret is wrong, or its policy refused it. Never tried again of itself. */
  readonly refused?: { readonly at: Instant; readonly code: string };
}

/** Why a rotation takes place. */
export type RotateReason =
  | { readonly type: 'initial' }
  | { readonly type: 'due'; readonly dueAt: Instant }
  | { readonly type: 'trigger'; readonly value: string }
  | { readonly type: 'request' }
  | { readonly type: 'drift' };

/** When a target locks an account, as the target itself said when it was last looked at. */
export interface Lockout {
  /** So many failed logins lock the account. */
  readonly maxFailures: number;
  /** Within this time they count together, milliseconds; left out = until a good login. */
  readonly windowMs?: number;
}

/**
 * How the account stood on its target before the last rotation, to notice what moves afterwards. No secrets: a fingerprint is of a public
 * key. What the actor may not see is left out.
 */
export interface SeenState {
  readonly at: Instant;
  /** The immutable identity on the target: a name that means another account has another one. */
  readonly identity?: string;
  readonly locked?: boolean;
  readonly disabled?: boolean;
  /**
   * Fingerprints of keys that open the account and are not ours, as of the first look: a later look only takes away, so that a key
   * which was added by hand stays reported after a rotation.
   */
  readonly foreignKeys?: readonly string[];
}

/** What a plan reads of the rotation of a user. */
export interface PublicRotation {
  readonly active?: { readonly id: string };
  readonly triggersSeen?: readonly string[];
  /** The last rotation that was proved and committed. */
  readonly lastRotatedAt?: Instant;
  /** From when intervals count while there was no rotation: the apply that put the policy on the record. */
  readonly anchorAt?: Instant;
  /** Next scheduled time; absent = none (on demand, exhausted, or waiting for a first rotation by hand). */
  readonly nextAt?: Instant;
  /** Hash of the schedule that `nextAt` was computed from; another schedule computes anew. */
  readonly scheduleHash?: string;
  readonly drift?: object;
  readonly quarantined?: { readonly reason: string };
}

/** What the server side keeps about the rotation of a user. No manifest owns any of it. */
export interface RotationState extends PublicRotation {
  /** The rotation in flight: it is finished, with the same secret, before anything else happens to this account. */
  readonly active?: { readonly id: string; readonly field: SecretField; readonly reason: RotateReason; readonly startedAt: Instant };
  /** Secrets that the target may still take beside the current one (keys overlap), to be taken out there: no longer wanted, not forgotten. */
  readonly retiring?: readonly { readonly field: SecretField; readonly version: VersionId }[];
  readonly seen?: SeenState;
  /** A verify was refused: the target moved away from `current`. */
  readonly drift?: { readonly at: Instant; readonly version: VersionId };
  /** No candidate could be proved inside the attempt budget: nothing writes to this account of itself. */
  readonly quarantined?: { readonly at: Instant; readonly code: string; readonly reason: string };
  /** Left out where the target locks nobody, or was not looked at yet. */
  readonly lockout?: Lockout;
  /** Failed tries in a row; `notBefore` holds back automatic runs only, never an explicit apply. */
  readonly failures?: { readonly count: number; readonly lastAt: Instant; readonly code: string; readonly notBefore: Instant };
}

/** What a plan reads of a record, and so all that a published snapshot has to hold. `VaultRecord` has the rest. */
export interface PublicRecord extends Owned {
  /** Jitter is spread by it, so that due times stay the same. */
  readonly id: RecordId;
  readonly address: Address;
  readonly owner: Owner;
  readonly status: 'managed' | 'released';
  readonly releasedAt?: Instant;
  /** The last `version` of each write-only input that became current (or, for a kept credential, was stored). */
  readonly inputs: Readonly<Partial<Record<SecretField, number>>>;
  readonly versions: readonly PublicVersion[];
  readonly rotation: PublicRotation;
}

/** What a vault keeps for a resource, without its secrets: readable with no key. */
export interface VaultRecord extends PublicRecord {
  /** Rises by one with each write; the compare-and-set token. */
  readonly revision: number;
  readonly versions: readonly VersionHeader[];
  readonly rotation: RotationState;
  readonly createdAt: Instant;
  readonly updatedAt: Instant;
  /** HMAC-SHA-256 (hex) over everything above under a key derived from the vault key. */
  readonly mac: string;
}

/** Metadata only: of whole records, or of what a plan reads of them. */
export interface Snapshot<R extends PublicRecord = VaultRecord> {
  readonly formatVersion: 1;
  /** Random UUID made by `init`; a vault with another lineage is another vault. */
  readonly lineage: string;
  /** Rises with every write to the vault. */
  readonly serial: number;
  readonly records: readonly R[];
  /** Secret versions that a target refused: no automatic login uses them again. Outside the MAC: it can delay, not redirect. */
  readonly refusedVersions: readonly VersionId[];
}

/** What a plan works from. */
export type PublicSnapshot = Snapshot<PublicRecord>;

/**
 * What `pam snapshot` publishes for plans where the vault cannot be reached: the records of one owner. Its JSON Schema is
 * `schemas/snapshot.json`.
 */
export interface SnapshotFile extends Omit<PublicSnapshot, 'records'> {
  readonly owner: Owner;
  readonly takenAt: Instant;
  readonly records: readonly Omit<PublicRecord, 'owner'>[];
  /**
   * `sha256:…` over all of the above. It shows damage, not who made the file: who has no key could check no MAC. What is applied is
   * checked against the vault.
   */
  readonly digest: string;
}

export function versionIn<V extends PublicVersion>(
  record: { readonly versions: readonly V[] },
  field: SecretField,
  state: VersionState,
): V | undefined {
  return record.versions.find((v) => v.field === field && v.state === state);
}

export function sameOwner(a: Owner, b: Owner): boolean {
  return a.project === b.project && a.environment === b.environment;
}
