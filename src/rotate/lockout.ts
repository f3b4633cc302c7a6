import type { Lockout, VaultRecord } from '../model/index.ts';
import type { AccountState } from '../providers/provider.ts';
import type { AttemptBudget, Lease } from '../vault/vault.ts';
import type { RotateContext } from './context.ts';
import type { Logins } from './logins.ts';
import { update } from './work.ts';

/**
 * Why a login is made, which says what a refusal means and what may be risked.
 * `taken`: the target has just said that it took this secret. `expected`: it was proved before. `given`: somebody gave it.
 * `fallback`: the older one of two in a recovery. `guess`: it may not have reached the target yet. What was refused is not tried again
 * of itself; a secret of ours is once it was sent again.
 */
export type LoginKind = 'taken' | 'expected' | 'given' | 'fallback' | 'guess';

/** What is known about an account's lockout: `locksOut` of its provider, and what the target said. */
export interface LockoutState {
  readonly locksOut: boolean;
  readonly lockout?: Lockout;
  /** Failed logins of whomever that the target counts now. */
  readonly failures?: number;
}

/** Where the target may lock accounts and nobody could read when: few set it lower, and the third would lock it there. */
const ASSUMED_THRESHOLD = 3;
/** Failures that are forgotten at the next good login only. */
const UNBOUNDED_WINDOW_MS = 24 * 3_600_000;

/**
 * Failed logins that may be risked (`rotation.md` §2.5): recovery guesses with `min(2, threshold - 2)`; a login with a secret that there
 * is reason to believe in may go one further; and none may ever be the one that locks the account, whatever a person let us forget.
 * Null: not even one may, as others have used up what the target allows.
 */
export function budgetOf(
  base: { readonly max: number; readonly windowMs: number },
  kind: LoginKind,
  { locksOut, lockout, failures = 0 }: LockoutState,
): AttemptBudget | null {
  const expected = kind === 'taken' || kind === 'expected';
  // What the target took a moment ago opens the account, and a good login sets its count back: held back, the rotation would hang.
  const firstIsFree = kind === 'taken' ? { firstIsFree: true } : {};
  const lockAt = locksOut ? { lockAt: lockout?.maxFailures ?? ASSUMED_THRESHOLD, ...firstIsFree } : {};
  const bound = { expected, ...lockAt };
  if (lockout === undefined) return { ...base, ...bound };
  const { maxFailures, windowMs = UNBOUNDED_WINDOW_MS } = lockout;
  const isGuess = kind === 'guess' || kind === 'fallback';
  const max = Math.min(base.max, Math.max(0, maxFailures - (isGuess ? 2 : 1)));
  if (max === 0 || (kind !== 'taken' && failures >= maxFailures - 1)) return null;
  return { max, windowMs: Math.max(base.windowMs, windowMs), ...bound };
}

/** What the target says about lockouts goes onto the record where it is news: a recovery may not be able to look before it logs in. */
export async function learnLockout(
  ctx: RotateContext,
  logins: Logins,
  record: VaultRecord,
  lease: Lease,
  state: AccountState,
): Promise<void> {
  logins.learn(record.id, state);
  const { lockout: known } = record.rotation;
  if (known?.maxFailures === state.lockout?.maxFailures && known?.windowMs === state.lockout?.windowMs) return;
  await update(
    ctx,
    record.id,
    lease,
    ({ rotation: { lockout: _, ...rotation }, ...draft }) => ({
      ...draft,
      rotation: { ...rotation, ...(state.lockout === undefined ? {} : { lockout: state.lockout }) },
    }),
    {},
  );
}
