import { readFile } from 'node:fs/promises';
import { PamError } from '../errors/index.ts';
import type { Plan } from '../model/index.ts';
import { planDigest } from '../plan/index.ts';

/** Reads a plan that `pam plan --out` wrote. Its digest must be that of its content. PamError PAM2015, PAM9004. */
export async function readSavedPlan(path: string): Promise<Plan> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new PamError('PAM9004', `${path} cannot be read: ${(cause as NodeJS.ErrnoException).code ?? 'unknown error'}`, { cause });
  });
  const refuse = (why: string) => new PamError('PAM2015', `${path} ${why}`, { hint: 'make it with: pam plan --out FILE' });
  let plan: Plan;
  try {
    plan = JSON.parse(text) as Plan;
  } catch {
    throw refuse('is no JSON');
  }
  if (typeof plan !== 'object' || plan === null || !Array.isArray(plan.changes) || typeof plan.digest !== 'string')
    throw refuse('is no plan');
  if (plan.formatVersion !== 1) throw refuse(`has the format ${String(plan.formatVersion)}, which this version does not know`);
  let digest: string;
  try {
    digest = planDigest(plan.owner, plan.lineage, plan.grants, plan.changes, plan.expiresAt);
  } catch {
    throw refuse('is damaged');
  }
  if (digest !== plan.digest) throw refuse('was changed after it was made: its digest does not match its content');
  // What rules of that day found is for reading; those of today judge it anew.
  return { ...plan, findings: Array.isArray(plan.findings) ? plan.findings : [] };
}
