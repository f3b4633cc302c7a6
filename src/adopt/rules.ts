import type { DiscoverMatch, DiscoverRule } from '../manifest/index.ts';
import type { Address } from '../model/index.ts';
import type { FoundAccount } from '../providers/provider.ts';
import { fitsPattern } from './glob.ts';

/** The first rule that fits the account, counted from 1 as people do; undefined where none does. */
export function findRule(
  rules: readonly DiscoverRule[],
  resource: Address,
  found: FoundAccount,
): { readonly number: number; readonly rule: DiscoverRule } | undefined {
  const index = rules.findIndex(({ match = {} }) => fits(match, resource, found));
  const rule = rules[index];
  return rule === undefined ? undefined : { number: index + 1, rule };
}

function fits(match: DiscoverMatch, resource: Address, found: FoundAccount): boolean {
  const name = found.fields['distinguishedName'];
  return (
    fitsOne(match.resource, resource) &&
    fitsOne(match.login, found.login) &&
    fitsOne(lower(match.distinguishedName), typeof name === 'string' ? name.toLowerCase() : undefined) &&
    // Where the target does not tell who is an administrator, a rule about them fits nobody, so that it cannot guess.
    (match.administrator === undefined || match.administrator === found.isAdministrator) &&
    (match.system ?? found.isSystem) === found.isSystem &&
    (match.enabled ?? found.isEnabled) === found.isEnabled &&
    (match.canLogIn ?? found.canLogIn) === found.canLogIn
  );
}

function fitsOne(patterns: string | readonly string[] | undefined, text: string | undefined): boolean {
  if (patterns === undefined) return true;
  return text !== undefined && [patterns].flat().some((pattern) => fitsPattern(pattern, text));
}

function lower(patterns: string | readonly string[] | undefined): readonly string[] | undefined {
  return patterns === undefined ? undefined : [patterns].flat().map((p) => p.toLowerCase());
}
