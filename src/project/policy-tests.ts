import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { combineErrors, PamError } from '../errors/index.ts';
import { buildGraph } from '../graph/index.ts';
import {
  type InlineManifest,
  type LoadedManifests,
  loadManifests,
  loadPolicyTests,
  type ManifestFile,
  type PolicyTest,
} from '../manifest/index.ts';
import type { DesiredResource, Owner, PolicyFinding, Snapshot, VaultRecord } from '../model/index.ts';
import { makePlan } from '../plan/index.ts';
import { type Comparison, compareFindings } from '../rules/index.ts';
import { readFiles, readManifestFiles, showPath } from './find.ts';
import type { Project } from './project.ts';
import { CAPABILITIES } from './providers.ts';
import { findingsOf, type Rules } from './rules.ts';

export interface PolicyTestResult extends Comparison {
  readonly file: string;
  readonly line: number;
  readonly name: string;
  readonly passed: boolean;
}

const DEFAULT_TESTS = ['policies/tests/**/*.yaml'];
const DEFAULT_NOW = '2027-01-01T00:00:00.000Z';

/** Runs the tests of `paths`, else those of pam.yaml. No vault, no network. PamError for tests that cannot be run; PAM2035 where there are none. */
export async function runPolicyTests(project: Project, rules: Rules, paths: readonly string[]): Promise<readonly PolicyTestResult[]> {
  const globs = project.file.policies?.tests ?? DEFAULT_TESTS;
  const files = paths.length > 0 ? await readManifestFiles(project.root, undefined, paths) : await readFiles(project.root, globs);
  const loaded = files.map((file) => loadPolicyTests(file.path, file.text));
  const problems = loaded.flatMap((l) => l.problems);
  if (problems.length > 0) throw combineErrors(problems);
  const tests = loaded.flatMap((l) => l.tests);
  if (tests.length === 0)
    throw new PamError('PAM2035', `there is no policy test in ${paths.length > 0 ? paths.join(', ') : globs.join(', ')}`, {
      hint: 'see: pam schema PolicyTestFile',
    });
  checkRuleNames(tests, rules);
  return tests.map((test) => runTest(project, rules, test));
}

/** A test of a rule that there is not would wait for it in vain, or pass for nothing. */
function checkRuleNames(tests: readonly PolicyTest[], rules: Rules): void {
  const known = new Set(rules.map((r) => r.id));
  const problems = tests.flatMap(({ test, errorAt }) => [
    ...(test.rules ?? []).flatMap((id, i) => (known.has(id) ? [] : [errorAt(`/rules/${i}`, 'PAM2032', `there is no rule ${id}`, HINT)])),
    ...test.expect.flatMap(({ rule }, i) =>
      known.has(rule) ? [] : [errorAt(`/expect/${i}/rule`, 'PAM2032', `there is no rule ${rule}`, HINT)],
    ),
  ]);
  if (problems.length > 0) throw combineErrors(problems);
}

const HINT = { hint: 'run: pam test --list' };

function runTest(project: Project, rules: Rules, policyTest: PolicyTest): PolicyTestResult {
  const { test, path, line } = policyTest;
  const owner: Owner = { project: project.owner.project, environment: test.environment ?? project.owner.environment };
  const before = declare(project, policyTest, policyTest.applied);
  const desired = declare(project, policyTest, policyTest.manifests);
  const now = new Date(test.now ?? DEFAULT_NOW).toISOString();
  const snapshot: Snapshot = {
    formatVersion: 1,
    lineage: '',
    serial: 0,
    records: before.map((resource) => asApplied(resource, owner, now)),
    refusedVersions: [],
  };
  const plan = makePlan({
    owner,
    desired,
    manifestDigest: '',
    snapshot,
    asOf: now,
    narrowing: { targets: [], excludes: [], files: [] },
    grants: {},
    limits: project.limits,
    freezes: [],
    capabilities: CAPABILITIES,
  });
  const wanted = (f: PolicyFinding) => test.rules === undefined || test.rules.includes(f.rule);
  const found = findingsOf(rules, plan, snapshot, { resources: desired, warnings: [], digest: '' }).filter(wanted);
  const comparison = compareFindings(test.expect, found);
  return { file: path, line, name: test.name, passed: comparison.missing.length + comparison.unexpected.length === 0, ...comparison };
}

/** Resources of manifests that stand in the test or that it names. PamError with everything that is wrong with them. */
function declare(project: Project, test: PolicyTest, manifests: readonly (string | InlineManifest)[]): readonly DesiredResource[] {
  const files = manifests.map((manifest, i): ManifestFile => {
    if (typeof manifest !== 'string') return { path: test.path, text: manifest.text };
    const path = join(dirname(test.path), manifest);
    const text = readOptional(resolve(project.root, path));
    if (text !== null) return { path: showPath(project.root, resolve(project.root, path)), text };
    throw test.errorAt(`/manifests/${i}`, 'PAM1023', `the file ${manifest} cannot be read`, { hint: 'paths are relative to the test' });
  });
  const loaded: LoadedManifests = loadManifests(files, {
    readFile: (path) => readOptional(resolve(project.root, path)),
    allowCommands: project.file.allowCommands ?? [],
  });
  const { problems } = buildGraph(loaded.resources, { incomplete: loaded.incomplete, reported: loaded.problems });
  const all = [...loaded.problems, ...problems];
  if (all.length > 0) throw combineErrors(all.map((error) => withFrame(error, test)));
  return loaded.resources;
}

/** The file of an inline manifest was blanked around it: the line is taken from the file as it is. */
function withFrame(error: PamError, test: PolicyTest): PamError {
  const { source, hint } = error;
  if (source?.file !== test.path) return error;
  const frame = test.source.frameAt(source);
  return new PamError(error.code, error.message, {
    source,
    ...(hint === undefined ? {} : { hint }),
    ...(frame === undefined ? {} : { frame }),
  });
}

/** The record that an apply of the resource left behind. */
function asApplied(resource: DesiredResource, owner: Owner, at: string): VaultRecord {
  const { address, fields, links, inputs } = resource;
  return {
    id: address,
    address,
    owner,
    revision: 1,
    status: 'managed',
    fields,
    links,
    inputs: Object.fromEntries(Object.entries(inputs).map(([field, input]) => [field, input?.version ?? 1])),
    versions: [],
    rotation: { anchorAt: at },
    createdAt: at,
    updatedAt: at,
    mac: '',
  };
}

function readOptional(path: string): Uint8Array | null {
  try {
    return readFileSync(path);
  } catch {
    return null;
  }
}
