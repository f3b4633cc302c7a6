import { type Frame, PamError } from '../errors/index.ts';
import {
  type Address,
  compareText,
  type DesiredResource,
  formatAddress,
  hashJson,
  isKind,
  type Json,
  type JsonObject,
  KINDS,
  type Kind,
  NAME_PATTERN,
  type SourceLocation,
} from '../model/index.ts';
import { closest } from '../policy/index.ts';
import { type CheckOptions, checkManifest } from './checks.ts';
import { readDocuments, type YamlDocument } from './documents.ts';
import { createNamedFiles, type ReadFile } from './named-files.ts';
import { Names } from './names.ts';
import { type Manifest, relinkResource, toResource } from './resource.ts';
import { explainSchemaErrors, isSoundIn, type Subject, validate } from './schema-problems.ts';
import { openSource, problemAt, type SourceFile, type Span } from './source.ts';
import { markOf, readTree, type Tree } from './tree.ts';
import * as validators from './validators.gen.js';

/** A manifest file as it was read. */
export interface ManifestFile {
  /** As the user is to see it, relative to the project; the paths in the manifest start from its folder. */
  readonly path: string;
  readonly text: Uint8Array;
}

export interface LoadOptions {
  /** Reads what a manifest names (`tls.ca`, `knownHosts`, hooks), by a path of the same form as `ManifestFile.path`. Null: cannot be read. */
  readonly readFile: ReadFile;
  /** `allowCommands` of pam.yaml. Absent: `fromCommand` is not checked against it. */
  readonly allowCommands?: readonly (readonly string[])[];
}

export interface LoadedManifests {
  /** Every resource whose manifest has no problem, by address. */
  readonly resources: readonly DesiredResource[];
  /** Errors, by place. */
  readonly problems: readonly PamError[];
  readonly warnings: readonly PamError[];
  /** Addresses that documents with problems declare: a link to one of them leads somewhere, although there is no resource. */
  readonly incomplete: readonly Address[];
  /** Hash over everything that is declared, whatever the files and their layout. */
  readonly digest: string;
  /** The line of a location, for errors that other rooms find; undefined where it may hold a secret. */
  frameAt(location: SourceLocation): Frame | undefined;
}

/** A bare `resource:`, until all names are known. */
interface BareResource {
  readonly resource: DesiredResource;
  readonly name: string;
  readonly source: SourceFile;
  readonly span: Span;
}

/**
 * Reads manifests: bytes to resources, all problems at once, each at its place. Pure over what it is given. Whether links lead
 * anywhere and obey their rules is looked at by the graph, except for a bare `resource:`, whose kind the name decides.
 */
export function loadManifests(files: readonly ManifestFile[], options: LoadOptions): LoadedManifests {
  const names = new Names();
  const checkOptions: CheckOptions = { namedFiles: createNamedFiles(options.readFile), allowCommands: options.allowCommands };
  const problems: PamError[] = [];
  const warnings: PamError[] = [];
  const resources: DesiredResource[] = [];
  const bare: BareResource[] = [];
  const incomplete = new Set<Address>();
  const sources = new Map<string, SourceFile>();

  // In one order, whatever the order given, so that the same one of two is the second.
  for (const file of files.toSorted((a, b) => compareText(a.path, b.path))) {
    const opened = openSource(file.path, file.text);
    if ('problem' in opened) {
      problems.push(opened.problem);
      continue;
    }
    const { source } = opened;
    sources.set(file.path, source);
    for (const document of readDocuments(source)) {
      const read = readManifest(source, document, names, checkOptions);
      problems.push(...read.problems);
      warnings.push(...read.warnings);
      if (read.resource !== undefined) resources.push(read.resource);
      else if (read.address !== null) incomplete.add(read.address);
      if (read.bare !== undefined) bare.push(read.bare);
    }
  }

  for (const { resource, name, source, span } of bare) {
    const { address, problem } = names.resolveBare(name, resource.address, source, span);
    relinkResource(resource, address);
    if (problem !== undefined) problems.push(problem);
  }
  const frameAt = (location: SourceLocation) => sources.get(location.file)?.frameAt(location);
  problems.push(...resources.flatMap((resource) => checkMoved(resource, names, frameAt)));
  resources.sort((a, b) => compareText(a.address, b.address));
  return {
    resources,
    problems: problems.toSorted(comparePlaces),
    warnings: warnings.toSorted(comparePlaces),
    incomplete: [...incomplete].sort(compareText),
    digest: hashJson(resources.map(({ address, fields, links, inputs, movedFrom }) => hashJson({ address, fields, links, inputs, movedFrom }))),
    frameAt,
  };
}

