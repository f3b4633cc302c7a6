import { type Address, compareText, kindOf, nameOf } from '../model/index.ts';
import { type Graph, push } from './graph.ts';
import type { Node, ReferenceType } from './references.ts';

/**
 * What a thief has of something, strongest first: `held`, a credential of an account, or the power to set it; `administered`, all
 * power over a resource; `entered`, a login or a session there, which by itself leads no further.
 */
export type AccessLevel = 'held' | 'administered' | 'entered';

/** One step of the theft, with its reason. */
export interface Hop {
  readonly address: Address;
  readonly level: AccessLevel;
  /** Where the step starts. */
  readonly from: Address;
  /** How many steps it takes from the origin. */
  readonly step: number;
  readonly reason: string;
}

/** Everything that one stolen credential opens, nearest first. A tree: each hop starts at the origin or at an earlier hop. */
export interface BlastRadius {
  readonly origin: Address;
  readonly hops: readonly Hop[];
}

type Reached = Omit<Hop, 'from' | 'step'>;

/**
 * Breadth first, so that each thing is reached by its shortest way. Follows what is declared and nothing else: that two resources
 * share a host, or two accounts a password, no manifest says.
 */
export function blastRadius(graph: Graph, origin: Address): BlastRadius {
  const next = opens(graph);
  const power = new Map<Address, Hop>();
  const entered = new Map<Address, Hop>();
  let frontier: readonly Address[] = [origin];
  for (let step = 1; frontier.length > 0; step++) {
    const found: Address[] = [];
    for (const from of frontier) {
      for (const reached of next(from)) {
        if (reached.address === origin || power.has(reached.address)) continue;
        const hop: Hop = { ...reached, from, step };
        if (reached.level === 'entered') {
          if (!entered.has(reached.address)) entered.set(reached.address, hop);
          continue;
        }
        power.set(reached.address, hop);
        found.push(reached.address);
      }
    }
    frontier = found.sort(compareText);
  }
  const weaker = [...entered.values()].filter((hop) => !power.has(hop.address));
  const hops = [...power.values(), ...weaker].sort((a, b) => a.step - b.step || compareText(a.address, b.address));
  return { origin, hops };
}

/** For an account whose credential is held, or a resource that is administered: what that opens at once. */
function opens(graph: Graph): (from: Address) => readonly Reached[] {
  const incoming = new Map<Address, { readonly type: ReferenceType; readonly node: Node }[]>();
  for (const [address, references] of graph.references) {
    const node = graph.nodes.get(address);
    if (node !== undefined) for (const { type, to } of references) push(incoming, to, { type, node });
  }
  return (from) => {
    const name = nameOf(from);
    const inward = (incoming.get(from) ?? []).flatMap(({ type, node }) => {
      const reached = kindOf(from) === 'PamUser' ? byCredential(type, name) : byPower(graph, from, type, node);
      return reached === undefined ? [] : [{ address: node.address, ...reached }];
    });
    const outward = (graph.references.get(from) ?? []).flatMap(({ type, to }) => {
      const reason = kindOf(from) === 'PamUser' ? ENTRANCES[type] : undefined;
      return reason === undefined ? [] : [{ address: to, level: 'entered' as const, reason: `${name} ${reason}` }];
    });
    return [...inward, ...outward].sort((a, b) => compareText(a.address, b.address) || compareText(a.level, b.level));
  };
}

/** What refers to an account says what its credential is good for. */
function byCredential(type: ReferenceType, name: string): Omit<Reached, 'address'> | undefined {
  switch (type) {
    case 'admin-of':
      return { level: 'administered', reason: `${name} is its administrator` };
    case 'reconcileCredential':
      return { level: 'held', reason: `${name} is its reconcile credential and can reset it` };
    case 'launches':
      return { level: 'entered', reason: `its sessions are opened with ${name}` };
    case 'autofills':
      return { level: 'entered', reason: `its login form is filled with ${name}` };
    default:
      return undefined;
  }
}

/** What lives on, is managed by or runs on something that is administered. */
function byPower(graph: Graph, from: Address, type: ReferenceType, node: Node): Omit<Reached, 'address'> | undefined {
  switch (type) {
    case 'belongs-to':
      return { level: 'held', reason: `an administrator of ${nameOf(from)} can set its credential` };
    case 'iam-of':
      return { level: 'held', reason: `${nameOf(from)} manages it and can set its credential` };
    case 'serves':
      return { level: 'held', reason: `services on ${nameOf(from)} run with its credential, where an administrator can read it` };
    case 'configured-by':
      if (graph.nodes.get(from)?.fields['type'] !== 'domain' || node.fields['domainJoined'] !== true) return undefined;
      return { level: 'administered', reason: `it is joined to the domain of ${nameOf(from)}` };
    default:
      return undefined;
  }
}

/** Where an account can log in by what it refers to itself. */
const ENTRANCES: Readonly<Partial<Record<ReferenceType, string>>> = {
  'belongs-to': 'has an account there',
  'iam-of': 'is an identity there',
  serves: 'runs services there',
};
