import type { Span } from './source.ts';

/**
 * Where a part of a scalar's value stands in the file. A value on one line stands there as it is; block and folded ones differ
 * in white space only, so that everything else is counted. Inside escapes, where nothing can be counted, it is the whole scalar.
 */
export function findInScalar(text: string, scalar: Span, range: Span, value: string): Span {
  const written = text.slice(scalar.start, scalar.end);
  const verbatim = written.indexOf(value);
  if (verbatim >= 0)
    return { start: scalar.start + verbatim + range.start, end: scalar.start + verbatim + Math.max(range.end, range.start + 1) };
  const block = /^[|>][^\n]*\n/.exec(written);
  const isQuoted = written.startsWith('"') || written.startsWith("'");
  const from = scalar.start + (block === null ? Number(isQuoted) : block[0].length);
  const start = skip(text, from, scalar.end, value, range.start);
  if (start === null) return scalar;
  const end = skip(text, from, scalar.end, value, Math.max(range.end, range.start + 1) - 1);
  return { start, end: (end ?? start) + 1 };
}

/** The place of the character at `offset` of the value, when both texts hold the same characters between their white space. */
function skip(text: string, from: number, to: number, value: string, offset: number): number | null {
  let at = from;
  for (let i = 0; i <= offset; i++) {
    const wanted = value[i];
    // Behind the last character: what is missing is missing there.
    if (wanted === undefined) return Math.min(at, to);
    if (/\s/.test(wanted) && i < offset) continue;
    if (/\s/.test(wanted)) return at;
    while (at < to && /\s/.test(text[at] ?? '')) at++;
    if (at >= to || text[at] !== wanted) return null;
    if (i === offset) return at;
    at++;
  }
  return null;
}
