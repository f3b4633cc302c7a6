import { type Address, compareText } from '../model/index.ts';
import { components } from './components.ts';
import { type Graph, push } from './graph.ts';
import type { ReferenceType } from './references.ts';

/**
 * For each account, those that have to be rotated before it: whose secret is changed, proved or reached with its own. So an
 * administrator comes after everything that uses it. Accounts that use each other (A administers B, B administers A) are taken
 * by name, never at the same time. Accounts with none before them are left out; the rest are sorted. Free of circles.
 */
export function rotationOrder(graph: Graph): ReadonlyMap<Address, readonly Address[]> {
  const usedBy = new Map<Address, Address[]>();
  for (const address of graph.nodes.keys()) {
    for (const used of credentialsFor(graph, address)) if (used !== address) push(usedBy, used, address);
  }
  const group = components([...usedBy.keys()], (address) => usedBy.get(address) ?? []);
  const before = new Map<Address, readonly Address[]>();
  for (const [address, users] of usedBy) {
    const kept = users.filter((user) => group.get(user) !== group.get(address) || compareText(user, address) < 0);
    if (kept.length > 0) before.set(address, kept.sort(compareText));
  }
  return before;
}

/** Accounts whose secrets are presented when this one is rotated. */
function credentialsFor(graph: Graph, user: Address): Set<Address> {
  const used = new Set<Address>();
  for (const { type, to } of graph.references.get(user) ?? []) {
    if (type === 'reconcileCredential') used.add(to);
    if (type === 'iam-of') addAll(used, targets(graph, to, 'admin-of'));
    if (type === 'belongs-to') {
      addAll(used, targets(graph, to, 'admin-of'));
      for (const machine of jumpHosts(graph, to))
        addAll(used, [...targets(graph, machine, 'launches'), ...targets(graph, machine, 'admin-of')]);
    }
  }
  return used;
}

/** The machines that connections to a resource go through. */
function jumpHosts(graph: Graph, resource: Address): Set<Address> {
  const hosts = new Set<Address>();
  for (let [at] = targets(graph, resource, 'via'); at !== undefined && !hosts.has(at); [at] = targets(graph, at, 'via')) hosts.add(at);
  return hosts;
}

function targets(graph: Graph, from: Address, wanted: ReferenceType): readonly Address[] {
  return (graph.references.get(from) ?? []).filter(({ type }) => type === wanted).map(({ to }) => to);
}

function addAll<T>(set: Set<T>, values: Iterable<T>): void {
  for (const value of values) set.add(value);
}
