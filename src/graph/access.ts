import { type Address, compareText, type JsonObject, kindOf } from '../model/index.ts';
import { connect } from './graph.ts';
import type { Node, ReferenceType } from './references.ts';
import { targetOf } from './target.ts';

/** One box of the picture: an account, a resource or a configuration. Policies open nothing and are left out. */
export interface AccessNode {
  readonly address: Address;
  /** What tells it apart for people: a login, `host:port`, a URL, the type of a configuration. */
  readonly detail: string;
  readonly folder?: string;
}

/** Who can do what to what. An edge points from the one with the power (or the part) to the other. */
export interface AccessEdge {
  readonly from: Address;
  readonly to: Address;
  /** As manifests and plans call the link. */
  readonly type: ReferenceType;
  /** As a sentence reads: `PamUser/dba` *administers* `PamDatabase/orders-db`. */
  readonly relation: string;
}

/** Plain data: what every output of `pam graph` is made from. Sorted, so that the same manifests give the same picture. */
export interface AccessGraph {
  readonly nodes: readonly AccessNode[];
  readonly edges: readonly AccessEdge[];
}

/** How each reference reads, and whether it is told from its other end: an administrator stands at the resource, not at the user. */
const RELATIONS: Readonly<Partial<Record<ReferenceType, { readonly relation: string; readonly turned?: true }>>> = {
  'admin-of': { relation: 'administers', turned: true },
  launches: { relation: 'opens sessions of', turned: true },
  autofills: { relation: 'logs in to', turned: true },
  reconcileCredential: { relation: 'can reset', turned: true },
  'belongs-to': { relation: 'lives on' },
  'iam-of': { relation: 'is managed by' },
  serves: { relation: 'runs services on' },
  'configured-by': { relation: 'is configured by' },
  via: { relation: 'is reached via' },
  records: { relation: 'hands its hooks' },
};

/** Of manifests or of records. */
export function buildAccess(resources: readonly Node[]): AccessGraph {
  const graph = connect(resources.filter((r) => kindOf(r.address) !== 'RotationPolicy'));
  const nodes = [...graph.nodes.values()].map(toNode).sort((a, b) => compareText(a.address, b.address));
  const edges = [...graph.references].flatMap(([address, references]) =>
    references.flatMap(({ type, to }): readonly AccessEdge[] => {
      const rule = RELATIONS[type];
      if (rule === undefined) return [];
      return [{ ...(rule.turned ? { from: to, to: address } : { from: address, to }), type, relation: rule.relation }];
    }),
  );
  // A hook may name the same record twice.
  const unique = new Map(edges.map((e) => [`${e.from} ${e.to} ${e.type}`, e]));
  return { nodes, edges: [...unique.values()].sort(compareEdges) };
}

/** What lies at most `depth` steps from any of the addresses, whatever way an edge points. */
export function neighbourhood(graph: AccessGraph, around: readonly Address[], depth: number): AccessGraph {
  const kept = new Set<Address>(around);
  for (let step = 0; step < depth; step++) {
    const before = new Set(kept);
    for (const { from, to } of graph.edges) {
      if (before.has(from)) kept.add(to);
      if (before.has(to)) kept.add(from);
    }
  }
  return restrict(graph, kept);
}

/** The nodes in the set and the edges between them. */
export function restrict(graph: AccessGraph, kept: ReadonlySet<Address>): AccessGraph {
  return {
    nodes: graph.nodes.filter((n) => kept.has(n.address)),
    edges: graph.edges.filter((e) => kept.has(e.from) && kept.has(e.to)),
  };
}

function toNode(node: Node): AccessNode {
  const folder = (node.fields['metadata'] as JsonObject | undefined)?.['folder'];
  return { address: node.address, detail: detailOf(node), ...(typeof folder === 'string' ? { folder } : {}) };
}

function detailOf(node: Node): string {
  const { login, url, type } = node.fields;
  const target = targetOf(node);
  if (target !== null) return target.port === 0 ? target.host : `${target.host}:${target.port}`;
  return String(login ?? url ?? type ?? '');
}

function compareEdges(a: AccessEdge, b: AccessEdge): number {
  return compareText(a.from, b.from) || compareText(a.to, b.to) || compareText(a.type, b.type);
}
