import { type Html, html } from './escape.ts';

interface Filters {
  /** Id of the table whose rows are narrowed. */
  readonly table: string;
  readonly label: string;
  readonly kinds: readonly { readonly value: string; readonly label: string }[];
  readonly kindLabel: string;
  /** The words at the box that keeps only rows with `data-danger`. */
  readonly danger?: string;
}

/** Hidden until the script shows it: without one it could do nothing. */
export function filters({ table, label, kinds, kindLabel, danger }: Filters): Html {
  return html`<form class="filters" role="search" aria-label="${label}" data-for="${table}" hidden>
<label>Text <input type="search" autocomplete="off" aria-controls="${table}" aria-keyshortcuts="/"></label>
<label>${kindLabel} <select aria-controls="${table}"><option value="">all</option>${kinds.map((k) => html`<option value="${k.value}">${k.label}</option>`)}</select></label>
${danger === undefined ? undefined : html`<label><input type="checkbox" aria-controls="${table}"> ${danger}</label>`}
<output aria-live="polite"></output>
</form>`;
}
