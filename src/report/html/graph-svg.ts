import type { AccessNode } from '../../graph/index.ts';
import { BOX, type Box, layOut } from '../graph-layout.ts';
import { byAddress, type GraphPicture, type Line, linesOf, marksOf } from '../graph-picture.ts';
import { Html, html, type Piece } from './escape.ts';

/** Characters that fit into a box at its font size; a whole name stands in the tooltip, and what is wider is cut off by the box. */
const FIT = 38;

export const SVG_STYLE = `
svg.graph { font: 12px system-ui, "DejaVu Sans", sans-serif; color-scheme: light dark; --ink: #1b1f24; --soft: #57606a; --box: #ffffff; --edge: #6e7781; --power: #0550ae; --hot: #a40e26; }
svg.graph text { fill: var(--ink); }
svg.graph .detail { fill: var(--soft); font-size: 11px; }
svg.graph .box > rect { fill: var(--box); stroke: var(--edge); }
svg.graph .marked > rect { stroke: var(--hot); stroke-width: 2.5; }
svg.graph .mark { fill: var(--hot); font-weight: 700; font-size: 11px; }
svg.graph .line { fill: none; stroke: var(--edge); stroke-dasharray: 3 3; }
svg.graph .line.power { stroke: var(--power); stroke-width: 2; stroke-dasharray: none; }
svg.graph .line.other { stroke: var(--ink); stroke-dasharray: 8 3; }
svg.graph .relation { font-size: 11px; text-anchor: middle; stroke: var(--box); stroke-width: 4px; paint-order: stroke; }
@media (prefers-color-scheme: dark) { svg.graph { --ink: #e6edf3; --soft: #9da7b3; --box: #161b22; --edge: #8b949e; --power: #79c0ff; --hot: #ff9492; } }
@media print { svg.graph { --ink: #000; --soft: #333; --box: #fff; --edge: #555; --power: #0550ae; --hot: #a40e26; } }
`;

/** As a file of its own, with its style inside. */
export function formatSvg(picture: GraphPicture, title: string): string {
  return `${drawGraph(picture, title, html`<style>${new Html(SVG_STYLE)}</style>`).text}\n`;
}

/** As a part of a page that has `SVG_STYLE` among its styles. */
export function drawGraph(picture: GraphPicture, title: string, style?: Html): Html {
  const { graph } = picture;
  const { boxes, width, height } = layOut(graph);
  const nodes = byAddress(graph);
  const marks = marksOf(picture);
  // Where boxes show it in words, a line to each configuration would only hide the others.
  const lines = linesOf(graph).filter((l) => l.types.some((t) => t !== 'configured-by'));
  const configuration = new Map(
    graph.edges.filter((e) => e.type === 'configured-by').map((e) => [e.from as string, e.to.slice(e.to.indexOf('/') + 1)]),
  );
  return html`<svg xmlns="http://www.w3.org/2000/svg" class="graph" role="img" aria-label="${title}" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"><title>${title}</title>${style}
${lines.map((line) => drawLine(line, boxes))}${[...boxes.values()].map((box) => drawBox(box, nodes.get(box.address), marks.get(box.address), configuration.get(box.address)))}</svg>`;
}

function drawBox({ address, x, y }: Box, node: AccessNode | undefined, mark: string | undefined, configuration: string | undefined): Piece {
  const slash = address.indexOf('/');
  const detail = [address.slice(0, slash), node?.detail, configuration === undefined ? '' : `in ${configuration}`].filter(
    (t) => t !== undefined && t !== '',
  );
  const right = BOX.width - 10;
  return html`<svg x="${x}" y="${y}" width="${BOX.width}" height="${BOX.height}" class="${mark === undefined ? 'box' : 'box marked'}"><title>${[address, ...detail.slice(1), mark].filter((t) => t !== undefined).join(', ')}</title><rect x="1.5" y="1.5" width="${BOX.width - 3}" height="${BOX.height - 3}" rx="6"/><text x="10" y="18">${shorten(address.slice(slash + 1), mark === undefined ? FIT : FIT - 14)}</text>${mark === undefined ? undefined : html`<text class="mark" x="${right}" y="18" text-anchor="end">${mark}</text>`}<text class="detail" x="10" y="35">${shorten(detail.join(' · '), FIT + 3)}</text></svg>
`;
}

function drawLine({ from, to, types, relations }: Line, boxes: ReadonlyMap<string, Box>): Piece {
  const [a, b] = [boxes.get(from), boxes.get(to)];
  if (a === undefined || b === undefined) return undefined;
  const said = relations.filter((r) => r !== 'lives on');
  const kind = types.includes('admin-of') ? 'line power' : said.length > 0 ? 'line other' : 'line';
  const { path, middle } = curve(a, b);
  const label = said.length === 0 ? undefined : html`<text class="relation" x="${middle.x}" y="${middle.y - 4}">${said.join(', ')}</text>`;
  return html`<g><title>${`${from} ${relations.join(', ')} ${to}`}</title><path class="${kind}" d="${path}"/>${label}</g>
`;
}

/** From side to side; between boxes of one column a bow to the right of it. */
function curve(a: Box, b: Box): { path: string; middle: { x: number; y: number } } {
  const [ya, yb] = [a.y + BOX.height / 2, b.y + BOX.height / 2];
  if (a.column === b.column) {
    const x = a.x + BOX.width;
    const bow = x + 50;
    return { path: `M${x} ${ya}C${bow} ${ya} ${bow} ${yb} ${x} ${yb}`, middle: { x: x + 38, y: (ya + yb) / 2 } };
  }
  const rightward = a.x < b.x;
  const xa = rightward ? a.x + BOX.width : a.x;
  const xb = rightward ? b.x : b.x + BOX.width;
  const bend = (xb - xa) / 2;
  return { path: `M${xa} ${ya}C${xa + bend} ${ya} ${xb - bend} ${yb} ${xb} ${yb}`, middle: { x: (xa + xb) / 2, y: (ya + yb) / 2 } };
}

function shorten(text: string, length: number): string {
  const characters = [...text];
  return characters.length <= length ? text : `${characters.slice(0, length - 1).join('')}…`;
}
