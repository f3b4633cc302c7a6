import { byAddress, type GraphPicture, homesOf, type Line, linesOf, marksOf } from './graph-picture.ts';
import { groupBy } from './graph-text.ts';
import { visible } from './visible.ts';

/** Mermaid's flowchart (https://mermaid.js.org/syntax/flowchart.html), which GitHub and GitLab draw in Markdown. */
export function formatMermaid(picture: GraphPicture): string {
  const { clusters, single, ids, label, lines } = diagramOf(picture);
  const box = (address: string) => `${ids.get(address)}["${label(address).map(quoteMermaid).join('<br/>')}"]`;
  const arrow = ({ from, to, relations, types }: Line) =>
    `  ${ids.get(from)} ${types.includes('admin-of') ? '==>' : '-->'}|"${quoteMermaid(relations.join(', '))}"| ${ids.get(to)}`;
  return [
    'flowchart LR',
    ...clusters.flatMap(([home, members], i) => [
      `  subgraph c${i}["${quoteMermaid(home)}"]`,
      ...members.map((m) => `    ${box(m)}`),
      '  end',
    ]),
    ...single.map((address) => `  ${box(address)}`),
    ...lines.map(arrow),
  ].join('\n');
}

/** Graphviz (https://graphviz.org/doc/info/lang.html): `pam graph --format dot | dot -Tpdf`. */
export function formatDot(picture: GraphPicture): string {
  const { clusters, single, ids, label, lines } = diagramOf(picture);
  const box = (address: string) => `${ids.get(address)} [label="${label(address).map(quoteDot).join('\\n')}"];`;
  const arrow = ({ from, to, relations, types }: Line) =>
    `  ${ids.get(from)} -> ${ids.get(to)} [label="${quoteDot(relations.join(', '))}"${types.includes('admin-of') ? ', style=bold' : ''}];`;
  return [
    'digraph pam {',
    '  rankdir=LR;',
    '  node [shape=box, fontname="sans-serif"];',
    '  edge [fontname="sans-serif", fontsize=10];',
    ...clusters.flatMap(([home, members], i) => [
      `  subgraph cluster_${i} {`,
      `    label="${quoteDot(home)}";`,
      ...members.map((m) => `    ${box(m)}`),
      '  }',
    ]),
    ...single.map((address) => `  ${box(address)}`),
    ...lines.map(arrow),
    '}',
  ].join('\n');
}

/** A configuration is drawn as the frame around its resources, unless something else than that leads to it. */
function diagramOf(picture: GraphPicture) {
  const { graph } = picture;
  const nodes = byAddress(graph);
  const marks = marksOf(picture);
  const homes = homesOf(graph);
  const framed = new Set(
    graph.nodes
      .map((n) => n.address as string)
      .filter(
        (a) => a.startsWith('PamConfiguration/') && graph.edges.every((e) => e.from !== a && (e.to !== a || e.type === 'configured-by')),
      ),
  );
  const drawn = graph.nodes.map((n) => n.address as string).filter((a) => !framed.has(a));
  const frameOf = (address: string) => {
    const home = homes.get(address);
    return home !== undefined && framed.has(home) ? home : '';
  };
  const groups = groupBy(drawn, frameOf);
  return {
    clusters: [...groups].filter(([home]) => home !== ''),
    single: groups.get('') ?? [],
    /** Ids of our own: nothing that a manifest says stands outside quotes. */
    ids: new Map(drawn.map((address, i) => [address, `n${i}`])),
    label: (address: string) => {
      const mark = marks.get(address);
      return [address, nodes.get(address)?.detail ?? '', mark === undefined ? '' : `(${mark})`].filter((l) => l !== '');
    },
    lines: linesOf(graph).filter((l) => !framed.has(l.to)),
  };
}

/** All but plain letters, digits and a few signs as the numeric entities of Mermaid, so that nothing is markup there. */
function quoteMermaid(text: string): string {
  return visible(text).replace(/[^\p{L}\p{N} ./:@,()_-]/gu, (c) => `#${c.codePointAt(0)};`);
}

function quoteDot(text: string): string {
  return visible(text).replaceAll('\\', '\\\\').replaceAll('"', '\\"');
}
