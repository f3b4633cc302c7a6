import type { Address } from './address.ts';
import type { ChangeKind } from './plan.ts';
import type { Instant } from './record.ts';

/** How an operation ended. `unknown`: the target may or may not have changed, and the journal knows what to try. */
export type Outcome = 'succeeded' | 'failed' | 'skipped' | 'not attempted' | 'unknown' | 'blocked';

/** One operation of an apply, as it stands in the ledger. No secrets. */
export interface LedgerEntry {
  readonly id: string;
  readonly address: Address;
  readonly kind: ChangeKind;
  readonly outcome: Outcome;
  readonly at: Instant;
  /** What went wrong, or what was shown (`proved by scram-login on db1:5432`). */
  readonly detail?: string;
  readonly code?: string;
  /** Exit code class that a failure stands for: 1 failed, 3 blocked, 6 authentication or permission, 7 quarantined. */
  readonly exit?: 1 | 3 | 6 | 7;
  /** Of a skipped row: the row that it waited for. */
  readonly because?: string;
  /** True where the object was already as the row wants it. */
  readonly already?: boolean;
}

/** What the engine tells while it works. Stages emit; only `report/` and `cli/` know how it looks. */
export type PamEvent =
  | { readonly type: 'run'; readonly runId: string }
  | { readonly type: 'recovering'; readonly address: Address; readonly rotationId: string }
  | { readonly type: 'started'; readonly id: string; readonly address: Address; readonly kind: ChangeKind }
  | { readonly type: 'phase'; readonly address: Address; readonly rotationId: string; readonly phase: string }
  | { readonly type: 'finished'; readonly entry: LedgerEntry }
  | { readonly type: 'waiting'; readonly what: string; readonly seconds: number }
  | { readonly type: 'warning'; readonly message: string; readonly address?: Address };

export type Emit = (event: PamEvent) => void;
