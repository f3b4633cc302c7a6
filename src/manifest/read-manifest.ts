import type { PamError } from '../errors/index.ts';
import {
  type Address,
  type DesiredResource,
  formatAddress,
  isKind,
  type Json,
  type JsonObject,
  KINDS,
  type Kind,
  NAME_PATTERN,
} from '../model/index.ts';
import { closest } from '../policy/index.ts';
import { type CheckOptions, checkManifest } from './checks.ts';
import type { YamlDocument } from './documents.ts';
import type { Names } from './names.ts';
import { type Manifest, toResource } from './resource.ts';
import { explainSchemaErrors, isSoundIn, type Subject, validate } from './schema-problems.ts';
import { problemAt, type SourceFile, type Span, toProblems } from './source.ts';
import { markOf, readTree, type Tree } from './tree.ts';
import { validators } from './validators.gen.js';

/** A bare `resource:`, until all names are known. */
export interface BareResource {
  readonly resource: DesiredResource;
  readonly name: string;
  readonly source: SourceFile;
  readonly span: Span;
}

/** What became of one document. */
export interface ReadManifest {
  /** Null where the document does not say it. */
  readonly address: Address | null;
  /** Absent where there are problems. */
  readonly resource?: DesiredResource;
  readonly bare?: BareResource;
  readonly problems: readonly PamError[];
  readonly warnings: readonly PamError[];
}

/** Reads one document as a manifest. `names` learns its address, also where it has problems. */
export function readManifest(source: SourceFile, document: YamlDocument, names: Names, options: CheckOptions): ReadManifest {
  const tree = readTree(source, document);
  const { kind, name } = identify(tree.value);
  const address = kind !== null && name !== null ? formatAddress(kind, name) : null;
  const subject: Subject = { label: address ?? kind ?? '', source, tree };
  // Where the text is no YAML, what the parser made of the line is no problem of its own.
  const badLines = new Set(document.faults.map(({ span }) => source.locate(span.start).line));
  const others = tree.faults.filter(({ span }) => !badLines.has(source.locate(span.start).line));
  const problems = toProblems(source, subject.label, [...document.faults, ...others]);
  const at = markOf(tree, '/metadata/name');
  if (address !== null && !names.add(address, source.locate(at.start))) {
    const message = `${address} is declared twice, first in ${names.placeOf(address)}`;
    problems.push(problemAt(source, at, 'PAM1019', message, { hint: 'rename or remove one of the two' }));
  }
  // Of a document that is no YAML only a part was read: what seems to be missing may stand in the rest.
  if (document.faults.length > 0) return { address, problems, warnings: [] };
  problems.push(...checkKind(subject));
  if (kind === null) return { address, problems, warnings: [] };

  // Of a misspelt kind, which has its own problem by now, the rest is checked as what was meant.
  const errors = validate(validators[kind], tree.value).filter((error) => error.instancePath !== '/kind');
  const findings = checkManifest(subject, kind, isSoundIn(tree, errors), options);
  problems.push(...explainSchemaErrors(subject, errors), ...findings.problems);
  if (problems.length > 0 || address === null) return { address, problems, warnings: findings.warnings };
  const manifest = tree.value as unknown as Manifest;
  const resource = toResource(address, manifest, findings.files, source, tree);
  const named = manifest.spec['resource'];
  const isBare = typeof named === 'string' && !named.includes('/');
  const bare = isBare ? { resource, name: named, source, span: markOf(tree, '/spec/resource') } : undefined;
  return { address, resource, problems, warnings: findings.warnings, ...(bare === undefined ? {} : { bare }) };
}

/** What a document declares, whatever else is wrong with it; a misspelt kind counts as the nearest. */
function identify(value: Json): { kind: Kind | null; name: string | null } {
  const { kind, metadata } = (value ?? {}) as { kind?: unknown; metadata?: unknown };
  const { name } = (metadata ?? {}) as { name?: unknown };
  return {
    kind: typeof kind === 'string' ? (closest(kind, KINDS) as Kind | null) : null,
    name: typeof name === 'string' && NAME_PATTERN.test(name) ? name : null,
  };
}

/** PAM1010 where the document does not look like a manifest at all, PAM1012 where it names a kind that there is not. */
function checkKind({ source, tree }: Subject): PamError[] {
  const { value } = tree;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return [
      problemAt(source, markOf(tree, ''), 'PAM1010', 'the document is no mapping', {
        hint: 'a manifest begins with apiVersion: pam/v1',
        secret: true,
      }),
    ];
  }
  const { kind } = value as JsonObject;
  if (typeof kind === 'string' && isKind(kind)) return [];
  const all = `kinds: ${KINDS.join(', ')}`;
  if (kind === undefined) return [problemAt(source, firstKey(tree), 'PAM1010', 'the document does not say its kind', { hint: all })];
  const near = typeof kind === 'string' ? closest(kind, KINDS) : null;
  return [
    problemAt(source, markOf(tree, '/kind'), 'PAM1012', 'this kind is not known', { hint: near === null ? all : `did you mean ${near}?` }),
  ];
}

function firstKey(tree: Tree): Span {
  for (const mark of tree.marks.values()) if (mark.key !== undefined) return mark.key;
  return markOf(tree, '');
}