interface ReadManifest {
  /** Null where the document does not say it. */
  readonly address: Address | null;
  /** Absent where there are problems. */
  readonly resource?: DesiredResource;
  readonly bare?: BareResource;
  readonly problems: readonly PamError[];
  readonly warnings: readonly PamError[];
}

function readManifest(source: SourceFile, document: YamlDocument, names: Names, options: CheckOptions): ReadManifest {
  const tree = readTree(source, document);
  const { kind, name } = identify(tree.value);
  const address = kind !== null && name !== null ? formatAddress(kind, name) : null;
  const subject: Subject = { label: address ?? kind ?? 'the document', source, tree };
  // Where the text is no YAML, what the parser made of the line is no problem of its own.
  const badLines = new Set(document.problems.map((problem) => problem.source?.line));
  const problems = [...document.problems, ...tree.problems.filter((problem) => !badLines.has(problem.source?.line))];
  const at = markOf(tree, '/metadata/name');
  if (address !== null && !names.add(address, source.locate(at.start))) {
    const message = `${address} is declared twice, first in ${names.placeOf(address)}`;
    problems.push(problemAt(source, at, 'PAM1019', message, { hint: 'rename or remove one of the two' }));
  }
  // Of a document that is no YAML only a part was read: what seems to be missing may stand in the rest.
  if (document.problems.length > 0) return { address, problems, warnings: [] };
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
    return [problemAt(source, markOf(tree, ''), 'PAM1010', 'the document is no mapping', { hint: 'a manifest begins with apiVersion: pam/v1', secret: true })];
  }
  const { kind } = value as JsonObject;
  if (typeof kind === 'string' && isKind(kind)) return [];
  const all = `kinds: ${KINDS.join(', ')}`;
  if (kind === undefined) return [problemAt(source, firstKey(tree), 'PAM1010', 'the document does not say its kind', { hint: all })];
  const near = typeof kind === 'string' ? closest(kind, KINDS) : null;
  return [problemAt(source, markOf(tree, '/kind'), 'PAM1012', 'this kind is not known', { hint: near === null ? all : `did you mean ${near}?` })];
}

/** A name that is still declared cannot have been moved away from. */
function checkMoved({ address, movedFrom, positions, source }: DesiredResource, names: Names, frameAt: LoadedManifests['frameAt']): PamError[] {
  if (movedFrom === undefined || !names.has(movedFrom)) return [];
  const at = positions?.['metadata.moved.from'] ?? source;
  const frame = frameAt(at);
  const message = `${address} moved from ${movedFrom}, which is still declared at ${names.placeOf(movedFrom)}`;
  return [new PamError('PAM1029', message, { source: at, hint: 'remove moved, or the other manifest', ...(frame === undefined ? {} : { frame }) })];
}

function firstKey(tree: Tree): Span {
  for (const mark of tree.marks.values()) if (mark.key !== undefined) return mark.key;
  return markOf(tree, '');
}

function comparePlaces(a: PamError, b: PamError): number {
  const [x, y] = [a.source, b.source];
  if (x === undefined || y === undefined) return 0;
  return compareText(x.file, y.file) || x.line - y.line || x.column - y.column || compareText(a.code, b.code) || compareText(a.message, b.message);
}
