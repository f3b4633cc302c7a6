import { type Document, isMap, isScalar, Lexer, type Pair, parseAllDocuments, Scalar, visit } from 'yaml';
import { PamError } from '../errors/index.ts';
import { canonicalJson } from '../model/index.ts';
import { readDocuments } from './documents.ts';
import { openSource, toProblems } from './source.ts';

/** The order in which people expect them; other keys follow as they stand. */
const KEY_ORDER = ['apiVersion', 'kind', 'metadata', 'spec'];

export type Formatted = { readonly text: string } | { readonly problems: readonly PamError[] };

/**
 * Canonical layout: two spaces, the four keys of a manifest in their order, one `---` between documents, one line feed at the end.
 * Comments, quotes, anchors and flow style stay. What it would change beyond layout (a value, a comment that would be lost or moved
 * into another document) it refuses to touch (PAM1034), so that formatting can never damage a manifest. Applying it twice equals applying it once.
 */
export function formatManifest(path: string, bytes: Uint8Array): Formatted {
  const opened = openSource(path, bytes);
  if ('problem' in opened) return { problems: [opened.problem] };
  const problems = toProblems(
    opened.source,
    '',
    [...readDocuments(opened.source)].flatMap((d) => d.faults),
  );
  if (problems.length > 0) return { problems };

  const { text } = opened.source;
  if (parse(text).every((d) => d.contents === null)) return { text };
  let formatted = layOut(text);
  // A comment that moves to a line of its own may be indented anew by the next pass: settle there.
  for (let pass = 0; pass < 3; pass++) {
    const again = layOut(formatted);
    if (again === formatted) break;
    formatted = again;
  }
  const isSame = valuesOf(text) === valuesOf(formatted) && commentsOf(text) === commentsOf(formatted) && layOut(formatted) === formatted;
  if (!isSame) {
    return {
      problems: [
        new PamError('PAM1034', `${path} cannot be laid out without changing more than its layout`, {
          hint: 'move comments to lines of their own, before what they explain',
          source: { file: path, line: 1, column: 1 },
        }),
      ],
    };
  }
  return { text: formatted };
}

function layOut(text: string): string {
  const documents = parse(text);
  const parts = documents.map((document) => {
    if (isMap(document.contents)) orderKeys(document.contents.items as Pair[]);
    dropBlankRuns(document);
    if (document.directives !== undefined) document.directives.docEnd = false;
    return document.toString({ indent: 2, lineWidth: 0, directives: false, flowCollectionPadding: true }).trim();
  });
  const filled = parts.filter((part) => part !== '' && part !== 'null');
  return filled.length === 0 ? '' : `${filled.join('\n---\n')}\n`;
}

function parse(text: string): readonly Document[] {
  const documents = parseAllDocuments(text, { uniqueKeys: false, logLevel: 'silent' });
  return Array.isArray(documents) ? documents : [];
}

function orderKeys(pairs: Pair[]): void {
  const rank = (pair: Pair) => {
    const at = isScalar(pair.key) ? KEY_ORDER.indexOf(String(pair.key.value)) : -1;
    return at < 0 ? KEY_ORDER.length : at;
  };
  pairs.sort((a, b) => rank(a) - rank(b));
}

/** A blank line before the first key says nothing, and the library keeps at most one elsewhere. */
function dropBlankRuns(document: Document): void {
  visit(document, {
    Map(_, node) {
      const first = node.items[0]?.key;
      if (first instanceof Scalar) first.spaceBefore = false;
    },
  });
}

/** What the text means, aliases resolved. */
function valuesOf(text: string): string {
  return parse(text)
    .map((d) => canonicalJson(d.toJS({ maxAliasCount: 10_000 })))
    .filter((v) => v !== 'null')
    .join('\n');
}

/** All comments, in order of their text: a key that moves takes its comments along. */
function commentsOf(text: string): string {
  const comments: string[] = [];
  for (const token of new Lexer().lex(text)) if (token.startsWith('#')) comments.push(token.trim());
  return comments.sort().join('\n');
}
