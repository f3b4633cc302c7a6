import type { AccessGraph, BlastRadius, Hop } from '../graph/index.ts';
import { byAddress, type GraphPicture, homesOf, summarizeRadius } from './graph-picture.ts';
import type { Paint } from './paint.ts';
import { visible } from './visible.ts';

/** An indented tree: configurations, their resources, the accounts on them; or the steps of a theft. */
export function formatGraph({ graph, radius }: GraphPicture, paint: Paint): string {
  if (radius !== undefined) return formatRadius(radius, paint);
  if (graph.nodes.length === 0) return 'Nothing is declared.';
  const homes = homesOf(graph);
  const nodes = byAddress(graph);
  const children = groupBy([...homes], ([, home]) => home);
  const lines = groupBy(
    graph.edges.filter((e) => homes.get(e.from) !== e.to || (e.type !== 'belongs-to' && e.type !== 'iam-of' && e.type !== 'configured-by')),
    (e) => e.from,
  );
  const tree = (address: string): Branch => {
    const others = (lines.get(address) ?? []).map((e) => ({ ...e, here: homes.get(address) === e.to }));
    const here = others.filter((o) => o.here).map((o) => `${o.relation} it`);
    const detail = visible(nodes.get(address)?.detail ?? '');
    return {
      text: [paint.bold(address), paint.dim(detail), here.length === 0 ? '' : paint.yellow(here.join(', '))]
        .filter((t) => t !== '')
        .join('  '),
      branches: [
        ...others.filter((o) => !o.here).map((o) => ({ text: `${paint.yellow(o.relation)} ${o.to}`, branches: [] })),
        ...(children.get(address) ?? []).map(([child]) => tree(child)),
      ],
    };
  };
  const roots = graph.nodes.filter((n) => !homes.has(n.address)).map((n) => tree(n.address));
  return [...roots.flatMap((root) => [root.text, ...draw(root.branches)]), '', summarizeGraph(graph)].join('\n');
}

function formatRadius(radius: BlastRadius, paint: Paint): string {
  const children = groupBy(radius.hops, (h) => h.from);
  const color = { held: paint.red, administered: paint.magenta, entered: paint.yellow };
  const tree = (hop: Hop): Branch => ({
    text: `${paint.bold(hop.address)}  ${color[hop.level](hop.level)}: ${hop.reason}`,
    branches: (children.get(hop.address) ?? []).map(tree),
  });
  const stolen = radius.origin.startsWith('PamUser/') ? 'stolen' : 'taken over';
  return [
    `${paint.bold(radius.origin)}, ${stolen}, opens:`,
    ...draw((children.get(radius.origin) ?? []).map(tree)),
    '',
    `Blast radius: ${summarizeRadius(radius)}`,
  ].join('\n');
}

export function summarizeGraph(graph: AccessGraph): string {
  const accounts = graph.nodes.filter((n) => n.address.startsWith('PamUser/')).length;
  const admins = new Set(graph.edges.filter((e) => e.type === 'admin-of').map((e) => e.from)).size;
  return `${accounts} accounts, ${graph.nodes.length - accounts} resources and configurations, ${admins} administrators.`;
}

interface Branch {
  readonly text: string;
  readonly branches: readonly Branch[];
}

function draw(branches: readonly Branch[], indent = ''): readonly string[] {
  return branches.flatMap(({ text, branches: inner }, i) => {
    const last = i === branches.length - 1;
    return [`${indent}${last ? '└─' : '├─'} ${text}`, ...draw(inner, `${indent}${last ? '   ' : '│  '}`)];
  });
}

export function groupBy<T>(values: readonly T[], keyOf: (value: T) => string): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const value of values) {
    const key = keyOf(value);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [value]);
    else group.push(value);
  }
  return groups;
}
