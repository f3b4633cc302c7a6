import { PamError } from '../errors/index.ts';
import { parseDuration } from '../policy/index.ts';
import { holdsPassword } from './checks.ts';
import { readDocuments } from './documents.ts';
import { explainSchemaErrors, isSoundIn, literalSecret, type Subject, validate } from './schema-problems.ts';
import { openSource, problemAt, toProblems } from './source.ts';
import { markOf, readTree } from './tree.ts';
import { createErrorAt, type ErrorAt } from './typed-document.ts';
import type { EnvironmentOverrides, FreezePeriod, ProjectFile } from './types.gen.ts';
import { validators } from './validators.gen.js';

export interface LoadedProjectFile {
  /** Null where there are problems. Paths and sources stand in it as written, relative to the file. */
  readonly project: ProjectFile | null;
  readonly problems: readonly PamError[];
  /** For what other rooms find wrong with it. */
  readonly errorAt: ErrorAt;
}

/** Reads pam.yaml: all problems at once, each at its place. `path`: as the user is to see it. */
export function loadProjectFile(path: string, text: Uint8Array): LoadedProjectFile {
  const opened = openSource(path, text);
  if ('problem' in opened) return { project: null, problems: [opened.problem], errorAt: nowhere };
  const { source } = opened;
  const [document, second] = [...readDocuments(source)];
  if (document === undefined) {
    const span = { start: 0, end: 1 };
    return {
      project: null,
      problems: [problemAt(source, span, 'PAM1010', 'the project file is empty', { hint: 'run pam init to make one' })],
      errorAt: nowhere,
    };
  }
  const tree = readTree(source, document);
  const subject: Subject = { label: 'the project file', source, tree };
  const errorAt = createErrorAt(subject);
  const problems = toProblems(source, subject.label, [...document.faults, ...tree.faults]);
  if (second !== undefined)
    problems.push(
      problemAt(source, { start: second.span.start, end: second.span.start + 3 }, 'PAM1010', 'the project file has a second document'),
    );
  if (document.faults.length === 0) {
    const errors = validate(validators.ProjectFile, tree.value);
    problems.push(...explainSchemaErrors(subject, errors));
    const file = tree.value as unknown as ProjectFile;
    const isSound = isSoundIn(tree, errors);
    // What cannot be seen in a value with problems is seen once they are mended.
    if (isSound('')) problems.push(...checkProject(subject, file));
    if (problems.length === 0) return { project: file, problems, errorAt };
  }
  return { project: null, problems, errorAt };
}

/** Of a file that has no places. */
const nowhere: ErrorAt = (_, code, message) => new PamError(code, message);

/** What a schema cannot say. */
function checkProject(subject: Subject, project: ProjectFile): PamError[] {
  const overrides = Object.entries(project.environments ?? {}).map(([name, settings]) => [`/environments/${name}`, settings] as const);
  return [['', project] as const, ...overrides].flatMap(([pointer, settings]) => checkSettings(subject, pointer, settings));
}

function checkSettings(subject: Subject, pointer: string, settings: EnvironmentOverrides): PamError[] {
  const problems: PamError[] = [];
  const report = (at: string, code: 'PAM1030', message: string, hint?: string) =>
    problems.push(problemAt(subject.source, markOf(subject.tree, at), code, `${subject.label}: ${message}`, { hint }));
  const urls = [settings.vault, settings.journal].map((store) => (store !== undefined && 'url' in store ? store.url : undefined));
  urls.forEach((url, index) => {
    if (!holdsPassword(url)) return;
    const { code, message, hint, pointer: at } = literalSecret(`${pointer}/${index === 0 ? 'vault' : 'journal'}/url`);
    problems.push(problemAt(subject.source, markOf(subject.tree, at), code, `${subject.label}: ${message}`, { hint, secret: true }));
  });
  settings.freeze?.forEach((period, index) => {
    const at = `${pointer}/freeze/${index}`;
    const { from, to } = freezeBounds(period);
    if (Number.isNaN(from)) report(`${at}/from`, 'PAM1030', 'a freeze begins on a day that does not exist');
    if (Number.isNaN(to)) report(`${at}/to`, 'PAM1030', 'a freeze ends on a day that does not exist');
    if (to <= from) report(`${at}/to`, 'PAM1030', 'a freeze ends before it begins');
  });
  settings.drift?.accept?.forEach(({ until }, index) => {
    if (Number.isNaN(momentMs(until, 'first'))) report(`${pointer}/drift/accept/${index}/until`, 'PAM1030', 'this day does not exist');
  });
  const longest = settings.policies?.rules?.['longest-period'];
  if (typeof longest === 'object' && longest.max !== undefined) {
    const period = parseDuration(longest.max);
    if (!period.ok) report(`${pointer}/policies/rules/longest-period/max`, 'PAM1030', period.reason, period.hint);
  }
  return problems;
}

/** The bounds of a freeze in milliseconds since 1970, the end not included. A day is meant as a whole, in UTC. NaN: no such day. */
export function freezeBounds({ from, to }: FreezePeriod): { readonly from: number; readonly to: number } {
  return { from: momentMs(from, 'first'), to: momentMs(to, 'last') };
}

const DAY_MS = 86_400_000;

/**
 * `2027-12-20` (its first or last moment, UTC) or an RFC 3339 instant, in milliseconds since 1970; NaN where there is no such day.
 * `Date` moves 30 February to March, so that the day is looked at again.
 */
export function momentMs(text: string, which: 'first' | 'last'): number {
  const day = text.slice(0, 10);
  const midnight = Date.parse(`${day}T00:00:00Z`);
  if (Number.isNaN(midnight) || new Date(midnight).toISOString().slice(0, 10) !== day) return Number.NaN;
  if (text.length > 10) return Date.parse(text);
  return which === 'first' ? midnight : midnight + DAY_MS;
}
