import {
  type Address,
  type DesiredResource,
  type InputSource,
  type Json,
  type JsonObject,
  type Kind,
  type Link,
  SECRET_FIELDS,
  type SecretField,
  type SourceLocation,
  sortLinks,
} from '../model/index.ts';
import { resolvePath } from './named-files.ts';
import { LINK_FIELDS, REFERENCE_FIELDS, resolveReference } from './names.ts';
import type { SourceFile } from './source.ts';
import type { Tree } from './tree.ts';

/** A document that its schema accepts. */
export interface Manifest {
  readonly kind: Kind;
  readonly metadata: Readonly<Record<string, Json>>;
  readonly spec: Readonly<Record<string, Json>>;
}

/** The content of named files (at `/spec/tls/ca`) and hashes of hooks (at `/spec/hooks/0/file`), by JSON pointer. */
export type FileContents = ReadonlyMap<string, string>;

/**
 * A manifest in the form that records have. Two spellings of one thing give equal fields and links: bare names and `Kind/name`,
 * a CA file and its text, `./restart.sh` and `restart.sh`. A bare `resource:` is taken for a machine here: `relinkResource` mends it.
 */
export function toResource(address: Address, manifest: Manifest, files: FileContents, source: SourceFile, tree: Tree): DesiredResource {
  const { kind, metadata, spec } = manifest;
  const fields: Record<string, Json> = {};
  const links: Link[] = [];
  const inputs: Partial<Record<SecretField, InputSource>> = {};
  for (const [field, value] of Object.entries(spec)) {
    const link = LINK_FIELDS[field];
    const referenced = REFERENCE_FIELDS[field];
    if (isSecretField(field)) inputs[field] = toInput(value as unknown as Partial<InputSource>, source.path);
    else if (link !== undefined) links.push(...toLinks(kind, field, value));
    else if (referenced !== undefined) fields[field] = resolveReference(String(value), referenced);
    else fields[field] = toField(field, value, files, source.path);
  }
  const { name, moved, lifecycle, ...filed } = metadata;
  const from = (moved as { from?: string } | undefined)?.from;
  const offsets = collectOffsets(tree);
  let positions: Readonly<Record<string, SourceLocation>> | undefined;
  return {
    address,
    fields: { ...fields, ...unlessEmpty('metadata', filed), ...unlessEmpty('lifecycle', lifecycle ?? {}) },
    links: sortLinks(links),
    inputs,
    ...(from === undefined ? {} : { movedFrom: resolveReference(from, kind) }),
    source: source.locate(tree.marks.get('/metadata/name')?.start ?? 0),
    /** Made when first asked for: most resources have no errors. */
    get positions() {
      positions ??= Object.fromEntries(Object.entries(offsets).map(([path, offset]) => [path, source.locate(offset)]));
      return positions;
    },
  };
}

/** Sets where the account lives, once all names are known. */
export function relinkResource(resource: DesiredResource, to: Address): void {
  const links = resource.links.map((link) => (link.type === 'belongs-to' ? { ...link, to } : link));
  Object.assign(resource, { links: sortLinks(links) });
}

function isSecretField(field: string): field is SecretField {
  return (SECRET_FIELDS as readonly string[]).includes(field);
}

function toInput(value: Partial<InputSource>, manifest: string): InputSource {
  const { fromFile, version = 1 } = value;
  return { ...value, ...(fromFile === undefined ? {} : { fromFile: resolvePath(manifest, fromFile) }), version };
}

function toLinks(kind: Kind, field: string, value: Json): Link[] {
  const { type, kinds } = LINK_FIELDS[field] ?? { type: 'belongs-to', kinds: [] };
  const [fits = kind] = kinds;
  const references = Array.isArray(value) ? value : [value];
  const addresses = new Set(references.map((reference) => resolveReference(String(reference), fits)));
  return [...addresses].map((to) => ({ type: kind === 'PamUser' && field === 'configuration' ? 'iam-of' : type, to }));
}

function toField(field: string, value: Json, files: FileContents, manifest: string): Json {
  switch (field) {
    case 'rotation': {
      const { policy, ...rotation } = value as JsonObject;
      return policy === undefined ? rotation : { ...rotation, policy: resolveReference(String(policy), 'RotationPolicy') };
    }
    case 'tls': {
      const ca = files.get('/spec/tls/ca');
      return ca === undefined ? value : { ...(value as JsonObject), ca };
    }
    case 'knownHosts':
      return files.get('/spec/knownHosts') ?? value;
    case 'hooks':
      return (value as readonly JsonObject[]).map((hook, index) => {
        const sha256 = files.get(`/spec/hooks/${index}/file`);
        const { records } = hook;
        return {
          ...hook,
          file: resolvePath(manifest, String(hook['file'])),
          ...(sha256 === undefined ? {} : { sha256 }),
          ...(Array.isArray(records) ? { records: records.map((record) => resolveReference(String(record), 'PamUser')) } : {}),
        };
      });
    default:
      return value;
  }
}

function unlessEmpty(key: string, value: Json): JsonObject {
  return Object.keys(value as JsonObject).length === 0 ? {} : { [key]: value };
}

/** Offsets by dotted path. Plain numbers, since a large project has many values and few errors. */
function collectOffsets(tree: Tree): Readonly<Record<string, number>> {
  const offsets: Record<string, number> = {};
  for (const [pointer, mark] of tree.marks) {
    if (pointer !== '') offsets[pointer.slice(1).replaceAll('/', '.')] = mark.start;
  }
  return offsets;
}
