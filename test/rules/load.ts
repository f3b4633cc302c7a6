import { PamError } from '../../src/errors/index.ts';
import type { PolicySettings } from '../../src/manifest/index.ts';
import type { DesiredResource, PolicyFinding, VaultRecord } from '../../src/model/index.ts';
import type { PlanInput } from '../../src/plan/index.ts';
import { judge, loadRules } from '../../src/rules/index.ts';
import { plan, snapshotOf } from '../plan/fixtures.ts';

export function load(settings: PolicySettings, text?: string) {
  const files = text === undefined ? [] : [{ path: 'policies/a.yaml', text: Buffer.from(text) }];
  return loadRules({ settings, settingsErrorAt: (pointer, code, message) => new PamError(code, `${pointer}: ${message}`), files });
}

/** What one rule finds when the resources are planned over the records. */
export async function find(
  settings: PolicySettings,
  resources: readonly DesiredResource[],
  records: readonly VaultRecord[] = [],
  { text, narrowed = false, ...more }: Partial<PlanInput> & { text?: string; narrowed?: boolean } = {},
): Promise<readonly PolicyFinding[]> {
  const { rules, problems } = await load(settings, text);
  if (problems.length > 0) throw problems[0];
  return judge(rules, plan(resources, records, more), snapshotOf(records), { narrowed, sources: new Map() });
}

/** All built-in rules off but one. */
export function only(id: string, setting: NonNullable<PolicySettings['rules']>[string] = 'warning'): PolicySettings {
  const others = [
    'every-user-rotates',
    'longest-period',
    'password-strength',
    'shared-admin-credential',
    'admin-without-reconcile',
    'admin-beyond-folder',
  ];
  return { rules: { ...Object.fromEntries(others.map((o) => [o, 'off' as const])), [id]: setting } };
}
