import type { Code, PamError } from '../errors/index.ts';
import { type Json, type JsonObject, type Kind, kindOf, nameOf, SECRET_FIELDS } from '../model/index.ts';
import { checkComplexity, checkSchedule, type Problem } from '../policy/index.ts';
import type { FileResult, NamedFiles } from './named-files.ts';
import { resolveReference } from './names.ts';
import { literalSecret, type Subject } from './schema-problems.ts';
import { namesSecret } from './sensitive.ts';
import { problemAt } from './source.ts';
import { escapeKey, markOf, pathOf } from './tree.ts';

/** What the checks of one document found. */
export interface Findings {
  readonly problems: PamError[];
  readonly warnings: PamError[];
  readonly files: Map<string, string>;
}

export interface CheckOptions {
  readonly namedFiles: NamedFiles;
  /** Absent: commands are not checked. */
  readonly allowCommands?: readonly (readonly string[])[] | undefined;
}

/**
 * Everything that a schema cannot say. The document may have problems with its schema (so that all are found at once): `isSound` tells
 * whether the value at a JSON pointer has none, and only such values are looked at here.
 */
export function checkManifest(subject: Subject, kind: Kind, isSound: (pointer: string) => boolean, options: CheckOptions): Findings {
  const findings: Findings = { problems: [], warnings: [], files: new Map() };
  const at = (pointer: string): Json | undefined => (isSound(pointer) ? valueAt(subject.tree.value, pointer) : undefined);
  const policy = kind === 'RotationPolicy' ? '/spec' : '/spec/rotation';
  const from = at('/metadata/moved/from');
  if (typeof from === 'string') checkMove(subject, findings, kind, at('/metadata/name'), from);
  const schedule = at(`${policy}/schedule`);
  const complexity = at(`${policy}/complexity`);
  if (schedule !== undefined) addPolicyProblems(subject, findings, 'PAM1027', `${policy}/schedule`, checkSchedule(schedule));
  if (complexity !== undefined) addPolicyProblems(subject, findings, 'PAM1028', `${policy}/complexity`, checkComplexity(complexity));
  checkOpenData(subject, findings, '/spec/pamSettings', at('/spec/pamSettings'));
  for (const pointer of ['/spec/url', '/spec/endpoint']) if (holdsPassword(at(pointer))) addLiteral(subject, findings.problems, pointer);
  checkFiles(subject, findings, at, options.namedFiles);
  for (const field of SECRET_FIELDS) checkCommand(subject, findings, `/spec/${field}/fromCommand`, at, options.allowCommands);
  return findings;
}

/** The value at a JSON pointer whose parts need no escapes. */
function valueAt(value: Json, pointer: string): Json | undefined {
  let at: Json | undefined = value;
  for (const part of pointer.split('/').slice(1)) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, part)) return undefined;
    at = (at as JsonObject)[part];
  }
  return at;
}

type Lookup = (pointer: string) => Json | undefined;

function add(subject: Subject, findings: Findings, code: Code, pointer: string, message: string, hint?: string): void {
  findings.problems.push(problemAt(subject.source, markOf(subject.tree, pointer), code, `${subject.label}: ${message}`, { hint }));
}

function checkMove(subject: Subject, findings: Findings, kind: Kind, name: Json | undefined, from: string): void {
  const former = resolveReference(from, kind);
  if (kindOf(former) !== kind) add(subject, findings, 'PAM1029', '/metadata/moved/from', 'metadata.moved.from is of another kind');
  else if (nameOf(former) === name)
    add(subject, findings, 'PAM1029', '/metadata/moved/from', 'metadata.moved.from is the name itself', 'remove moved');
}

function addPolicyProblems(subject: Subject, findings: Findings, code: Code, pointer: string, found: readonly Problem[]): void {
  for (const { path, message, hint, severity } of found) {
    const at = path === '' ? pointer : `${pointer}/${path.replaceAll('.', '/')}`;
    const error = problemAt(subject.source, markOf(subject.tree, at), code, `${subject.label}: ${pathOf(at)}: ${message}`, { hint });
    (severity === 'warning' ? findings.warnings : findings.problems).push(error);
  }
}

/** Settings that are data for vaults have no schema, and are stored readably: no secret may be among them. */
function checkOpenData(subject: Subject, findings: Findings, pointer: string, value: Json | undefined): void {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, item] of Object.entries(value)) {
    const at = `${pointer}/${escapeKey(key)}`;
    if (namesSecret(key) && (typeof item === 'number' || (typeof item === 'string' && item !== '')))
      addLiteral(subject, findings.problems, at);
    else checkOpenData(subject, findings, at, item);
  }
}

/** A URL that carries a password (RFC 3986, 3.2.1) is a secret; one that carries a user alone is not. */
export function holdsPassword(url: unknown): boolean {
  return typeof url === 'string' && /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*:[^/?#@]*@/i.test(url);
}

export function addLiteral(subject: Subject, problems: PamError[], pointer: string): void {
  const { code, message, hint } = literalSecret(pointer);
  const text = `${subject.label}: ${message}`;
  problems.push(problemAt(subject.source, markOf(subject.tree, pointer), code, text, { hint, secret: true }));
}

function checkFiles(subject: Subject, findings: Findings, at: Lookup, namedFiles: NamedFiles): void {
  const { path } = subject.source;
  const take = (pointer: string, read: (manifest: string, value: string) => FileResult): string | undefined => {
    const value = at(pointer);
    if (typeof value !== 'string') return undefined;
    const result = read(path, value);
    if ('code' in result) {
      add(subject, findings, result.code, pointer, `${pathOf(pointer)}: ${result.message}`, result.hint);
      return undefined;
    }
    findings.files.set(pointer, result.content);
    return result.content;
  };
  take('/spec/tls/ca', namedFiles.readCertificates);
  take('/spec/knownHosts', namedFiles.readKnownHosts);
  const hooks = valueAt(subject.tree.value, '/spec/hooks');
  for (const index of Array.isArray(hooks) ? hooks.keys() : []) {
    const hash = take(`/spec/hooks/${index}/file`, namedFiles.hashScript);
    const sha256 = at(`/spec/hooks/${index}/sha256`);
    if (hash === undefined || sha256 === undefined || sha256 === hash) continue;
    add(
      subject,
      findings,
      'PAM1025',
      `/spec/hooks/${index}/sha256`,
      'the hook is not the script that sha256 stands for',
      `its hash is ${hash}`,
    );
  }
}

function checkCommand(subject: Subject, findings: Findings, pointer: string, at: Lookup, allowed: CheckOptions['allowCommands']): void {
  const argv = allowed === undefined ? undefined : (at(pointer) as readonly string[] | undefined);
  if (argv === undefined || allowed?.some((entry) => allows(entry, argv))) return;
  const hint = `add it to allowCommands in pam.yaml, such as - [${argv[0]}, "*"]`;
  add(subject, findings, 'PAM1026', pointer, `${pathOf(pointer)} is a command that is not allow-listed`, hint);
}

/** Whether an entry of `allowCommands` allows a command: item by item the same; `*` at the end stands for any further arguments. */
export function allows(entry: readonly string[], argv: readonly string[]): boolean {
  const isOpen = entry.at(-1) === '*';
  const fixed = isOpen ? entry.slice(0, -1) : entry;
  return (
    (isOpen ? argv.length >= fixed.length : argv.length === fixed.length) && fixed.length > 0 && fixed.every((item, i) => item === argv[i])
  );
}
