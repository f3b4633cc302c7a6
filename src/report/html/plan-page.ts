import type { AccessGraph } from '../../graph/index.ts';
import type { Change, Plan, PolicyFinding, Risk } from '../../model/index.ts';
import type { Upcoming } from '../../plan/index.ts';
import { applyCommand } from '../apply-command.ts';
import { groupBy } from '../graph-text.ts';
import { describe, details, formatSummary, SYMBOLS } from '../text-plan.ts';
import { calendar } from './calendar.ts';
import { type Html, html, type Piece } from './escape.ts';
import { graphFigure } from './graph-page.ts';
import { formatPage, type Section } from './page.ts';
import { filters } from './table.ts';

/** What the page shows beside the plan itself. */
export interface PlanContext {
  readonly calendar: readonly Upcoming[];
  /** Around what the plan touches. */
  readonly graph: AccessGraph;
}

/** Rows that take something away, or that nobody asked for in so many words. */
const DANGEROUS: readonly Change['kind'][] = ['delete', 'release', 'retire', 'unlink', 'relink', 'recover'];
/** Risks that nearly every rotation has: the list names them, the filter would keep every row for them. */
const USUAL: readonly Risk['code'][] = ['no-rollback', 'unlisted-consumers'];

/** One page for whoever approves: risks first, then the rows, then what surrounds them. */
export function formatPlanPage(plan: Plan, context: PlanContext): string {
  const { owner, asOf, changes } = plan;
  const touched = new Map(changes.map((c) => [c.address as string, 'changes']));
  const sections: readonly (Section | undefined)[] = [
    { id: 'risks', title: 'Risks', body: riskList(plan) },
    plan.findings.length === 0
      ? undefined
      : { id: 'policies', title: 'Policies', body: html`<ul class="risks">${plan.findings.map(findingItem)}</ul>` },
    { id: 'changes', title: 'Changes', body: changeTable(plan) },
    { id: 'apply', title: 'How to apply', body: howToApply(plan) },
    plan.unmanaged.length === 0 ? undefined : { id: 'unmanaged', title: 'Released, no longer managed', body: unmanagedList(plan) },
    { id: 'calendar', title: 'Rotation calendar', body: calendar(context.calendar, asOf) },
    { id: 'graph', title: 'What the changes touch', body: graphFigure({ graph: context.graph, marks: touched }, 'what the changes touch') },
  ];
  return formatPage({
    title: `Plan of ${owner.project}/${owner.environment}`,
    lead: html`<p><strong>${formatSummary(plan.summary)}</strong></p><p class="soft">As of <time datetime="${asOf}">${asOf}</time>.</p>`,
    sections: sections.filter((s) => s !== undefined),
    data: plan,
  });
}

function riskList({ risks, summary }: Plan): Html {
  const blocked =
    summary.blocked === 0
      ? undefined
      : html`<p><span class="badge bad">blocked</span> ${summary.blocked} ${summary.blocked === 1 ? 'row' : 'rows'} cannot be carried out; the table below says why.</p>`;
  if (risks.length === 0) return html`${blocked}<p>None.</p>`;
  // Sixty rotations have one risk sixty times: told once, with its accounts.
  const groups = [...groupBy(risks, (r) => `${r.code} ${r.message}`).values()];
  return html`${blocked}<ul class="risks">${groups.map(riskItem)}</ul>`;
}

function riskItem(risks: readonly Risk[]): Piece {
  const [first] = risks;
  if (first === undefined) return undefined;
  const badge = html`<span class="badge warn">${first.code}</span>`;
  if (risks.length === 1)
    return html`<li><strong class="mono">${first.address}</strong>: ${first.message} ${badge}</li>
`;
  return html`<li>${first.message} ${badge}<details><summary>${risks.length} objects</summary><ul class="columns">${risks.map((r) => html`<li class="mono">${r.address}</li>`)}</ul></details></li>
`;
}

function findingItem({ severity, address, message, rule, hint }: PolicyFinding): Piece {
  const badge = severity === 'error' ? html`<span class="badge bad">stops apply</span>` : html`<span class="badge warn">warning</span>`;
  return html`<li>${badge} <strong class="mono">${address}</strong> ${message} <span class="mono">(${rule})</span>${hint === undefined ? undefined : html`<br>${hint}`}</li>
`;
}

function changeTable({ changes, risks }: Plan): Html {
  if (changes.length === 0) return html`<p>No changes.</p>`;
  const kinds = [...new Set(changes.map((c) => c.kind))].map((value) => ({ value, label: value }));
  return html`${filters({ table: 'rows', label: 'Filter changes', kinds, kindLabel: 'Kind', danger: 'only dangerous' })}
<div class="scroll"><table id="rows"><caption>In the order of work. Dangerous: blocked, taking something away, or with a risk other than ${USUAL.join(' and ')}.</caption>
<thead><tr><th scope="col">Object</th><th scope="col">Change</th><th scope="col">Details</th></tr></thead>
<tbody>${changes.map((c) =>
    changeRow(
      c,
      risks.filter((r) => r.address === c.address),
    ),
  )}</tbody></table></div>`;
}

function changeRow(change: Change, risks: readonly Risk[]): Piece {
  const { blocked, source, kind } = change;
  const unusual = risks.filter((r) => !USUAL.includes(r.code));
  const dangerous = blocked !== undefined || unusual.length > 0 || DANGEROUS.includes(kind);
  return html`<tr data-kind="${kind}" data-danger="${dangerous ? 'yes' : 'no'}"><th scope="row" class="mono">${change.address}${
    source === undefined ? undefined : html`<br><span class="soft">${source.file}:${source.line}</span>`
  }</th><td><span aria-hidden="true">${SYMBOLS[kind]}</span> ${describe(change)}${dangerous ? html` <span class="badge warn">dangerous</span>` : undefined}</td><td>${
    blocked === undefined
      ? undefined
      : html`<p><span class="badge bad">blocked</span> <span class="mono">${blocked.code}</span> ${blocked.reason}</p>`
  }${fieldList(change)}</td></tr>
`;
}

function fieldList(change: Change): Piece {
  const lines = details(change);
  return lines.length === 0
    ? undefined
    : html`<pre>${lines.map((line, i) => html`${line.trim()}${i === lines.length - 1 ? '' : LINE}`)}</pre>`;
}

/** Written as markup: `html` shows a line feed of a value for what it is. */
const LINE = html`
`;

function howToApply(plan: Plan): Html {
  if (plan.changes.length === 0) return html`<p>There is nothing to apply.</p><p>Digest: <code>${plan.digest}</code></p>`;
  return html`<p>Approve what stands here and nothing else:</p><pre>${applyCommand(plan)}</pre>
<p class="soft">The digest covers the declared rows and what each starts from. Time, comments and rotations that merely fall due do not change it.${expiresAt(plan)}</p>`;
}

function expiresAt(plan: Plan): string {
  return plan.expiresAt === undefined ? '' : ` It may be applied until ${plan.expiresAt}.`;
}

function unmanagedList({ unmanaged }: Plan): Html {
  return html`<ul>${unmanaged.map((u) => html`<li><span class="mono">${u.address}</span> since ${u.releasedAt}</li>`)}</ul>`;
}
