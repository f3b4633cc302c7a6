/** A value with the place where it stands, in UTF-16 code units from the beginning of the text. */
export type JsonNode =
  | {
      readonly kind: 'object';
      readonly at: number;
      readonly entries: ReadonlyMap<string, { readonly at: number; readonly node: JsonNode }>;
    }
  | { readonly kind: 'array'; readonly at: number; readonly items: readonly JsonNode[] }
  | {
      readonly kind: 'scalar';
      readonly at: number;
      readonly value: string | number | boolean | null;
      /** A number as it is written: a password of twenty digits is another one as a number. */
      readonly token?: string;
    };

/** What is wrong with a text, without a piece of it: it may be full of passwords, which `JSON.parse` would repeat. */
export interface JsonFault {
  readonly at: number;
  readonly message: string;
}

const MAX_DEPTH = 64;
const SPACE = /[ \t\r\n]*/y;
const OTHER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;

/** Reads JSON (RFC 8259) with places. Stricter than `JSON.parse` in one thing: of a key that stands twice the first would be lost. */
export function parseJson(text: string): JsonNode | JsonFault {
  let at = 0;
  try {
    skipSpace();
    const node = readValue(0);
    skipSpace();
    if (at < text.length) throw fault('something stands behind the end of the document');
    return node;
  } catch (error) {
    if (error instanceof Fault) return { at: error.at, message: error.message };
    throw error;
  }

  function readValue(depth: number): JsonNode {
    if (depth > MAX_DEPTH) throw fault(`values lie more than ${MAX_DEPTH} deep in each other`);
    const start = at;
    switch (text[at]) {
      case '{':
        return { kind: 'object', at: start, entries: readEntries(depth) };
      case '[':
        return { kind: 'array', at: start, items: readItems(depth) };
      case '"':
        return { kind: 'scalar', at: start, value: readString() };
      default: {
        const token = match(OTHER);
        if (token === null) throw fault(at < text.length ? 'no value of JSON begins here' : 'the document ends too early');
        const value = JSON.parse(token) as number | boolean | null;
        if (typeof value !== 'number') return { kind: 'scalar', at: start, value };
        if (!Number.isFinite(value)) throw fault('a number is too large', start);
        return { kind: 'scalar', at: start, value, token };
      }
    }
  }

  function readEntries(depth: number) {
    const entries = new Map<string, { at: number; node: JsonNode }>();
    list('}', () => {
      const start = at;
      if (text[at] !== '"') throw fault('a key in double quotes should stand here');
      const key = readString();
      if (entries.has(key)) throw fault('a key stands twice in one object', start);
      skipSpace();
      if (text[at] !== ':') throw fault('a colon should stand here');
      at++;
      skipSpace();
      entries.set(key, { at: start, node: readValue(depth + 1) });
    });
    return entries;
  }

  function readItems(depth: number): readonly JsonNode[] {
    const items: JsonNode[] = [];
    list(']', () => items.push(readValue(depth + 1)));
    return items;
  }

  /** From the opening bracket to behind the closing one. */
  function list(end: '}' | ']', readOne: () => void): void {
    at++;
    skipSpace();
    if (text[at] === end) {
      at++;
      return;
    }
    for (;;) {
      readOne();
      skipSpace();
      const next = text[at];
      if (next !== ',' && next !== end) throw fault(`a comma or ${end} should stand here`);
      at++;
      if (next === end) return;
      skipSpace();
    }
  }

  function readString(): string {
    const start = at;
    // No pattern: one that repeats runs out of stack on a text of some megabytes.
    for (let end = start + 1; end < text.length && text.charCodeAt(end) >= 0x20; end++) {
      if (text[end] === '\\') end++;
      else if (text[end] === '"') {
        at = end + 1;
        return readEscapes(text.slice(start, at), start);
      }
    }
    throw fault('this text has no end, or holds what JSON writes as an escape');
  }

  function readEscapes(token: string, start: number): string {
    try {
      return JSON.parse(token) as string;
    } catch {
      throw fault('this text holds an escape that JSON does not have', start);
    }
  }

  function skipSpace(): void {
    match(SPACE);
  }

  function match(pattern: RegExp): string | null {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0] ?? null;
    at += found?.length ?? 0;
    return found;
  }

  function fault(message: string, place = at): Fault {
    return new Fault(message, place);
  }
}

class Fault extends Error {
  readonly at: number;
  constructor(message: string, at: number) {
    super(message);
    this.at = at;
  }
}
