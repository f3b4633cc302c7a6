import { type Change, type Grants, hashJson, type Instant, isDeclared, type Owner } from '../model/index.ts';

/**
 * What an approval is bound to: owner, lineage, grants, the end that was asked for (so that nobody can take it away) and the
 * declared rows with what they start from. Left out, because they
 * change nothing that a person approved: positions, order, blocks (a freeze that begins is refused by itself) and the version
 * that a rotation happened to find.
 */
export function planDigest(
  owner: Owner,
  lineage: string,
  grants: Grants,
  changes: readonly Change[],
  expiresAt: Instant | undefined,
): string {
  const rows = changes
    .filter(isDeclared)
    .map(declaredPart)
    .sort((a, b) => (a.id < b.id ? -1 : 1));
  return `sha256:${hashJson({ formatVersion: 1, owner, lineage, grants, rows, expiresAt })}`;
}

/** The part of a row that an approval covers; two rows with the same part are the same wish. */
export function declaredPart(change: Change): { readonly id: string } & Record<string, unknown> {
  const { source: _s, blocked: _b, dependsOn: _d, ...rest } = change;
  if (rest.kind !== 'rotate') return rest;
  const { currentVersion: _c, ...rotate } = rest;
  return rotate;
}
