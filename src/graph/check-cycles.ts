import { type Address, compareText } from '../model/index.ts';
import type { Check } from './problems.ts';

/**
 * Connections through jump hosts end somewhere, and no account reconciles itself. (Accounts that administer each other are no
 * circle: each can be rotated with the other. All other references lead from kind to kind and cannot come back.)
 */
export function checkCycles(check: Check): void {
  const settled = new Set<Address>();
  for (const resource of check.resources.values()) {
    if (resource.fields['reconcileCredential'] === resource.address) {
      check.report(
        'PAM1049',
        resource,
        'spec.reconcileCredential',
        `${resource.address} is its own reconcile credential`,
        'name another account',
      );
    }
    const path: Address[] = [];
    const places = new Map<Address, number>();
    for (let at = nextHop(check, resource.address); at !== undefined && !settled.has(at) && !places.has(at); at = nextHop(check, at)) {
      places.set(at, path.length);
      path.push(at);
    }
    const last = path.at(-1);
    const start = last === undefined ? undefined : places.get(nextHop(check, last) as Address);
    if (start !== undefined) reportCycle(check, path.slice(start));
    for (const address of path) settled.add(address);
  }
}

function nextHop(check: Check, address: Address): Address | undefined {
  return check.resources.get(address)?.fields['via'] as Address | undefined;
}

/** Told once, from the first address on, wherever the walk met it. */
function reportCycle(check: Check, cycle: readonly Address[]): void {
  const [first] = [...cycle].sort(compareText);
  if (first === undefined) return;
  const turn = cycle.indexOf(first);
  const round = [...cycle.slice(turn), ...cycle.slice(0, turn), first];
  const resource = check.resources.get(first);
  if (resource === undefined) return;
  check.report('PAM1049', resource, 'spec.via', `${first} is reached via itself: ${round.join(' → ')}`, 'remove one of the via');
}
