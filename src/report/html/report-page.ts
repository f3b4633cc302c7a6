import type { AccountSurvey, Coverage, LastRun, StateReport } from '../../plan/index.ts';
import { calendar } from './calendar.ts';
import { type Html, html, type Piece } from './escape.ts';
import { formatPage } from './page.ts';
import { filters } from './table.ts';

/** The state of all credentials on one page: what is wrong first. */
export function formatReportPage(report: StateReport): string {
  const { owner, asOf } = report;
  return formatPage({
    title: `Credentials of ${owner.project}/${owner.environment}`,
    lead: html`<p class="soft">As of <time datetime="${asOf}">${asOf}</time>, vault ${report.lineage}, serial ${report.serial}.</p>${tiles(report)}`,
    sections: [
      { id: 'trouble', title: 'Failures and quarantines', body: troubleTable(report.accounts) },
      { id: 'accounts', title: 'Accounts', body: accountTable(report.accounts) },
      { id: 'calendar', title: 'Rotation calendar', body: calendar(report.calendar, asOf) },
      {
        id: 'coverage',
        title: 'Coverage',
        body: html`<h3>By resource</h3>${coverageTable(report.byResource, 'Resource')}<h3>By folder</h3>${coverageTable(report.byFolder, 'Folder')}`,
      },
      { id: 'runs', title: 'Last runs', body: runTable(report.runs) },
    ],
    data: report,
  });
}

function tiles({ total, accounts, unmanaged }: StateReport): Html {
  const ages = accounts.map((a) => a.ageDays).filter((d) => d !== null);
  const list: readonly (readonly [string, string | number, boolean?])[] = [
    ['accounts', total.accounts],
    ['with rotation', total.rotated],
    ['proved', total.proved],
    ['unproved or refused', total.unproved, total.unproved > 0],
    ['overdue', total.overdue, total.overdue > 0],
    ['in trouble', total.troubled, total.troubled > 0],
    ['released', unmanaged.length],
    ['oldest secret', ages.length === 0 ? 'none' : days(Math.max(...ages))],
  ];
  return html`<dl class="tiles">${list.map(([name, value, bad]) => html`<div class="${bad === true ? 'bad' : 'plain'}"><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
}

function troubleTable(accounts: readonly AccountSurvey[]): Html {
  const rows = accounts.flatMap((a) => a.trouble.map((t) => ({ ...t, address: a.address })));
  if (rows.length === 0) return html`<p>None.</p>`;
  return html`<div class="scroll"><table><caption>What a person has to look at. <code>pam recover ADDRESS --explain</code> tells more.</caption>
<thead><tr><th scope="col">Account</th><th scope="col">What</th><th scope="col">Since</th><th scope="col">Why</th></tr></thead>
<tbody>${rows.map(
    (
      r,
    ) => html`<tr><th scope="row" class="mono">${r.address}</th><td><span class="badge bad">${r.kind}</span></td><td>${minute(r.since)}</td><td>${r.message}</td></tr>
`,
  )}</tbody></table></div>`;
}

function accountTable(accounts: readonly AccountSurvey[]): Html {
  if (accounts.length === 0) return html`<p>There are none.</p>`;
  const kinds = [...new Set(accounts.flatMap(kindsOf))].sort().map((value) => ({ value: value.replaceAll(' ', '-'), label: value }));
  return html`${filters({ table: 'list', label: 'Filter accounts', kinds, kindLabel: 'State', danger: 'only what needs a look' })}
<div class="scroll"><table id="list"><caption>The age counts from when the secret was stored here; one that was given (input) may be older. Needs a look: overdue, unproved, refused, missing or in trouble.</caption>
<thead><tr><th scope="col">Account</th><th scope="col">Lives on</th><th scope="col">Secret</th><th scope="col" class="number">Age</th><th scope="col">Proof</th><th scope="col">Rotation</th><th scope="col">Next</th></tr></thead>
<tbody>${accounts.map(accountRow)}</tbody></table></div>`;
}

