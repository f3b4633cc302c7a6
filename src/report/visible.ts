/**
 * Controls, and the marks that turn the direction of writing (https://www.unicode.org/reports/tr9/, "Trojan Source"): a name
 * must not be able to show itself as another one, or to reach the terminal as an escape sequence. Lone surrogates are no text.
 */
const INVISIBLE =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** The text with what cannot be seen written out, such as `<U+202E>`. */
export function visible(text: string): string {
  return text.replace(INVISIBLE, (c) => `<U+${c.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}>`);
}
