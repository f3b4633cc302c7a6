import { type Alias, Composer, type CST, Lexer, type ParsedNode, Parser } from 'yaml';
import type { Fault, SourceFile, Span } from './source.ts';
import { explainSyntax } from './syntax.ts';

/** A YAML document as the parser composed it. */
export interface YamlDocument {
  /** From its `---` (or the beginning of the file) to the next. */
  readonly span: Span;
  /** Where `contents` counts from. */
  readonly base: number;
  /** Null for an empty document, and where faults leave nothing to look at. */
  readonly contents: ParsedNode | Alias | null;
  readonly faults: readonly Fault[];
}

const MAX_DEPTH = 64;
const MAX_DOCUMENTS = 100_000;
/** In UTF-16 code units. Composing takes about 10 seconds for a million of the smallest tokens; no manifest comes near. */
const MAX_DOCUMENT_LENGTH = 1024 * 1024;

/**
 * The documents of a file, one at a time, so that a large file needs the memory of its largest document. The text is cut at its
 * document markers first: at the beginning of a line they are markers wherever they stand (YAML 1.2.2, 9.1.2), so that a quote
 * that one document leaves open does not swallow the next. Empty documents are left out.
 */
export function* readDocuments(source: SourceFile): Generator<YamlDocument, void, undefined> {
  let count = 0;
  for (const span of splitDocuments(source.text)) {
    if (++count > MAX_DOCUMENTS) {
      yield refuse(span, { span, code: 'PAM1003', message: `the file has more than ${MAX_DOCUMENTS} documents`, hint: 'split the file' });
      return;
    }
    const document = composeDocument(source, span);
    if (document.contents !== null || document.faults.length > 0) yield document;
  }
}

/** A marker at the beginning of a line. Not `^` with the flag `m`, which takes U+2028 for a line break, as YAML does not. */
const MARKER = /(?:^|(?<=\n))(?:---|\.\.\.)(?=[ \t\r\n]|$)/g;
/** A line that is neither empty nor a comment nor a directive. */
const CONTENT = /(?:^|\n)(?!%)[ \t]*[^\s#]/;

function* splitDocuments(text: string): Generator<Span, void, undefined> {
  let start = 0;
  for (const marker of text.matchAll(MARKER)) {
    const ends = marker[0] === '...';
    // What stands before `---` and is no content (comments, directives) belongs to the document that begins there.
    const hasContent = CONTENT.test(text.slice(start, marker.index));
    if (hasContent) yield { start, end: marker.index };
    if (hasContent || ends) start = ends ? marker.index + marker[0].length : marker.index;
  }
  if (CONTENT.test(text.slice(start))) yield { start, end: text.length };
}

function refuse(span: Span, ...faults: Fault[]): YamlDocument {
  return { span, base: span.start, contents: null, faults };
}

function composeDocument(source: SourceFile, span: Span): YamlDocument {
  const base = span.start;
  const length = span.end - span.start;
  if (length > MAX_DOCUMENT_LENGTH)
    return refuse(span, { span, code: 'PAM1003', message: `the document has more than ${MAX_DOCUMENT_LENGTH} characters` });
  try {
    const tokens = [...readTokens(source.text.slice(span.start, span.end))];
    const unclosed = tokens.flatMap(inspectToken);
    // Keys are compared where they are read: the parser compares each with all others.
    const composer = new Composer<ParsedNode, true>({ uniqueKeys: false, prettyErrors: false, logLevel: 'silent' });
    const [document] = [...composer.compose(tokens, true, length)];
    if (document === undefined) return refuse(span);
    const { version } = document.directives.yaml;
    if (version !== '1.2')
      return refuse(span, { span, code: 'PAM1001', message: `YAML ${version} is not read`, hint: 'remove the %YAML directive' });
    const faults = explainSyntax(source, span, [...document.errors, ...document.warnings], unclosed);
    // An empty document has an empty scalar.
    const isEmpty = document.contents === null || document.contents.range[0] === document.contents.range[1];
    return { span, base, contents: isEmpty ? null : document.contents, faults };
  } catch (error) {
    if (!(error instanceof TooDeep)) throw error;
    const at = { start: base + error.offset, end: base + error.offset + 1 };
    return refuse(span, { span: at, code: 'PAM1003', message: `values are nested more than ${MAX_DEPTH} deep` });
  }
}

class TooDeep extends Error {
  readonly offset: number;
  constructor(offset: number) {
    super('nested too deep');
    this.offset = offset;
  }
}

/**
 * The lexer and parser of `yaml` keep a stack of their own and the composer calls itself, so that depth is bounded before each:
 * here for what nests without growing the text (`[[[`, `- - -`), in `inspectToken` for everything.
 */
function* readTokens(text: string): Generator<CST.Token, void, undefined> {
  const parser = new Parser();
  let offset = 0;
  let flow = 0;
  let indicators = 0;
  let isScalar = false;
  for (const lexeme of new Lexer().lex(text)) {
    if (isScalar) isScalar = false;
    else if (lexeme === '\u001f') isScalar = true;
    else if (lexeme === '[' || lexeme === '{') flow++;
    else if (lexeme === ']' || lexeme === '}') flow--;
    else if (lexeme === '\n' || lexeme === '\r\n') indicators = 0;
    else if (flow === 0 && (lexeme === '-' || lexeme === '?' || lexeme === ':')) indicators++;
    if (flow > MAX_DEPTH || indicators > 2 * MAX_DEPTH) throw new TooDeep(offset);
    yield* parser.next(lexeme);
    // These two are signs of the lexer and not text.
    if (lexeme !== '\u001f' && lexeme !== '\u0002' && lexeme !== '\u0018') offset += lexeme.length;
  }
  yield* parser.end();
}

/** Bounds the depth of a token. The offsets of quotes and brackets in it that are never closed, in order. */
function inspectToken(root: CST.Token): number[] {
  const unclosed: number[] = [];
  const stack: { token: CST.Token; depth: number }[] = [{ token: root, depth: 0 }];
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const { token, depth } = next;
    if (depth > MAX_DEPTH) throw new TooDeep(token.offset);
    if (token.type === 'document') {
      if (token.value !== undefined) stack.push({ token: token.value, depth });
    } else if (token.type === 'single-quoted-scalar' || token.type === 'double-quoted-scalar') {
      if (token.source.length < 2 || !token.source.endsWith(token.source.charAt(0))) unclosed.push(token.offset);
    } else if ('items' in token) {
      if (token.type === 'flow-collection' && token.end.length === 0) unclosed.push(token.offset);
      for (const item of token.items) {
        if (item.key !== undefined && item.key !== null) stack.push({ token: item.key, depth: depth + 1 });
        if (item.value !== undefined) stack.push({ token: item.value, depth: depth + 1 });
      }
    }
  }
  return unclosed.sort((a, b) => a - b);
}
