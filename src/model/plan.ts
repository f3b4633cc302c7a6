import type { Address } from './address.ts';
import type { Json, JsonObject } from './json.ts';
import type { Instant, Owner, RotateReason, VersionId } from './record.ts';
import type { InputSource, Link, SecretField, SourceLocation } from './resource.ts';

/** Why a row cannot be carried out now. The plan completes all the same. */
export interface Blocked {
  /** A PAM2xxx code. */
  readonly code: string;
  readonly reason: string;
}

interface Row {
  /** Unique in a plan and stable between plans: `rotate PamUser/orders-app`. */
  readonly id: string;
  readonly address: Address;
  /** Ids of rows that must have succeeded first. Sorted. */
  readonly dependsOn: readonly string[];
  /** `hashOwned` of the record that the row starts from; `absent` where there is no record yet. */
  readonly precondition: string;
  readonly source?: SourceLocation;
  readonly blocked?: Blocked;
}

/** One owned field, by dotted path (`tls.mode`). `null` = not set. */
export interface FieldChange {
  readonly path: string;
  readonly before: Json;
  readonly after: Json;
}

export interface CreateChange extends Row {
  readonly kind: 'create';
  readonly after: JsonObject;
}
export interface UpdateChange extends Row {
  readonly kind: 'update';
  readonly fields: readonly FieldChange[];
}
export interface LinkChange extends Row {
  readonly kind: 'link' | 'unlink';
  readonly link: Link;
}
/** A link that may stand once only and points elsewhere now (`belongs-to`, `launches`, …). */
export interface RelinkChange extends Row {
  readonly kind: 'relink';
  readonly link: Link;
  readonly from: Address;
}
export interface RotateChange extends Row {
  readonly kind: 'rotate';
  readonly field: SecretField;
  readonly reason: RotateReason;
  /** The version that was current when the plan was made: the rotation is done when another one is. */
  readonly currentVersion: VersionId | null;
}
/** Prove the stored secret; nothing is changed on the target. */
export interface VerifyChange extends Row {
  readonly kind: 'verify';
  readonly field: SecretField;
  readonly version: VersionId;
}
/** Read a write-only input, prove it (unless the credential is kept), make it current. */
export interface IngestChange extends Row {
  readonly kind: 'ingest';
  readonly field: SecretField;
  readonly input: InputSource;
  /** False for a kept credential, which has nothing to be proved against. */
  readonly prove: boolean;
}
export interface MoveChange extends Row {
  readonly kind: 'move';
  readonly from: Address;
}
/** A released record is taken under management again. */
export interface AdoptChange extends Row {
  readonly kind: 'adopt';
}
/** The manifest is gone: the record stays, no longer managed. */
export interface ReleaseChange extends Row {
  readonly kind: 'release';
}
/** `lifecycle.retire` was merged: not rotated any more, may be deleted once its manifest is removed. */
export interface RetireChange extends Row {
  readonly kind: 'retire';
}
/** The record and its secrets go; the account on the target stays. */
export interface DeleteChange extends Row {
  readonly kind: 'delete';
}
/** An interrupted rotation is finished first. */
export interface RecoverChange extends Row {
  readonly kind: 'recover';
  readonly rotationId: string;
}

/** Every kind of row. A `switch` over `kind` ends in a `never` check. `no-op` objects are counted, not listed. */
export type Change =
  | CreateChange
  | UpdateChange
  | LinkChange
  | RelinkChange
  | RotateChange
  | VerifyChange
  | IngestChange
  | MoveChange
  | AdoptChange
  | ReleaseChange
  | RetireChange
  | DeleteChange
  | RecoverChange;

export type ChangeKind = Change['kind'];

export const RISK_CODES = [
  'new-endpoint',
  'sole-admin',
  'unprovable',
  'no-rollback',
  'unlisted-consumers',
  'plaintext-transport',
  'weaker-policy',
  'weak-secret',
  'key-slots-full',
  'no-credential',
  'runs-command',
  'stricter-policy',
  'lower-input-version',
  'past-run-once',
  'wrong-clock',
] as const;
export type RiskCode = (typeof RISK_CODES)[number];

export interface Risk {
  readonly code: RiskCode;
  readonly address: Address;
  readonly message: string;
}

/** A rule that is not kept by what the plan would leave behind. Never part of the digest: rules of today judge every plan. */
export interface PolicyFinding {
  /** The id of the rule. */
  readonly rule: string;
  /** An `error` stops an apply as a whole, a `warning` is shown. */
  readonly severity: 'error' | 'warning';
  /** Absent for what is about the plan as a whole. */
  readonly address?: Address;
  readonly message: string;
  readonly hint?: string;
  readonly source?: SourceLocation;
}

export interface UnmanagedRecord {
  readonly address: Address;
  readonly releasedAt: Instant;
}

/** A limit raised for this plan: `rotate=300`. */
export type Grants = Readonly<Record<string, number>>;

export interface PlanSummary {
  /** Number of rows by kind, blocked ones included; kinds with none are left out. */
  readonly counts: Readonly<Partial<Record<ChangeKind, number>>>;
  readonly rotateReasons: Readonly<Partial<Record<RotateReason['type'], number>>>;
  readonly blocked: number;
  /** Objects that the plan looked at and found as declared. */
  readonly unchanged: number;
}

/** What the run was narrowed by; a narrowed run never releases. Addresses and selectors as the user gave them. */
export interface Narrowing {
  readonly targets: readonly string[];
  readonly excludes: readonly string[];
  readonly only?: 'records' | 'rotations';
  readonly files: readonly string[];
}

/** Does the run leave out what it would otherwise look at? `-f` replaces manifests and leaves out none. */
export function isPartial({ targets, excludes, only }: Narrowing): boolean {
  return targets.length > 0 || excludes.length > 0 || only !== undefined;
}

/** Plain, serialisable data without secrets: what is saved is what is applied. Its JSON Schema is `schemas/plan.json`. */
export interface Plan {
  readonly formatVersion: 1;
  readonly owner: Owner;
  readonly lineage: string;
  readonly serial: number;
  readonly asOf: Instant;
  /** For information: hash over everything that the manifests declare. */
  readonly manifestDigest: string;
  readonly narrowing: Narrowing;
  readonly grants: Grants;
  /** From when on it may not be applied any more; only where that was asked for. */
  readonly expiresAt?: Instant;
  /** In the order of work: dependency layers, addresses within. */
  readonly changes: readonly Change[];
  readonly risks: readonly Risk[];
  /** What rules found, sorted by address, rule and message. */
  readonly findings: readonly PolicyFinding[];
  readonly unmanaged: readonly UnmanagedRecord[];
  readonly summary: PlanSummary;
  /** `sha256:…` over project, environment, lineage, grants, `expiresAt` and the declared rows: see `isDeclared`. */
  readonly digest: string;
}

/**
 * The rows that a person approves. What merely falls due, what a verify found and what recovery does
 * are approved by the merged policy, so that time alone never makes a plan stale.
 */
export function isDeclared(change: Change): boolean {
  switch (change.kind) {
    case 'recover':
    case 'verify':
      return false;
    case 'rotate':
      return change.reason.type !== 'due' && change.reason.type !== 'drift';
    default:
      return true;
  }
}
