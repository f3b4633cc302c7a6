import { type Code, isPamError } from '../errors/index.ts';
import { type Change, isDeclared, type VaultRecord } from '../model/index.ts';
import { isDueNow } from '../plan/index.ts';
import {
  ingestInput,
  instant,
  type Logins,
  type Lookup,
  type RotateContext,
  type RotationResult,
  recoverAccount,
  rotateAccount,
  type VerifyResult,
  verifyAccount,
} from '../rotate/index.ts';
import type { RowResult } from './ledger.ts';

/** Carries out one row that touches a live system. Never rejects for what a target or the vault answers. */
export async function runLiveRow(ctx: RotateContext, logins: Logins, change: Change, lookup: Lookup): Promise<RowResult> {
  const record = lookup(change.address);
  if (record === undefined) return { outcome: 'failed', code: 'PAM4007', detail: `${change.address} has no record` };
  try {
    switch (change.kind) {
      case 'ingest':
        return fromRotation(await ingestInput(ctx, logins, record.id, lookup, change.field, change.input, change.prove));
      case 'verify':
        return fromVerify(await verifyAccount(ctx, logins, record.id, lookup, change.field, { clear: false }));
      case 'recover':
        return recoverRow(ctx, logins, record, lookup);
      case 'rotate':
        // Nobody approved what was merely due: a plan of yesterday does not rotate what the policy of today leaves alone.
        if (!isDeclared(change) && !isDueNow(record, lookup, instant(ctx.clock.now())))
          return { outcome: 'succeeded', already: true, detail: 'not due any more' };
        return fromRotation(await rotateAccount(ctx, logins, record.id, lookup, change.reason, change.currentVersion));
      default:
        throw new Error(`${change.kind} is no live row`);
    }
  } catch (error) {
    if (!isPamError(error)) throw error;
    // Interrupted while it waited for the lease of the account.
    if (error.code === 'PAM4012') return { outcome: 'not attempted', detail: error.message };
    return { outcome: 'failed', code: error.code, detail: error.message };
  }
}

/** Finishes what an earlier run left of one account. */
export async function recoverRow(ctx: RotateContext, logins: Logins, record: VaultRecord, lookup: Lookup): Promise<RowResult> {
  // The plan may be older than the quarantine, which only a person ends (`pam recover ADDRESS`).
  const { quarantined } = record.rotation;
  if (quarantined !== undefined) return { outcome: 'blocked', code: 'PAM4001', detail: `quarantined: ${quarantined.reason}` };
  try {
    const result = await recoverAccount(ctx, logins, record.id, lookup);
    return result === null ? { outcome: 'succeeded', already: true } : fromRotation(result);
  } catch (error) {
    if (!isPamError(error)) throw error;
    // Another runner is at work on the account: then it is not ours to finish.
    if (error.code === 'PAM5007' || error.code === 'PAM4012') return { outcome: 'not attempted', detail: error.message };
    return { outcome: 'failed', code: error.code, detail: error.message };
  }
}

/** Turns what a rotation came to into a line of the ledger. */
export function fromRotation(result: RotationResult): RowResult {
  switch (result.outcome) {
    case 'rotated':
      return { outcome: 'succeeded', detail: result.detail };
    case 'unchanged': {
      if (result.code === 'PAM4012') return { outcome: 'not attempted', detail: result.detail };
      // The first account met the refusal itself; the others were not even tried because of it.
      const skipped = result.because !== undefined && result.code !== 'PAM6003';
      return skipped
        ? { outcome: 'skipped', code: result.code, detail: result.detail, because: result.because }
        : { outcome: 'failed', code: result.code, detail: result.detail };
    }
    case 'unfinished':
      return { outcome: result.untouched === true ? 'failed' : 'unknown', code: result.code, detail: result.detail };
    case 'quarantined':
      return { outcome: 'failed', code: result.code, detail: result.detail };
    default:
      return result satisfies never;
  }
}

function fromVerify(result: VerifyResult): RowResult {
  switch (result.state) {
    case 'proved':
      return { outcome: 'succeeded', detail: `proved by ${result.method} on ${result.node}` };
    case 'kept':
      return { outcome: 'succeeded', detail: 'kept: nothing to prove' };
    case 'moved':
    case 'unknown':
      return { outcome: 'failed', code: result.code as Code, detail: result.detail };
    default:
      return result satisfies never;
  }
}

/** The target that a live row speaks to: rows with the same one share its few places. */
export function targetKey(change: Change, lookup: (address: Change['address']) => VaultRecord | undefined): string | undefined {
  const link = lookup(change.address)?.links.find((l) => l.type === 'belongs-to');
  return link?.to;
}
