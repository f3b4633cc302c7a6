import {
  compareText,
  hashJson,
  type Instant,
  type Owner,
  type PublicRecord,
  type PublicRotation,
  type PublicSnapshot,
  type PublicVersion,
  type Snapshot,
  type SnapshotFile,
  sameOwner,
} from '../model/index.ts';

/**
 * What a plan of this owner reads, and nothing else: no record of another project or environment, no secret (sealed ones neither),
 * nothing about logins, targets and proofs. A plan made from it is the plan that the vault would give at that moment, digest included.
 */
export function publishSnapshot(snapshot: Snapshot, owner: Owner, takenAt: Instant): SnapshotFile {
  const records = snapshot.records
    .filter((r) => sameOwner(r.owner, owner))
    .sort((a, b) => compareText(a.address, b.address))
    .map(publicRecord);
  const ids = new Set(records.flatMap((r) => r.versions.map((v) => v.id)));
  const { formatVersion, lineage, serial } = snapshot;
  const refusedVersions = snapshot.refusedVersions.filter((id) => ids.has(id)).sort();
  const file = { formatVersion, owner, lineage, serial, takenAt, records, refusedVersions };
  return { ...file, digest: digestOf(file) };
}

/** What a plan works from; null where the digest of the file does not match its content. */
export function openSnapshot({ digest, ...file }: SnapshotFile): PublicSnapshot | null {
  if (digest !== digestOf(file)) return null;
  const { owner, takenAt: _, records, ...rest } = file;
  return { ...rest, records: records.map((record) => ({ ...record, owner })) };
}

function digestOf(file: Omit<SnapshotFile, 'digest'>): string {
  return `sha256:${hashJson(file)}`;
}

function publicRecord(record: PublicRecord): Omit<PublicRecord, 'owner'> {
  return {
    ...pick(record, 'id', 'address', 'status', 'releasedAt', 'fields', 'links', 'inputs'),
    versions: record.versions.filter((v) => v.state === 'current').map(publicVersion),
    rotation: publicRotation(record.rotation),
  };
}

function publicVersion(version: PublicVersion): PublicVersion {
  return {
    ...pick(version, 'id', 'field', 'state', 'bits'),
    ...(version.proof === undefined ? {} : { proof: {} }),
    ...(version.unproved === undefined ? {} : { unproved: '' }),
  };
}

function publicRotation({ active, drift, quarantined, ...rotation }: PublicRotation): PublicRotation {
  return {
    ...pick(rotation, 'triggersSeen', 'lastRotatedAt', 'anchorAt', 'nextAt', 'scheduleHash'),
    ...(active === undefined ? {} : { active: pick(active, 'id') }),
    ...(drift === undefined ? {} : { drift: {} }),
    ...(quarantined === undefined ? {} : { quarantined: pick(quarantined, 'reason') }),
  };
}

/** The fields of these names that are there. */
function pick<T extends object, K extends keyof T>(value: T, ...names: readonly K[]): Pick<T, K> {
  return Object.fromEntries(names.filter((name) => value[name] !== undefined).map((name) => [name, value[name]])) as Pick<T, K>;
}
