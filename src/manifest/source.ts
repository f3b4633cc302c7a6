import { isUtf8 } from 'node:buffer';
import { LineCounter } from 'yaml';
import { type Code, type Frame, PamError } from '../errors/index.ts';
import type { SourceLocation } from '../model/index.ts';
import { findSensitiveLines } from './sensitive.ts';

/** A range of the text, in UTF-16 code units from the beginning of the file. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** The text of a manifest file, with what errors need to point into it. */
export interface SourceFile {
  /** As the user named it. */
  readonly path: string;
  readonly text: string;
  locate(offset: number): SourceLocation;
  /** The line that holds `start`, underlined up to `end`; undefined where the line may hold a secret, or is too long to show. */
  frame(span: Span): Frame | undefined;
  /** The same for a place that another room found; the value there is underlined. */
  frameAt(location: SourceLocation): Frame | undefined;
}

/** A scalar up to the end of its line: quoted, or plain up to a comment or the end of a flow collection. */
const SCALAR = /^(?:"(?:[^"\\\n]|\\.)*"|'(?:[^'\n]|'')*'|(?:(?![ \t]+#|[ \t]*[,\]}](?:\s|$))[^\r\n])+)/;

export const MAX_FILE_BYTES = 16 * 1024 * 1024;
/** Longer lines are cut in a frame; what lies beyond has none. */
const MAX_FRAME_COLUMNS = 200;

/** C0 controls but tab and line breaks, DEL, a byte order mark inside, and the controls of the Trojan Source attacks (CVE-2021-42574). */
const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\ufeff\u202a-\u202e\u2066-\u2069]/;

/** Decodes a file. Problems of the text as a whole (PAM1002, PAM1003) make it unreadable: there is no source then. */
export function openSource(path: string, bytes: Uint8Array): { source: SourceFile } | { problem: PamError } {
  const refuse = (code: Code, message: string, hint: string, line = 1, column = 1) => ({
    problem: new PamError(code, message, { hint, source: { file: path, line, column } }),
  });
  if (bytes.length > MAX_FILE_BYTES)
    return refuse('PAM1003', `the file has ${bytes.length} bytes, the limit is ${MAX_FILE_BYTES}`, 'split the file');
  if (isUtf16(bytes)) return refuse('PAM1002', 'the file is UTF-16', 'save it as UTF-8');
  if (!isUtf8(bytes)) {
    const { line, column } = findInvalidByte(bytes);
    return refuse('PAM1002', 'the file is not valid UTF-8', 'save it as UTF-8', line, column);
  }
  const source = createSource(path, new TextDecoder('utf-8').decode(bytes));
  const control = FORBIDDEN.exec(source.text);
  if (control === null) return { source };
  const { line, column } = source.locate(control.index);
  const name = `U+${control[0].charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`;
  return refuse(
    'PAM1002',
    `the file holds the control character ${name}`,
    'remove it, or write it as an escape in double quotes',
    line,
    column,
  );
}

export function createSource(path: string, text: string): SourceFile {
  const lines = new LineCounter();
  lines.addNewLine(0);
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines.addNewLine(at + 1);
  let sensitive: ReadonlySet<number> | undefined;
  const locate = (offset: number): SourceLocation => {
    const { line, col } = lines.linePos(Math.min(offset, text.length));
    return { file: path, line, column: col };
  };
  return {
    path,
    text,
    locate,
    frameAt({ line, column }) {
      const start = (lines.lineStarts[line - 1] ?? text.length) + column - 1;
      const scalar = SCALAR.exec(text.slice(start, start + MAX_FRAME_COLUMNS))?.[0] ?? '';
      return this.frame({ start, end: start + scalar.length });
    },
    frame(span) {
      const { line, column } = locate(span.start);
      sensitive ??= findSensitiveLines(text);
      if (sensitive.has(line) || column > MAX_FRAME_COLUMNS) return undefined;
      const whole = text.slice(lines.lineStarts[line - 1], (lines.lineStarts[line] ?? text.length + 1) - 1).replace(/\r$/, '');
      const shown = whole.length > MAX_FRAME_COLUMNS ? `${whole.slice(0, MAX_FRAME_COLUMNS)}…` : whole;
      const length = Math.min(span.end - span.start, shown.length - column + 1);
      return { text: shown.replace(/\t/g, '→'), length: Math.max(1, length) };
    },
  };
}

/** A problem before it is known which resource has it. */
export interface Fault {
  readonly span: Span;
  readonly code: Code;
  readonly message: string;
  readonly hint?: string | undefined;
}

/** A problem at a place of a file. `secret`: the frame is left out whatever the line looks like. */
export function problemAt(
  source: SourceFile,
  span: Span,
  code: Code,
  message: string,
  options: { readonly hint?: string | undefined; readonly secret?: boolean } = {},
): PamError {
  const frame = options.secret === true ? undefined : source.frame(span);
  return new PamError(code, message, {
    source: source.locate(span.start),
    ...(options.hint === undefined ? {} : { hint: options.hint }),
    ...(frame === undefined ? {} : { frame }),
  });
}

/** Faults as errors of the resource that has them; `label` is empty where that is not known. */
export function toProblems(source: SourceFile, label: string, faults: readonly Fault[]): PamError[] {
  return faults.map(({ span, code, message, hint }) =>
    problemAt(source, span, code, label === '' ? message : `${label}: ${message}`, { hint }),
  );
}

/** A byte order mark, or zero bytes at the places where ASCII text in UTF-16 has them. */
function isUtf16(bytes: Uint8Array): boolean {
  const [a, b] = bytes;
  if ((a === 0xff && b === 0xfe) || (a === 0xfe && b === 0xff)) return true;
  return bytes.length >= 2 && (a === 0) !== (b === 0);
}

/** Line breaks are never part of a longer UTF-8 sequence, so that lines can be looked at one by one. */
function findInvalidByte(bytes: Uint8Array): { line: number; column: number } {
  let start = 0;
  for (let line = 1; ; line++) {
    const next = bytes.indexOf(0x0a, start);
    const part = bytes.subarray(start, next < 0 ? bytes.length : next);
    if (!isUtf8(part)) return { line, column: new TextDecoder('utf-8', { ignoreBOM: true }).decode(part).indexOf('\ufffd') + 1 };
    if (next < 0) return { line, column: 1 };
    start = next + 1;
  }
}