function accountRow(a: AccountSurvey): Piece {
  const needsLook =
    a.overdue ||
    a.trouble.length > 0 ||
    a.secret === 'unproved' ||
    a.secret === 'refused' ||
    (a.secret === 'missing' && a.status === 'managed');
  const proof =
    a.proof === null
      ? (a.unprovedBecause ?? '')
      : `${a.proof.method}${a.proof.node === undefined ? '' : ` on ${a.proof.node}`}, ${minute(a.proof.at)}`;
  const color = { proved: 'good', kept: 'plain', unproved: 'warn', refused: 'bad', missing: 'warn' }[a.secret];
  return html`<tr data-kind="${kindsOf(a)
    .map((k) => k.replaceAll(' ', '-'))
    .join(
      ' ',
    )}" data-danger="${needsLook ? 'yes' : 'no'}"><th scope="row" class="mono">${a.address}<br><span class="soft">${a.login}</span></th><td><span class="mono">${a.resource ?? 'nothing'}</span>${a.folder === '' ? undefined : html`<br><span class="soft">${a.folder}</span>`}</td><td><span class="badge ${color}">${a.secret}</span>${a.secret === 'missing' ? undefined : html` ${a.field}`}${a.status === 'managed' ? undefined : html` <span class="badge">${a.status}</span>`}${a.trouble.map((t) => html` <span class="badge bad">${t.kind}</span>`)}</td><td class="number">${a.ageDays === null ? '' : `${a.origin === 'input' ? '≥ ' : ''}${days(a.ageDays)}`}</td><td>${proof}</td><td>${a.schedule ?? a.rotation}</td><td>${a.overdue ? html`<span class="badge bad">overdue</span> since ${minute(a.dueSince ?? '')}` : a.due ? html`<span class="badge warn">due</span>` : a.nextAt === null ? '' : minute(a.nextAt)}</td></tr>
`;
}

/** The states that the filter knows. */
function kindsOf(a: AccountSurvey): readonly string[] {
  const rotation = a.rotation === 'none' ? 'no rotation' : a.rotation;
  return [
    a.secret,
    rotation,
    ...(a.overdue ? ['overdue'] : []),
    ...(a.status === 'managed' ? [] : [a.status]),
    ...a.trouble.map((t) => t.kind),
  ];
}

function coverageTable(groups: readonly Coverage[], name: string): Html {
  const share = (part: number, { accounts, group }: Coverage, what: string) =>
    html`<td><progress max="${accounts}" value="${part}" aria-label="${what}, ${group === '' ? 'none' : group}"></progress> ${part} of ${accounts}</td>`;
  return html`<div class="scroll"><table><caption>Accounts by ${name.toLowerCase()}.</caption>
<thead><tr><th scope="col">${name}</th><th scope="col" class="number">Accounts</th><th scope="col">With rotation</th><th scope="col">Proved</th><th scope="col" class="number">Unproved</th><th scope="col" class="number">Overdue</th><th scope="col" class="number">In trouble</th></tr></thead>
<tbody>${groups.map(
    (
      g,
    ) => html`<tr><th scope="row" class="mono">${g.group === '' ? '(none)' : g.group}</th><td class="number">${g.accounts}</td>${share(g.rotated, g, 'with rotation')}${share(g.proved, g, 'proved')}<td class="number">${g.unproved}</td><td class="number">${g.overdue}</td><td class="number">${g.troubled}</td></tr>
`,
  )}</tbody></table></div>`;
}

function runTable(runs: readonly LastRun[]): Html {
  if (runs.length === 0) return html`<p>None yet.</p>`;
  return html`<div class="scroll"><table><caption>Newest first. <code>pam history RUN</code> shows the ledger of one.</caption>
<thead><tr><th scope="col">Run</th><th scope="col">Started</th><th scope="col">Command</th><th scope="col">Ended</th><th scope="col" class="number">Rows</th><th scope="col">Failed</th><th scope="col">By</th></tr></thead>
<tbody>${runs.map(
    (
      r,
    ) => html`<tr><th scope="row" class="mono">${r.id.slice(0, 8)}</th><td>${minute(r.startedAt)}</td><td>${r.command}</td><td>${r.exit === null ? html`<span class="badge warn">unfinished</span>` : r.exit === 0 ? 'exit 0' : html`<span class="badge bad">exit ${r.exit}</span>`}</td><td class="number">${r.rows}</td><td><ul>${r.failed.map(failedRow)}</ul></td><td>${r.by}</td></tr>
`,
  )}</tbody></table></div>`;
}

function failedRow({ id, outcome, code, detail }: LastRun['failed'][number]): Piece {
  return html`<li><span class="badge bad">${outcome}</span> ${id}${code === undefined ? '' : `, ${code}`}${detail === undefined ? '' : `: ${detail}`}</li>`;
}

function days(n: number): string {
  return n === 1 ? '1 day' : `${n} days`;
}

/** `2027-01-15 12:00` of an instant: UTC, as everywhere on the page. */
function minute(instant: string): string {
  return instant.slice(0, 16).replace('T', ' ');
}
