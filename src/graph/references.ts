import type { Address, JsonObject, Kind, LinkType, Owned } from '../model/index.ts';

/** What buildGraph and everything that serves records of a vault as well work on. */
export type Node = Owned & { readonly address: Address };

/** References that stand in `fields` instead of `links`. `records`: users whose credentials a hook is given. */
type FieldReferenceType = 'policy' | 'defaultPolicy' | 'reconcileCredential' | 'via' | 'records';
export type ReferenceType = LinkType | FieldReferenceType;

/** One resource names another. */
export interface Reference {
  readonly type: ReferenceType;
  readonly to: Address;
  /** Where a manifest says it, dotted: `spec.rotation.policy`. */
  readonly path: string;
}

export interface ReferenceRule {
  /** The field of the spec. */
  readonly field: string;
  readonly from: readonly Kind[];
  readonly to: readonly Kind[];
  /** How many a resource may have; `one`: it must have it, too. */
  readonly count: 'any' | 'at most one' | 'one';
}

const RESOURCES = ['PamMachine', 'PamDatabase', 'PamDirectory'] as const;
const WITH_HOOKS = ['PamUser', ...RESOURCES, 'PamConfiguration'] as const;

/** KeeperPAM's rules of who may refer to whom, and how often. */
export const REFERENCE_RULES: Readonly<Record<ReferenceType, ReferenceRule>> = {
  'belongs-to': { field: 'resource', from: ['PamUser'], to: RESOURCES, count: 'at most one' },
  'iam-of': { field: 'configuration', from: ['PamUser'], to: ['PamConfiguration'], count: 'at most one' },
  'admin-of': { field: 'adminCredential', from: [...RESOURCES, 'PamConfiguration'], to: ['PamUser'], count: 'at most one' },
  launches: { field: 'launchCredential', from: RESOURCES, to: ['PamUser'], count: 'at most one' },
  autofills: { field: 'autofill', from: ['PamRemoteBrowser'], to: ['PamUser'], count: 'at most one' },
  'configured-by': { field: 'configuration', from: [...RESOURCES, 'PamRemoteBrowser'], to: ['PamConfiguration'], count: 'one' },
  serves: { field: 'services', from: ['PamUser'], to: ['PamMachine'], count: 'any' },
  policy: { field: 'rotation.policy', from: ['PamUser'], to: ['RotationPolicy'], count: 'at most one' },
  defaultPolicy: { field: 'defaultPolicy', from: ['PamConfiguration'], to: ['RotationPolicy'], count: 'at most one' },
  reconcileCredential: { field: 'reconcileCredential', from: ['PamUser'], to: ['PamUser'], count: 'at most one' },
  via: { field: 'via', from: RESOURCES, to: ['PamMachine'], count: 'at most one' },
  records: { field: 'hooks', from: WITH_HOOKS, to: ['PamUser'], count: 'any' },
};

/** Everything that a resource refers to, links first. */
export function referencesOf(node: Owned): readonly Reference[] {
  const references: Reference[] = node.links.map(({ type, to }) => ({ type, to, path: `spec.${REFERENCE_RULES[type].field}` }));
  const add = (type: FieldReferenceType, value: unknown, path: string) => {
    if (typeof value === 'string') references.push({ type, to: value as Address, path });
  };
  const { fields } = node;
  const rotation = fields['rotation'] as JsonObject | undefined;
  add('policy', rotation?.['policy'], 'spec.rotation.policy');
  for (const type of ['defaultPolicy', 'reconcileCredential', 'via'] as const) add(type, fields[type], `spec.${type}`);
  for (const [i, hook] of ((fields['hooks'] ?? []) as readonly JsonObject[]).entries()) {
    for (const [j, record] of ((hook['records'] ?? []) as readonly string[]).entries())
      add('records', record, `spec.hooks.${i}.records.${j}`);
  }
  return references;
}
