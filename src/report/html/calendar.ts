import type { Upcoming } from '../../plan/index.ts';
import { groupBy } from '../graph-text.ts';
import { type Html, html, type Piece } from './escape.ts';

const DAY_MS = 86_400_000;
const WEEKDAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];
/** The week of the report and the twelve after it. */
const WEEKS = 13;

/** One row a week, one cell a day (UTC) with the number of rotations; below it every day with its accounts. */
export function calendar(entries: readonly Upcoming[], asOf: string): Html {
  const byDay = groupBy(entries, (e) => e.at.slice(0, 10));
  const today = Date.parse(asOf.slice(0, 10));
  // Date counts Sunday as 0; weeks start on Monday (ISO 8601).
  const monday = today - ((new Date(today).getUTCDay() + 6) % 7) * DAY_MS;
  const weeks = Array.from({ length: WEEKS }, (_, w) => monday + w * 7 * DAY_MS);
  return html`<div class="scroll" role="region" aria-label="Calendar of rotations" tabindex="0"><table class="calendar"><caption>Rotations by day, in UTC, if each one runs at its time. The number leads to the accounts.</caption>
<thead><tr><th scope="col">Week of</th>${WEEKDAYS.map((d) => html`<th scope="col">${d}</th>`)}</tr></thead>
<tbody>${weeks.map(
    (start) => html`<tr><th scope="row">${dayOf(start)}</th>${WEEKDAYS.map((_, i) => cell(start + i * DAY_MS, today, byDay))}</tr>
`,
  )}</tbody></table></div>
<details open><summary>By day</summary>${[...byDay].map(([day, list]) => dayList(day, list))}</details>`;
}

function cell(ms: number, today: number, byDay: ReadonlyMap<string, readonly Upcoming[]>): Piece {
  const day = dayOf(ms);
  const count = byDay.get(day)?.length ?? 0;
  const word = count === 1 ? 'rotation' : 'rotations';
  return html`<td class="${ms < today ? 'past' : ms === today ? 'today' : 'ahead'}"><span class="day">${day.slice(8)}${ms === today ? ' today' : ''}</span>${
    count === 0 ? undefined : html`<a href="#day-${day}" aria-label="${count} ${word} on ${day}">${count}</a>`
  }</td>`;
}

function dayList(day: string, list: readonly Upcoming[]): Piece {
  return html`<h3 id="day-${day}" tabindex="-1">${day}</h3><ul class="columns">${list.map((e) => html`<li><span class="mono">${e.address}</span> ${e.state === 'due' ? 'due now' : `at ${e.at.slice(11, 16)}`}</li>`)}</ul>
`;
}

function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
