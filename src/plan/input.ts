import type { Address, DesiredResource, Grants, Instant, Narrowing, Owner, PublicRecord, Snapshot } from '../model/index.ts';
import type { Rollback } from '../providers/provider.ts';

/** What a provider can do, as far as a plan needs to know. */
export interface Capability {
  readonly provable: boolean;
  readonly rollback: Rollback;
  /** Secret fields that it can rotate. */
  readonly fields: readonly string[];
}

/** An absolute number, a share of the managed records in percent, or both: the lower one counts. */
export interface Limit {
  readonly max?: number;
  readonly percent?: number;
}

/** By action, or by `Kind.action` which goes before it: `release`, `PamUser.rotate`. */
export type Limits = Readonly<Record<string, Limit>>;

export interface Freeze {
  readonly from: Instant;
  readonly until: Instant;
  readonly reason: string;
}

/** Everything that a plan depends on: the same input gives the same bytes. What tells more than a plan reads whole records. */
export interface PlanInput<R extends PublicRecord = PublicRecord> {
  readonly owner: Owner;
  readonly desired: readonly DesiredResource[];
  readonly manifestDigest: string;
  readonly snapshot: Snapshot<R>;
  readonly asOf: Instant;
  readonly narrowing: Narrowing;
  readonly grants: Grants;
  /** From when on the plan may not be applied any more. */
  readonly expiresAt?: Instant;
  readonly limits: Limits;
  readonly freezes: readonly Freeze[];
  /** By target type; a type that is missing has no provider in this version. */
  readonly capabilities: Readonly<Record<string, Capability>>;
  /** Accounts that `pam rotate` was asked for. */
  readonly requests?: readonly Address[];
}

/** Terraform's habit of a count, where a mistake would be expensive (design: "limits"). */
export const DEFAULT_LIMITS: Limits = {
  release: { percent: 25 },
  delete: { percent: 25 },
  rotate: { max: 100 },
  soleAdmin: { max: 0 },
};
