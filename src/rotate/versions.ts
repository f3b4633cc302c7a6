import type { Instant, ProofNote, RotateReason, RotationState, SecretField, VersionHeader, VersionId } from '../model/index.ts';
import type { RecordDraft } from '../vault/vault.ts';

/** How many old secrets a record keeps; one is dropped only when it is beyond the count *and* older than the days. */
export interface Retention {
  readonly versions: number;
  readonly days: number;
}

export const DEFAULT_RETENTION: Retention = { versions: 5, days: 90 };

/** Adds the pending version of a rotation. At most one a field is active (I3): the caller has made sure. */
export function stage(record: RecordDraft, version: VersionHeader, active: NonNullable<RotationState['active']>): RecordDraft {
  return {
    ...record,
    versions: [...record.versions.filter((v) => v.id !== version.id), { ...version, state: 'pending' }],
    // A candidate of an earlier try is wanted again.
    rotation: { ...withoutRetiring(record.rotation, [version.id]), active },
  };
}

/** Notes that the target may still take this version, though it is not wanted any more. */
export function withRetiring(state: RotationState, field: SecretField, version: VersionId): RotationState {
  return { ...state, retiring: [...(state.retiring ?? []).filter((r) => r.version !== version), { field, version }] };
}

/** The target takes these versions no more. */
export function withoutRetiring(state: RotationState, versions: readonly VersionId[]): RotationState {
  const { retiring = [], ...rest } = state;
  const left = retiring.filter((r) => !versions.includes(r.version));
  return left.length === 0 ? rest : { ...rest, retiring: left };
}

/** How `current` came to be known: shown by the target, or accepted as it is with the reason on record. */
export type Shown = { readonly proof: ProofNote } | { readonly unproved: string };

/** Makes a version the one that readers get; the one before becomes `previous`, and what is past retention goes (I2, I4). */
export function promote(record: RecordDraft, id: VersionId, shown: Shown, retention: Retention): RecordDraft {
  const field = record.versions.find((v) => v.id === id)?.field;
  const versions = record.versions.map((v): VersionHeader => {
    if (v.id === id) {
      const { refused: _, unproved: __, ...rest } = v;
      return { ...rest, state: 'current', ...shown };
    }
    return v.field === field && v.state === 'current' ? { ...v, state: 'previous' } : v;
  });
  const now = 'proof' in shown ? shown.proof.at : record.createdAt;
  // What is to be taken out of the target is found there by its secret.
  const kept = (record.rotation.retiring ?? []).map((r) => r.version);
  return { ...record, versions: prune(versions, field, now, retention, kept) };
}

/** The rotation came to nothing and the old secret is live: the pending one is kept, in case we are wrong. */
export function demote(record: RecordDraft, id: VersionId, refused: { at: Instant; code: string } | undefined): RecordDraft {
  return {
    ...record,
    versions: record.versions.map((v) =>
      v.id === id ? { ...v, state: 'candidate' as const, ...(refused === undefined ? {} : { refused }) } : v,
    ),
  };
}

/** The policy of the target refused the secret, or its login did. */
const NEVER_AGAIN: ReadonlySet<string> = new Set(['PAM6003', 'PAM6007']);

/**
 * A generated secret that the target refused for a reason other than itself (rights, absent, locked) was never live and is
 * sent again, rather than minting another one at each try.
 */
export function reusableCandidate(record: RecordDraft, field: SecretField): VersionHeader | undefined {
  return record.versions.find(
    (v) =>
      v.field === field &&
      v.state === 'candidate' &&
      v.origin === 'generated' &&
      v.refused !== undefined &&
      !NEVER_AGAIN.has(v.refused.code),
  );
}

/** What a committed rotation changes in the server-managed state. */
export function rotated(
  state: RotationState,
  done: { reason: RotateReason; at: Instant; nextAt: Instant | null; scheduleHash: string | null },
): RotationState {
  const { active: _a, quarantined: _q, failures: _f, drift: _d, nextAt: _n, scheduleHash: _s, ...rest } = state;
  const seen = rest.triggersSeen ?? [];
  const trigger = done.reason.type === 'trigger' && !seen.includes(done.reason.value) ? [done.reason.value] : [];
  return {
    ...rest,
    lastRotatedAt: done.at,
    ...(seen.length + trigger.length > 0 ? { triggersSeen: [...seen, ...trigger] } : {}),
    ...(done.nextAt === null ? {} : { nextAt: done.nextAt }),
    ...(done.scheduleHash === null ? {} : { scheduleHash: done.scheduleHash }),
  };
}

/** A failed try: automatic runs wait (full backoff from 30 s to 6 h), an explicit apply does not. */
export function failed(state: RotationState, at: Instant, code: string): RotationState {
  const count = (state.failures?.count ?? 0) + 1;
  const delayMs = Math.min(30_000 * 2 ** (count - 1), 6 * 3_600_000);
  return { ...state, failures: { count, lastAt: at, code, notBefore: new Date(Date.parse(at) + delayMs).toISOString() } };
}

function prune(
  versions: readonly VersionHeader[],
  field: SecretField | undefined,
  now: Instant,
  retention: Retention,
  kept: readonly VersionId[],
): readonly VersionHeader[] {
  const oldest = Date.parse(now) - retention.days * 86_400_000;
  const old = versions
    .filter((v) => v.field === field && (v.state === 'previous' || v.state === 'candidate'))
    .sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1));
  const dropped = new Set(
    old
      .slice(retention.versions)
      .filter((v) => Date.parse(v.createdAt) < oldest && !kept.includes(v.id))
      .map((v) => v.id),
  );
  return versions.filter((v) => !dropped.has(v.id));
}
