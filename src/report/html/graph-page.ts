import type { GraphPicture } from '../graph-picture.ts';
import { summarizeRadius } from '../graph-picture.ts';
import { summarizeGraph } from '../graph-text.ts';
import { type Html, html, type Piece } from './escape.ts';
import { drawGraph } from './graph-svg.ts';
import { formatPage } from './page.ts';
import { filters } from './table.ts';

/** The picture, and the same as a table, which is also how a screen reader has it. */
export function formatGraphPage(picture: GraphPicture, title: string, data: unknown): string {
  const { graph, radius } = picture;
  return formatPage({
    title,
    lead: html`<p>${radius === undefined ? summarizeGraph(graph) : summarizeRadius(radius)}</p>`,
    sections: [
      ...(radius === undefined ? [] : [{ id: 'steps', title: 'What it opens, step by step', body: hopTable(picture) }]),
      { id: 'picture', title: 'Picture', body: graphFigure(picture, title) },
      { id: 'lines', title: 'Who has power over what', body: edgeTable(picture) },
    ],
    data,
  });
}

/** The picture in a frame that scrolls, also by keyboard, and what its lines mean. */
export function graphFigure(picture: GraphPicture, title: string): Piece {
  if (picture.graph.nodes.length === 0) return html`<p>Nothing is declared.</p>`;
  return html`<p class="soft">Thick line: administers. Short dashes: lives on. Long dashes: as the words on it say.</p>
<div class="scroll tall" role="region" aria-label="Picture: ${title}" tabindex="0">${drawGraph(picture, title)}</div>`;
}

function edgeTable({ graph }: GraphPicture): Html {
  const relations = [...new Set(graph.edges.map((e) => e.relation))].sort();
  const kinds = relations.map((r) => ({ value: r.replaceAll(' ', '-'), label: r }));
  return html`${filters({ table: 'edges', label: 'Filter lines', kinds, kindLabel: 'Relation' })}
<div class="scroll"><table id="edges"><caption>Every line of the picture.</caption>
<thead><tr><th scope="col">From</th><th scope="col">Relation</th><th scope="col">To</th></tr></thead>
<tbody>${graph.edges.map(
    (
      e,
    ) => html`<tr data-kind="${e.relation.replaceAll(' ', '-')}"><th scope="row" class="mono">${e.from}</th><td>${e.relation}</td><td class="mono">${e.to}</td></tr>
`,
  )}</tbody></table></div>`;
}

function hopTable({ radius }: GraphPicture): Piece {
  if (radius === undefined || radius.hops.length === 0) return html`<p>Nothing else that is declared.</p>`;
  const kinds = ['administered', 'held', 'entered'].map((value) => ({ value, label: value }));
  return html`<p><strong>Held</strong>: its credential, or the power to set it. <strong>Administered</strong>: all power over it. <strong>Entered</strong>: a login or a session, which by itself leads no further.</p>
${filters({ table: 'hops', label: 'Filter steps', kinds, kindLabel: 'How far' })}
<div class="scroll"><table id="hops"><caption>Nearest first, each by its shortest way.</caption>
<thead><tr><th scope="col">Opened</th><th scope="col">How far</th><th scope="col" class="number">Step</th><th scope="col">From</th><th scope="col">Because</th></tr></thead>
<tbody>${radius.hops.map(
    (
      h,
    ) => html`<tr data-kind="${h.level}"><th scope="row" class="mono">${h.address}</th><td>${h.level}</td><td class="number">${h.step}</td><td class="mono">${h.from}</td><td>${h.reason}</td></tr>
`,
  )}</tbody></table></div>`;
}
