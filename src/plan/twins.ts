import { accountIdentity } from '../graph/index.ts';
import { type Address, type Change, kindOf } from '../model/index.ts';
import type { World } from './world.ts';

/**
 * A new address for a physical account that has a record already (released ones too) would be a second owner of one password.
 * It is blocked, and the hint is what was probably meant: a rename.
 */
export function blockTwins(changes: readonly Change[], world: World): readonly Change[] {
  const known = new Map<string, Address>();
  for (const { address, record, desired } of world.pairs) {
    if (record === undefined || desired !== undefined || kindOf(address) !== 'PamUser') continue;
    const identity = accountIdentity(record, (a) => world.pair(a)?.record ?? world.after(a));
    if (identity !== null) known.set(identity, address);
  }
  if (known.size === 0) return changes;
  return changes.map((change) => {
    if (change.kind !== 'create' || kindOf(change.address) !== 'PamUser') return change;
    const state = world.after(change.address);
    const twin = state === undefined ? undefined : known.get(accountIdentity(state, world.after) ?? '');
    if (twin === undefined) return change;
    const name = twin.slice(twin.indexOf('/') + 1);
    return {
      ...change,
      blocked: {
        code: 'PAM2008',
        reason: `${twin} is the same account on the same target; to rename it, add metadata.moved: { from: ${name} }`,
      },
    };
  });
}
