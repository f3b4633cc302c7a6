import { type Change, type FieldChange, hashOwned, type JsonObject, type SourceLocation } from '../model/index.ts';
import { diffFields, diffLinks } from './diff.ts';
import type { Pair } from './world.ts';

export const ABSENT = 'absent';

/** Rows that change what a record says about one declared resource; none where it is as declared. */
export function recordRows(pair: Pair): readonly Change[] {
  const { desired, record, address } = pair;
  if (desired === undefined) return [];
  const row = <K extends Change['kind']>(kind: K, suffix = '', path?: string) => ({
    id: `${kind} ${address}${suffix}`,
    address,
    kind,
    dependsOn: [] as readonly string[],
    precondition: record === undefined ? ABSENT : hashOwned(record),
    source: sourceOf(pair, path),
  });
  const links = diffLinks(record?.links ?? [], desired.links).map((d): Change => {
    const base = row(d.kind, ` ${d.link.type} ${d.link.to}`);
    return d.kind === 'relink' ? { ...base, kind: d.kind, link: d.link, from: d.from } : { ...base, kind: d.kind, link: d.link };
  });
  if (record === undefined) return [{ ...row('create'), after: desired.fields }, ...links];

  const changed = diffFields(record.fields, desired.fields);
  const retires = changed.some((c) => c.path === 'lifecycle.retire' && c.after === true);
  const fields = changed.filter((c) => !(retires && c.path === 'lifecycle.retire'));
  return [
    ...(pair.from === undefined ? [] : [{ ...row('move'), from: pair.from }]),
    ...(record.status === 'released' ? [row('adopt')] : []),
    ...(retires ? [row('retire', '', 'metadata.lifecycle.retire')] : []),
    ...(fields.length === 0 ? [] : [{ ...row('update', '', positionOf(fields)), fields }]),
    ...links,
  ];
}

/** A managed record that no manifest declares: released, or deleted where `retire` was merged before. */
export function orphanRow(pair: Pair): Change | undefined {
  const { record, address } = pair;
  if (record === undefined || pair.desired !== undefined) return undefined;
  const retired = (record.fields['lifecycle'] as JsonObject | undefined)?.['retire'] === true;
  if (record.status === 'released' && !retired) return undefined;
  const kind = retired ? 'delete' : 'release';
  return { id: `${kind} ${address}`, address, kind, dependsOn: [], precondition: hashOwned(record) };
}

function positionOf(fields: readonly FieldChange[]): string | undefined {
  return fields[0] === undefined ? undefined : `spec.${fields[0].path}`;
}

/** The place of the nearest declared field above `path`, else the document. */
export function sourceOf(pair: Pair, path?: string): SourceLocation {
  const { desired } = pair;
  if (desired === undefined) throw new Error('only declared resources have a source');
  for (let p = path; p !== undefined && p !== ''; p = p.includes('.') ? p.slice(0, p.lastIndexOf('.')) : undefined) {
    const found = desired.positions?.[p];
    if (found !== undefined) return found;
  }
  return desired.source;
}
