import { type Address, compareText } from '../model/index.ts';
import { type Node, REFERENCE_RULES, type Reference, type ReferenceType, referencesOf } from './references.ts';

/** Resources with their references resolved. Plain data; the functions beside it answer questions about it. */
export interface Graph<N extends Node = Node> {
  readonly nodes: ReadonlyMap<Address, N>;
  /** Of each node, the references that lead to a node of a kind that they may lead to. */
  readonly references: ReadonlyMap<Address, readonly Reference[]>;
}

/**
 * References to what has to be there first. The others join things that exist already: an administrator lives on the very
 * resource that it administers.
 */
const STRUCTURAL: ReadonlySet<ReferenceType> = new Set(['belongs-to', 'iam-of', 'configured-by', 'policy', 'defaultPolicy', 'via']);

/** Of manifests or of records; what leads nowhere is left out. */
export function connect<N extends Node>(nodes: readonly N[]): Graph<N> {
  const byAddress = new Map(nodes.map((node) => [node.address, node]));
  const references = new Map<Address, readonly Reference[]>();
  for (const node of byAddress.values()) {
    references.set(
      node.address,
      referencesOf(node).filter(({ type, to }) => byAddress.has(to) && fits(type, to)),
    );
  }
  return { nodes: byAddress, references };
}

/** May this reference lead there, by its kind? */
export function fits(type: ReferenceType, to: Address): boolean {
  return REFERENCE_RULES[type].to.some((kind) => to.startsWith(`${kind}/`));
}

/** What has to be there before a resource: sorted, each once. */
export function dependencies(graph: Graph, address: Address): readonly Address[] {
  const found = new Set<Address>();
  for (const { type, to } of graph.references.get(address) ?? []) if (STRUCTURAL.has(type)) found.add(to);
  return [...found].sort(compareText);
}

/**
 * Layers of resources: each depends on earlier layers only, and is sorted by address. What runs in a circle, which `buildGraph`
 * refuses, comes last.
 */
export function order(graph: Graph): readonly (readonly Address[])[] {
  const waiting = new Map<Address, number>();
  const dependents = new Map<Address, Address[]>();
  for (const address of graph.nodes.keys()) {
    const needed = dependencies(graph, address);
    waiting.set(address, needed.length);
    for (const to of needed) push(dependents, to, address);
  }
  const layers: Address[][] = [];
  let layer = [...waiting].filter(([, count]) => count === 0).map(([address]) => address);
  while (layer.length > 0) {
    layers.push(layer.sort(compareText));
    const next: Address[] = [];
    for (const address of layer) {
      waiting.delete(address);
      for (const dependent of dependents.get(address) ?? []) {
        const count = (waiting.get(dependent) ?? 0) - 1;
        waiting.set(dependent, count);
        if (count === 0) next.push(dependent);
      }
    }
    layer = next;
  }
  if (waiting.size > 0) layers.push([...waiting.keys()].sort(compareText));
  return layers;
}

export function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}
