import type { AccessEdge, AccessGraph, AccessNode, BlastRadius, Hop } from '../graph/index.ts';

/** What every output of `pam graph` draws. */
export interface GraphPicture {
  readonly graph: AccessGraph;
  /** With it, the graph is what the radius reaches. */
  readonly radius?: BlastRadius;
  /** Boxes to be marked, and the word that marks each: colour alone tells nobody anything. */
  readonly marks?: ReadonlyMap<string, string>;
}

/** The words at the boxes: those given, or how the radius reaches each. */
export function marksOf({ radius, marks }: GraphPicture): ReadonlyMap<string, string> {
  if (radius === undefined) return marks ?? new Map();
  return new Map([[radius.origin, 'stolen'] as const, ...radius.hops.map((h) => [h.address, h.level] as const)]);
}

/** `1 administered, 3 held, 2 entered, in at most 2 steps`. */
export function summarizeRadius({ hops }: BlastRadius): string {
  if (hops.length === 0) return 'It opens nothing else that is declared.';
  const count = (level: Hop['level']) => hops.filter((h) => h.level === level).length;
  const steps = Math.max(...hops.map((h) => h.step));
  return `${count('administered')} administered, ${count('held')} held, ${count('entered')} entered, in at most ${steps} ${steps === 1 ? 'step' : 'steps'}.`;
}

/** Edges with the same ends, drawn as one line. */
export interface Line {
  readonly from: string;
  readonly to: string;
  readonly types: readonly AccessEdge['type'][];
  readonly relations: readonly string[];
}

export function linesOf(graph: AccessGraph): readonly Line[] {
  const lines = new Map<string, { from: string; to: string; types: AccessEdge['type'][]; relations: string[] }>();
  for (const { from, to, type, relation } of graph.edges) {
    const key = `${from} ${to}`;
    const line = lines.get(key) ?? { from, to, types: [], relations: [] };
    lines.set(key, line);
    line.types.push(type);
    line.relations.push(relation);
  }
  return [...lines.values()];
}

/** Where a node stands in a tree: an account at what it lives on, a resource at its configuration. */
export function homesOf(graph: AccessGraph): ReadonlyMap<string, string> {
  const homes = new Map<string, string>();
  for (const { from, to, type } of graph.edges) {
    if (type === 'belongs-to' || type === 'iam-of' || type === 'configured-by') homes.set(from, to);
  }
  return homes;
}

export function byAddress(graph: AccessGraph): ReadonlyMap<string, AccessNode> {
  return new Map(graph.nodes.map((n) => [n.address, n]));
}
