import { type Frame, PamError } from '../errors/index.ts';
import { type Address, compareText, type DesiredResource, hashJson, type SourceLocation } from '../model/index.ts';
import type { CheckOptions } from './checks.ts';
import { readDocuments } from './documents.ts';
import { createNamedFiles, type ReadFile } from './named-files.ts';
import { Names } from './names.ts';
import { type BareResource, readManifest } from './read-manifest.ts';
import { relinkResource } from './resource.ts';
import { openSource, type SourceFile } from './source.ts';

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

/**
 * Reads manifests: bytes to resources, all problems at once, each at its place. Pure over what it is given. Whether links lead
 * anywhere and obey their rules is looked at by the graph, except for a bare `resource:`, whose kind the name decides.
 */
export function loadManifests(files: readonly ManifestFile[], options: LoadOptions): LoadedManifests {
  const names = new Names();
  const checkOptions: CheckOptions = { namedFiles: createNamedFiles(options.readFile), allowCommands: options.allowCommands };
  const problems: PamError[] = [];
  const warnings: PamError[] = [];
  const found: DesiredResource[] = [];
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
      if (read.resource !== undefined) found.push(read.resource);
      else if (read.address !== null) incomplete.add(read.address);
      if (read.bare !== undefined) bare.push(read.bare);
    }
  }

  for (const { resource, name, source, span } of bare) {
    const { address, problem } = names.resolveBare(name, resource.address, source, span);
    relinkResource(resource, address);
    if (problem === undefined) continue;
    problems.push(problem);
    incomplete.add(resource.address);
  }
  const frameAt = (location: SourceLocation) => sources.get(location.file)?.frameAt(location);
  problems.push(...found.flatMap((resource) => checkMoved(resource, names, frameAt)));
  const resources = found.filter(({ address }) => !incomplete.has(address)).sort((a, b) => compareText(a.address, b.address));
  return {
    resources,
    problems: problems.toSorted(comparePlaces),
    warnings: warnings.toSorted(comparePlaces),
    incomplete: [...incomplete].sort(compareText),
    digest: hashJson(
      resources.map(({ address, fields, links, inputs, movedFrom }) => hashJson({ address, fields, links, inputs, movedFrom })),
    ),
    frameAt,
  };
}

/** A name that is still declared cannot have been moved away from. */
function checkMoved(resource: DesiredResource, names: Names, frameAt: LoadedManifests['frameAt']): PamError[] {
  const { address, movedFrom } = resource;
  if (movedFrom === undefined || !names.has(movedFrom)) return [];
  const source = resource.positions?.['metadata.moved.from'] ?? resource.source;
  const frame = frameAt(source);
  const message = `${address} moved from ${movedFrom}, which is still declared at ${names.placeOf(movedFrom)}`;
  const hint = 'remove moved, or the other manifest';
  return [new PamError('PAM1029', message, { source, hint, ...(frame === undefined ? {} : { frame }) })];
}

function comparePlaces(a: PamError, b: PamError): number {
  const [x, y] = [a.source, b.source];
  if (x === undefined || y === undefined) return 0;
  return (
    compareText(x.file, y.file) ||
    x.line - y.line ||
    x.column - y.column ||
    compareText(a.code, b.code) ||
    compareText(a.message, b.message)
  );
}
