import { type Blocked, type Change, kindOf } from '../model/index.ts';
import type { Limit, PlanInput } from './input.ts';
import { DEFAULT_LIMITS } from './input.ts';

/**
 * Blocks what exceeds the limits. Of merely due rotations the most overdue go first and the rest waits for the next run; of
 * everything else a limit that is exceeded blocks every row of the kind, since nobody can say which of them were meant.
 */
export function applyLimits(changes: readonly Change[], input: PlanInput, managed: number): readonly Change[] {
  const limits = { ...DEFAULT_LIMITS, ...input.limits };
  let result = changes;
  for (const name of Object.keys(limits).sort()) {
    const limit = limits[name];
    if (limit === undefined || name === 'soleAdmin') continue;
    const counts = (change: Change) => change.blocked === undefined && matches(name, change);
    const rows = result.filter(counts);
    const allowed = input.grants[name] ?? allowance(limit, managed);
    if (rows.length <= allowed) continue;
    const block = (reason: string): Blocked => ({
      code: 'PAM2010',
      reason: `${reason}; --grant ${name}=${rows.length} would let them through`,
    });
    const declared = rows.filter((c) => !isDue(c));
    if (declared.length > allowed) {
      const blocked = block(`${declared.length} rows of ${name} exceed the limit of ${allowed}`);
      result = result.map((c) => (counts(c) ? { ...c, blocked } : c));
      continue;
    }
    const waiting = new Set(
      rows
        .filter(isDue)
        .sort((a, b) => (dueAt(a) < dueAt(b) ? -1 : dueAt(a) > dueAt(b) ? 1 : a.address < b.address ? -1 : 1))
        .slice(allowed - declared.length)
        .map((c) => c.id),
    );
    const blocked: Blocked = { code: 'PAM2011', reason: `more than ${allowed} rotations are due at once; this one waits for the next run` };
    result = result.map((c) => (waiting.has(c.id) ? { ...c, blocked } : c));
  }
  return result;
}

/** Without a single manifest nothing is released: an empty folder is far more likely a mistake than a wish. */
export function blockEmptySet(changes: readonly Change[], input: PlanInput): readonly Change[] {
  if (input.desired.length > 0) return changes;
  const blocked: Blocked = { code: 'PAM2012', reason: 'there is no manifest at all, and an empty set releases and deletes nothing' };
  return changes.map((c) => (c.kind === 'release' || c.kind === 'delete' ? { ...c, blocked } : c));
}

/** `protect` holds until it is taken away by a change of its own. */
export function blockProtected(change: Change, isProtected: boolean): Change {
  if (!isProtected || (change.kind !== 'release' && change.kind !== 'delete' && change.kind !== 'retire')) return change;
  return { ...change, blocked: { code: 'PAM2007', reason: `${change.address} is protected; merge lifecycle.protect: false first` } };
}

export function blockFrozen(changes: readonly Change[], input: PlanInput): readonly Change[] {
  const freeze = input.freezes.find((f) => f.from <= input.asOf && input.asOf < f.until);
  if (freeze === undefined) return changes;
  const blocked: Blocked = { code: 'PAM2013', reason: `frozen until ${freeze.until}: ${freeze.reason}` };
  return changes.map((c) => (c.kind === 'recover' ? c : { ...c, blocked: c.blocked ?? blocked }));
}

/** Codes that stop a whole apply: what exceeds a limit or falls into a freeze was not meant to run in part. */
export const STOPPING_CODES: readonly string[] = ['PAM2010', 'PAM2012', 'PAM2013'];

function matches(name: string, change: Change): boolean {
  const [kind, action] = name.includes('.') ? name.split('.') : [undefined, name];
  return change.kind === action && (kind === undefined || kindOf(change.address) === kind);
}

/** One row always passes a share, or small projects could never release anything. */
function allowance(limit: Limit, managed: number): number {
  const share = limit.percent === undefined ? Number.POSITIVE_INFINITY : Math.max(1, Math.floor((managed * limit.percent) / 100));
  return Math.min(limit.max ?? Number.POSITIVE_INFINITY, share);
}

function isDue(change: Change): boolean {
  return change.kind === 'rotate' && (change.reason.type === 'due' || change.reason.type === 'drift');
}

function dueAt(change: Change): string {
  return change.kind === 'rotate' && change.reason.type === 'due' ? change.reason.dueAt : '';
}
