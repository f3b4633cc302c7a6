import { type Address, type DesiredResource, type Kind, kindOf, nameOf } from '../model/index.ts';
import { closest } from '../policy/index.ts';
import { fits, push } from './graph.ts';
import { type Check, placeOf } from './problems.ts';
import { REFERENCE_RULES, type Reference, type ReferenceType, referencesOf } from './references.ts';

/** Every reference leads somewhere, to a resource of the right kind, and none stands too often or is missing. */
export function checkReferences(check: Check): void {
  const suggest = createSuggester(check);
  for (const resource of check.resources.values()) {
    const byType = new Map<ReferenceType, Reference[]>();
    for (const reference of referencesOf(resource)) {
      push(byType, reference.type, reference);
      checkTarget(check, resource, reference, suggest);
    }
    checkCounts(check, resource, byType);
  }
}

type Suggest = (to: Address, kinds: readonly Kind[]) => string | undefined;

function checkTarget(check: Check, resource: DesiredResource, { type, to, path }: Reference, suggest: Suggest): void {
  const rule = REFERENCE_RULES[type];
  const { address } = resource;
  if (!rule.from.includes(kindOf(address))) {
    check.report('PAM1040', resource, path, `${address} cannot have ${rule.field}: only ${rule.from.join(', ')} can`);
  } else if (!fits(type, to)) {
    check.report(
      'PAM1040',
      resource,
      path,
      `${address}: spec.${rule.field} leads to ${to}, which is not ${articled(rule.to)}`,
      suggest(to, rule.to),
    );
  } else if (!check.resources.has(to) && !check.incomplete.has(to)) {
    const hint = suggest(to, rule.to) ?? `declare ${to} in a manifest`;
    check.report('PAM1042', resource, path, `${address} links to a resource that no manifest declares: ${to}`, hint);
  }
}

function checkCounts(check: Check, resource: DesiredResource, byType: ReadonlyMap<ReferenceType, readonly Reference[]>): void {
  const { address } = resource;
  for (const [type, references] of byType) {
    const [, second] = references;
    const { count, field } = REFERENCE_RULES[type];
    if (count !== 'any' && second !== undefined) {
      check.report(
        'PAM1041',
        resource,
        second.path,
        `${address}: spec.${field} leads to ${references.map(({ to }) => to).join(' and ')}`,
        'keep one',
      );
    }
  }
  const iam = byType.get('iam-of')?.[0];
  if (iam !== undefined && byType.has('belongs-to')) {
    check.report(
      'PAM1041',
      resource,
      iam.path,
      `${address} has both a resource and a configuration`,
      'keep resource; its configuration is known from there',
    );
  }
  const needsConfiguration = REFERENCE_RULES['configured-by'].from.includes(kindOf(address));
  if (needsConfiguration && !byType.has('configured-by')) {
    check.report('PAM1043', resource, 'spec', `${address} has no configuration`, 'add configuration: with the name of a PamConfiguration');
  }
}

/** "did you mean …?", the same name of another kind before a similar name. */
function createSuggester(check: Check): Suggest {
  const byKind = new Map<Kind, Map<string, DesiredResource>>();
  for (const resource of check.resources.values()) {
    const kind = kindOf(resource.address);
    const names = byKind.get(kind) ?? new Map<string, DesiredResource>();
    byKind.set(kind, names.set(nameOf(resource.address), resource));
  }
  // Similar names are looked for among all: after this many misses the cause is another one, such as a forgotten file.
  let left = 50;
  return (to, kinds) => {
    const names = kinds.map((kind) => byKind.get(kind) ?? new Map<string, DesiredResource>());
    const wanted = nameOf(to);
    let found = names.find((map) => map.has(wanted))?.get(wanted);
    if (found === undefined && left-- > 0) {
      const near = closest(
        wanted,
        names.flatMap((map) => [...map.keys()]),
      );
      found = near === null ? undefined : names.find((map) => map.has(near))?.get(near);
    }
    return found === undefined ? undefined : `did you mean ${placeOf(found)}?`;
  };
}

function articled(kinds: readonly Kind[]): string {
  return kinds.map((kind) => `a ${kind}`).join(' or ');
}
