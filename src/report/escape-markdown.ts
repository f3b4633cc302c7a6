import { visible } from './visible.ts';

const ZERO_WIDTH_SPACE = '&#8203;';

/**
 * Text from manifests inside GitHub or GitLab Markdown: whatever could be markup becomes a character reference, which Markdown never
 * takes for markup. References to people and issues are looked for in the text that a reader sees, so they are taken apart there.
 */
export function escapeMarkdown(text: string): string {
  return flatten(text)
    .replace(/[^\p{L}\p{N}\p{M} ,;()=/'.-]/gu, (c) => (/^[\p{S}\p{P}]$/u.test(c) ? reference(c) : c))
    .replace(/&#64;|&#(?:35|33|126|37|36|38);(?=[\p{L}\p{N}]|&#34;)/gu, `$&${ZERO_WIDTH_SPACE}`)
    .replace(/www\./gi, (www) => `${www.slice(0, 3)}&#46;`)
    .replace(/&#58;(?= )/g, ':')
    .replace(/--/g, '&#45;&#45;');
}

/** A value in typewriter letters, at most `max` characters of it. HTML, since a backtick inside cannot end it. */
export function codeSpan(text: string, max = 200): string {
  return `<code>${escapeMarkdown(shorten(text, max))}</code>`;
}

/** Inside a fence nothing is markup but the fence itself, and each line has a sign before it; a mention is taken apart all the same. */
export function escapeFenced(text: string, max = 200): string {
  return shorten(flatten(text), max).replaceAll('@', '@\u200b');
}

export function shorten(text: string, max: number): string {
  const points = [...text];
  return points.length <= max ? text : `${points.slice(0, max - 1).join('')}…`;
}

/** On one line. */
function flatten(text: string): string {
  return visible(text.replaceAll(/\r?\n/g, ' '));
}

function reference(c: string): string {
  return `&#${codeOf(c)};`;
}

function codeOf(c: string): number {
  return c.codePointAt(0) ?? 0;
}
