import { combineErrors } from '../errors/index.ts';
import { type Address, isPartial, type Plan, type PolicyFinding, type PublicSnapshot, type SourceLocation } from '../model/index.ts';
import { judge, loadRules, type Rule } from '../rules/index.ts';
import { readFiles } from './find.ts';
import type { Desired, Project } from './project.ts';

export type Rules = readonly Rule[];

/**
 * The rules of pam.yaml, compiled; none where it has no `policies`, unless they are wanted `always`, to be shown or tested.
 * PamError with everything that is wrong with them.
 */
export async function loadProjectRules(project: Project, { always = false } = {}): Promise<Rules> {
  const policies = project.file.policies ?? (always ? {} : undefined);
  if (policies === undefined) return [];
  const { rules, problems } = await loadRules({
    settings: policies,
    settingsErrorAt: (...args) => project.errorAt('policies', ...args),
    files: await readFiles(project.root, policies.files ?? []),
  });
  if (problems.length > 0) throw combineErrors(problems);
  return rules;
}

/** What the rules of today find in any plan, a saved one too. */
export function findingsOf(
  rules: Rules,
  plan: Plan,
  snapshot: PublicSnapshot,
  desired?: Desired,
  isRequest = false,
): readonly PolicyFinding[] {
  if (rules.length === 0) return [];
  return judge(rules, plan, snapshot, { narrowed: isRequest || isPartial(plan.narrowing), sources: sourcesOf(plan, desired) });
}

/** A plan with what the rules find. The risk of plaintext transport is said once: by the rule where it is on. */
export function withFindings(plan: Plan, findings: readonly PolicyFinding[]): Plan {
  const told = new Set(findings.filter((f) => f.rule === 'plaintext-transport').map((f) => f.address));
  return { ...plan, findings, risks: plan.risks.filter((r) => r.code !== 'plaintext-transport' || !told.has(r.address)) };
}

/** Places in manifests: of what records alone declare there is none. */
function sourcesOf(plan: Plan, desired: Desired | undefined): ReadonlyMap<Address, SourceLocation> {
  if (desired !== undefined) return new Map(desired.resources.flatMap((r) => (r.positions === undefined ? [] : [[r.address, r.source]])));
  return new Map(plan.changes.flatMap((c) => (c.source === undefined ? [] : [[c.address, c.source]])));
}
