import { canonicalJson, type FieldChange, type Json, type JsonObject, type Link, type LinkType, sortLinks } from '../model/index.ts';

/** Link types that a resource may carry once only: a second target replaces the first, and is shown as one change. */
const SINGLE_LINKS: readonly LinkType[] = ['belongs-to', 'iam-of', 'admin-of', 'launches', 'autofills', 'configured-by'];

/** Field by field, dotted paths into objects; lists and scalars are compared whole. Sorted by path. */
export function diffFields(before: JsonObject, after: JsonObject, prefix = ''): readonly FieldChange[] {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return keys.flatMap((key) => {
    const path = prefix + key;
    const from = before[key] ?? null;
    const to = after[key] ?? null;
    if (isObject(from) && isObject(to)) return diffFields(from, to, `${path}.`);
    if (isObject(from) && to === null) return diffFields(from, {}, `${path}.`);
    if (isObject(to) && from === null) return diffFields({}, to, `${path}.`);
    return canonicalJson(from) === canonicalJson(to) ? [] : [{ path, before: from, after: to }];
  });
}

/** Sets the fields of an update on an object; `null` takes a field away, and objects left empty with it. */
export function applyFields(fields: JsonObject, changes: readonly FieldChange[]): JsonObject {
  return changes.reduce<JsonObject>((object, change) => setPath(object, change.path.split('.'), change.after), fields);
}

export function readPath(fields: JsonObject, path: string): Json {
  return path.split('.').reduce<Json>((value, key) => (isObject(value) ? (value[key] ?? null) : null), fields);
}

export type LinkDiff =
  | { readonly kind: 'link' | 'unlink'; readonly link: Link }
  | { readonly kind: 'relink'; readonly link: Link; readonly from: Link['to'] };

export function diffLinks(before: readonly Link[], after: readonly Link[]): readonly LinkDiff[] {
  const added = sortLinks(after).filter((a) => !before.some((b) => sameLink(a, b)));
  const removed = sortLinks(before).filter((b) => !after.some((a) => sameLink(a, b)));
  const moved = added.flatMap((link) => {
    const from = SINGLE_LINKS.includes(link.type) ? removed.find((r) => r.type === link.type) : undefined;
    return from === undefined ? [] : [{ link, from }];
  });
  return [
    ...removed.filter((link) => !moved.some((m) => m.from === link)).map((link) => ({ kind: 'unlink' as const, link })),
    ...moved.map(({ link, from }) => ({ kind: 'relink' as const, link, from: from.to })),
    ...added.filter((link) => !moved.some((m) => m.link === link)).map((link) => ({ kind: 'link' as const, link })),
  ];
}

export function sameLink(a: Link, b: Link): boolean {
  return a.type === b.type && a.to === b.to;
}

function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function setPath(object: JsonObject, path: readonly string[], value: Json): JsonObject {
  const [key, ...rest] = path;
  if (key === undefined) return object;
  const { [key]: old, ...others } = object;
  const inner: Json = rest.length === 0 ? value : setPath(isObject(old ?? null) ? (old as JsonObject) : {}, rest, value);
  const gone = inner === null || (rest.length > 0 && isObject(inner) && Object.keys(inner).length === 0);
  return gone ? others : { ...others, [key]: inner };
}
