import {
  type Change,
  canonicalJson,
  hashOwned,
  type JsonObject,
  type Link,
  type Owner,
  sortLinks,
  type VaultRecord,
} from '../model/index.ts';
import { applyFields, readPath, sameLink } from '../plan/index.ts';
import { isReasonDone } from '../rotate/index.ts';
import { draftOf, type RecordDraft } from '../vault/vault.ts';

/** Is the object already as the row wants it? Then the row is done, whoever did it: this is what resuming rests on. */
export function isRowDone(change: Change, find: (address: Change['address']) => VaultRecord | undefined): boolean {
  const record = find(change.address);
  if (change.kind === 'delete') return record === undefined;
  if (change.kind === 'release') return record === undefined || record.status === 'released';
  if (record === undefined) return false;
  switch (change.kind) {
    case 'create':
      return canonicalJson(record.fields) === canonicalJson(change.after);
    case 'update':
      return change.fields.every((f) => canonicalJson(readPath(record.fields, f.path)) === canonicalJson(f.after));
    case 'link':
    case 'relink':
      return record.links.some((l) => sameLink(l, change.link));
    case 'unlink':
      return !record.links.some((l) => sameLink(l, change.link));
    case 'move':
      return find(change.from) === undefined;
    case 'adopt':
      return record.status === 'managed';
    case 'retire':
      return readPath(record.fields, 'lifecycle.retire') === true;
    case 'ingest':
      return (record.inputs[change.field] ?? 0) >= change.input.version;
    case 'verify':
      return !record.versions.some((v) => v.id === change.version && v.state === 'current' && v.proof === undefined);
    case 'rotate':
      return isReasonDone(record, change.reason, change.currentVersion);
    case 'recover':
      return record.rotation.active?.id !== change.rotationId;
    default:
      return change satisfies never;
  }
}

/** What the record rows of one object make of its record; null = the record goes. Pure. */
export function applyRecordRows(
  before: VaultRecord | undefined,
  rows: readonly Change[],
  given: { readonly owner: Owner; readonly asOf: string; readonly newId: () => string },
): RecordDraft | null {
  let draft = before === undefined ? undefined : draftOf(before);
  for (const row of rows) {
    if (row.kind === 'create') draft = newRecord(row, given);
    if (draft === undefined) throw new Error(`${row.id} has no record to start from`);
    if (row.kind === 'delete') return null;
    draft = applyRow(draft, row, given.asOf);
  }
  if (draft === undefined) throw new Error('no rows');
  const rotates = draft.fields['rotation'] !== undefined;
  return rotates && draft.rotation.anchorAt === undefined ? { ...draft, rotation: { ...draft.rotation, anchorAt: given.asOf } } : draft;
}

function applyRow(draft: RecordDraft, row: Change, asOf: string): RecordDraft {
  switch (row.kind) {
    case 'update':
      return { ...draft, fields: applyFields(draft.fields, row.fields) };
    case 'link':
      return withLinks(draft, [...draft.links, row.link]);
    case 'unlink':
      return withLinks(
        draft,
        draft.links.filter((l) => !sameLink(l, row.link)),
      );
    case 'relink':
      return withLinks(draft, [...draft.links.filter((l) => !(l.type === row.link.type && l.to === row.from)), row.link]);
    case 'move':
      return { ...draft, address: row.address };
    case 'adopt': {
      const { releasedAt: _, ...rest } = draft;
      return { ...rest, status: 'managed' };
    }
    case 'retire':
      return { ...draft, fields: applyFields(draft.fields, [{ path: 'lifecycle.retire', before: null, after: true }]) };
    case 'release':
      return { ...draft, status: 'released', releasedAt: asOf };
    default:
      return draft;
  }
}

function newRecord(row: Change & { kind: 'create' }, given: { owner: Owner; asOf: string; newId: () => string }): RecordDraft {
  const trigger = (row.after['rotation'] as JsonObject | undefined)?.['trigger'];
  return {
    id: given.newId(),
    address: row.address,
    owner: given.owner,
    status: 'managed',
    fields: row.after,
    links: [],
    inputs: {},
    versions: [],
    // The trigger that a record is created with counts as seen.
    rotation: typeof trigger === 'string' ? { triggersSeen: [trigger] } : {},
    createdAt: given.asOf,
  };
}

function withLinks(draft: RecordDraft, links: readonly Link[]): RecordDraft {
  return { ...draft, links: sortLinks(links) };
}

export function preconditionOf(record: VaultRecord | undefined): string {
  return record === undefined ? 'absent' : hashOwned(record);
}
