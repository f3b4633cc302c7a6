import type { YAMLError } from 'yaml';
import type { Fault, SourceFile, Span } from './source.ts';

/**
 * What the codes of the YAML parser mean. Its own messages are not passed on: some repeat the text, which may be a secret.
 * The second text is the hint.
 */
const MEANINGS: Readonly<Record<string, readonly [string, string?]>> = {
  ALIAS_PROPS: ['an alias takes neither anchor nor tag'],
  BAD_ALIAS: ['an anchor or alias has no name', 'put quotes around text that begins with `*` or `&`'],
  BAD_COLLECTION_TYPE: ['a tag does not fit its value', 'remove the tag'],
  BAD_DIRECTIVE: ['a directive is malformed', 'remove the line that begins with `%`'],
  BAD_DQ_ESCAPE: ['an escape is unknown', 'double the backslash, or use single quotes'],
  BAD_INDENT: ['the indentation does not fit the lines above'],
  BAD_PROP_ORDER: ['an anchor or tag stands in the wrong place'],
  BAD_SCALAR_START: ['text cannot begin with this character', 'put quotes around it'],
  BLOCK_AS_IMPLICIT_KEY: ['a value holds a second `: `, or a list where a key is expected', 'put quotes around text that holds `: `'],
  BLOCK_IN_FLOW: ['a block cannot stand inside brackets'],
  KEY_OVER_1024_CHARS: ['a key is longer than 1,024 characters'],
  MISSING_CHAR: ['a quote, bracket, comma or colon is missing'],
  MULTILINE_IMPLICIT_KEY: ['a line is neither a key with a colon nor the value of one'],
  MULTIPLE_ANCHORS: ['a value has two anchors'],
  MULTIPLE_TAGS: ['a value has two tags'],
  TAB_AS_INDENT: ['a tab cannot indent', 'use spaces'],
  UNCLOSED: ['a quote or bracket is opened here and never closed'],
  UNEXPECTED_TOKEN: ['something stands here that does not belong here', 'put quotes around text with special characters'],
};

/** A syntax error often has others in its wake. */
const MAX_FAULTS = 3;

/**
 * What the YAML parser found, at most one fault a line. It misses a closing quote or bracket only at the end of the document;
 * `unclosed` says where they were opened. Unknown tags, a warning of the parser, are errors here (PAM1006).
 */
export function explainSyntax(source: SourceFile, document: Span, errors: readonly YAMLError[], unclosed: readonly number[]): Fault[] {
  const length = source.text.slice(document.start, document.end).trimEnd().length;
  const faults = new Map<number, Fault>();
  for (const { pos, code } of errors.toSorted((a, b) => a.pos[0] - b.pos[0])) {
    const opened = pos[0] >= length ? unclosed.at(-1) : undefined;
    const start = document.start + (opened ?? pos[0]);
    const { line } = source.locate(start);
    if (faults.has(line)) continue;
    const end = opened === undefined ? Math.max(document.start + pos[1], start + 1) : start + 1;
    faults.set(line, explainError({ start, end }, opened === undefined ? code : 'UNCLOSED'));
    if (faults.size === MAX_FAULTS) break;
  }
  return [...faults.values()];
}

function explainError(span: Span, code: string): Fault {
  if (code === 'TAG_RESOLVE_FAILED')
    return { span, code: 'PAM1006', message: 'a tag is not known', hint: 'put quotes around text that begins with `!`' };
  const [message, hint] = MEANINGS[code] ?? ['the text cannot be read'];
  return { span, code: 'PAM1001', message, hint };
}
