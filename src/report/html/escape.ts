import { visible } from '../visible.ts';

/** Markup that was put together here. A class of its own, so that a text can never be taken for it. */
export class Html {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

export type Piece = Html | string | number | undefined | readonly Piece[];

/**
 * Markup with values put in: strings are escaped for text and for quoted attributes alike (WHATWG HTML, 13.3), lists are joined,
 * `undefined` is nothing. Write every attribute in double quotes, and put no value into a script, a style or an attribute of an event.
 */
export function html(parts: TemplateStringsArray, ...values: readonly Piece[]): Html {
  return new Html(parts.reduce((text, part, i) => text + render(values[i - 1]) + part));
}

/** The same text in SVG and XML, where fewer named entities are known: these five are common to all. */
export function escapeMarkup(text: string): string {
  return visible(text).replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}

/** JSON for a `<script type="application/json">`: nothing in it can end the script or start a comment, and it is JSON all the same. */
export function jsonScript(id: string, value: unknown): Html {
  const json = JSON.stringify(value).replace(/[<>&\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return html`<script type="application/json" id="${id}">${new Html(json)}</script>`;
}

function render(piece: Piece): string {
  if (piece === undefined) return '';
  if (piece instanceof Html) return piece.text;
  if (typeof piece === 'object') return piece.map(render).join('');
  return escapeMarkup(String(piece));
}
