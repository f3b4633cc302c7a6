import { createHash } from 'node:crypto';
import { Html, html, jsonScript, type Piece } from './escape.ts';
import { SVG_STYLE } from './graph-svg.ts';
import { SCRIPT } from './script.ts';
import { STYLE } from './style.ts';

export interface Section {
  readonly id: string;
  readonly title: string;
  readonly body: Piece;
}

export interface Page {
  readonly title: string;
  /** Below the title: what the page is about, and as of when. */
  readonly lead: Piece;
  readonly sections: readonly Section[];
  /** What the page was made from, for programs: `document.getElementById('data')`. */
  readonly data: unknown;
}

/**
 * One file with everything in it. The policy allows the one style and the one script that stand in it, by their hash, and nothing
 * else: no request leaves the page, and markup that came in with a name could not run. Without the script the filters are absent.
 */
export function formatPage({ title, lead, sections, data }: Page): string {
  const style = STYLE + SVG_STYLE;
  const policy = `default-src 'none'; style-src ${hashOf(style)}; script-src ${hashOf(SCRIPT)}; base-uri 'none'; form-action 'none'`;
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${new Html(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${title}</title>
<style>${new Html(style)}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
<header>
<h1>${title}</h1>
${lead}
<nav aria-label="Sections"><ul>${sections.map((s) => html`<li><a href="#${s.id}">${s.title}</a></li>`)}</ul></nav>
</header>
<main id="main" tabindex="-1">
${sections.map(
  (s) => html`<section aria-labelledby="${s.id}"><h2 id="${s.id}" tabindex="-1">${s.title}</h2>
${s.body}
</section>
`,
)}</main>
<footer><p>Made by pam from manifests and metadata. It holds no secret and loads nothing.</p></footer>
${jsonScript('data', data)}
<script>${new Html(SCRIPT)}</script>
</body>
</html>
`;
  return page.text;
}

function hashOf(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}
