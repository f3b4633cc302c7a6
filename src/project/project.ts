import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { combineErrors, PamError } from '../errors/index.ts';
import { buildGraph } from '../graph/index.ts';
import {
  type ErrorAt,
  freezeBounds,
  loadManifests,
  loadProjectFile,
  type ManifestFile,
  momentMs,
  type ProjectFile,
} from '../manifest/index.ts';
import { compareText, type DesiredResource, type Owner } from '../model/index.ts';
import type { AcceptedDrift, Freeze, Limits } from '../plan/index.ts';
import { findProjectFile, readManifestFiles, showPath } from './find.ts';

export interface ProjectOptions {
  /** Where to look for pam.yaml, upwards. */
  readonly folder: string;
  readonly environment?: string;
  /** `-f`: replaces the manifests of pam.yaml. */
  readonly files?: readonly string[];
}

/** pam.yaml with the environment's overrides applied and its paths resolved. */
export interface Project {
  readonly root: string;
  readonly owner: Owner;
  readonly file: Omit<ProjectFile, 'environments'>;
  readonly files: readonly string[];
  readonly limits: Limits;
  readonly freezes: readonly Freeze[];
  /** For what other rooms find wrong with pam.yaml; the pointer is relative to the settings that are in force. */
  readonly errorAt: (field: 'policies', ...rest: Parameters<ErrorAt>) => PamError;
}

export interface Desired {
  readonly resources: readonly DesiredResource[];
  readonly warnings: readonly PamError[];
  readonly digest: string;
}

/** Reads pam.yaml. PamError with everything that is wrong with it; PAM9002 when there is none; PAM9005 for an unknown environment. */
export async function openProject(options: ProjectOptions): Promise<Project> {
  const path = findProjectFile(options.folder);
  const root = dirname(path);
  const { project, problems, errorAt } = loadProjectFile(showPath(root, path), await readFile(path));
  if (project === null || problems.length > 0) throw combineErrors(problems);
  const { environments = {}, ...common } = project;
  const environment = options.environment ?? 'default';
  const overrides = environments[environment];
  if (overrides === undefined && environment !== 'default') {
    const known = Object.keys(environments).sort();
    throw new PamError('PAM9005', `pam.yaml has no environment ${environment}`, {
      hint: known.length === 0 ? 'add it under environments:' : `it has: ${known.join(', ')}`,
    });
  }
  const file = { ...common, ...overrides };
  return {
    root,
    owner: { project: project.project, environment },
    file,
    files: options.files ?? [],
    limits: flattenLimits(file.limits),
    freezes: (file.freeze ?? []).map((period) => {
      const { from, to } = freezeBounds(period);
      return { from: toInstant(from), until: toInstant(to), reason: period.reason };
    }),
    errorAt: (field, pointer, ...rest) =>
      errorAt(`${overrides?.[field] === undefined ? '' : `/environments/${environment}`}/${field}${pointer}`, ...rest),
  };
}

/** The manifest files as they are, for commands that work on their text. */
export function readManifests(project: Project): Promise<readonly ManifestFile[]> {
  return readManifestFiles(project.root, project.file.manifests, project.files);
}

/**
 * Reads, validates and links the manifests, and `more` that are not written yet. Throws one PamError that carries every problem of all
 * files.
 */
export async function loadDesired(project: Project, more: readonly ManifestFile[] = []): Promise<Desired> {
  const files = [...(await readManifests(project)), ...more];
  const loaded = loadManifests(files, {
    readFile: (path) => readOptional(resolve(project.root, path)),
    ...(project.file.allowCommands === undefined ? { allowCommands: [] } : { allowCommands: project.file.allowCommands }),
  });
  const { problems, warnings } = buildGraph(loaded.resources, {
    incomplete: loaded.incomplete,
    reported: loaded.problems,
    frameAt: loaded.frameAt,
  });
  const all = [...loaded.problems, ...problems].sort(byPlace);
  if (all.length > 0) throw combineErrors(all);
  return { resources: loaded.resources, digest: loaded.digest, warnings: [...loaded.warnings, ...warnings].sort(byPlace) };
}

/** What `drift.accept` acknowledges, each until its day. */
export function acceptedDrift(project: Project): readonly AcceptedDrift[] {
  return (project.file.drift?.accept ?? []).map((a) => ({
    address: a.address,
    ...(a.class === undefined ? {} : { class: a.class }),
    ...(a.what === undefined ? {} : { what: a.what }),
    ...(a.login === undefined ? {} : { login: a.login }),
    reason: a.reason,
    until: toInstant(momentMs(a.until, 'last')),
  }));
}

/** The place of a local vault; undefined for other types. */
export function vaultPath(project: Project): string | undefined {
  const { vault } = project.file;
  return vault.type === 'local' ? inProject(project, vault.path ?? '.pam/vault.db') : undefined;
}

/** The folder of a local journal: beside the vault unless pam.yaml says otherwise. */
export function journalPath(project: Project): string {
  const { journal } = project.file;
  if (journal?.type === 'local') return inProject(project, journal.path);
  return join(dirname(vaultPath(project) ?? inProject(project, '.pam/vault.db')), 'journal');
}

function inProject(project: Project, path: string): string {
  return isAbsolute(path) ? path : join(project.root, path);
}

function readOptional(path: string): Uint8Array | null {
  try {
    return readFileSync(path);
  } catch {
    return null;
  }
}

/** `limits: { rotate: { max, kinds: { PamUser: { max } } } }` as `rotate` and `PamUser.rotate`. */
function flattenLimits(limits: ProjectFile['limits']): Limits {
  const flat: Record<string, Limits[string]> = {};
  for (const [action, limit] of Object.entries(limits ?? {})) {
    const { kinds, ...own } = limit as { max?: number; percent?: number; kinds?: Record<string, { max?: number; percent?: number }> };
    if (Object.keys(own).length > 0) flat[action] = own;
    for (const [kind, bound] of Object.entries(kinds ?? {})) flat[`${kind}.${action}`] = bound;
  }
  return flat;
}

function toInstant(ms: number): string {
  return new Date(ms).toISOString();
}

function byPlace(a: PamError, b: PamError): number {
  const [x, y] = [a.source, b.source];
  if (x === undefined || y === undefined) return x === y ? 0 : x === undefined ? -1 : 1;
  return compareText(x.file, y.file) || x.line - y.line || x.column - y.column;
}
