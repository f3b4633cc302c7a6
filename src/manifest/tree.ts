import { type Alias, isAlias, isMap, isScalar, isSeq, type ParsedNode, type Scalar, type YAMLMap } from 'yaml';
import type { Code } from '../errors/index.ts';
import type { Json } from '../model/index.ts';
import type { YamlDocument } from './documents.ts';
import type { Fault, SourceFile, Span } from './source.ts';

/** Where a value stands, and its key where it has one. */
export interface Mark extends Span {
  readonly key?: Span;
}

/** A document as plain data. */
export interface Tree {
  readonly value: Json;
  /** By JSON pointer (RFC 6901). Values below an alias have no mark of their own. */
  readonly marks: ReadonlyMap<string, Mark>;
  /** Pointers of values that could not be read and stand as null. */
  readonly unread: ReadonlySet<string>;
  readonly faults: readonly Fault[];
}

/** Values that aliases may add to a document: far more than anybody writes, far less than what hurts ("billion laughs"). */
const MAX_ALIASED_VALUES = 10_000;

/** Of one document: whoever made so many mends the first ones first. */
const MAX_FAULTS = 1000;

/**
 * Turns a composed document into plain data, as JSON has it: text keys, finite exact numbers, no cycles. `yaml` could do that itself
 * (`toJS`), but without places, with a search of all keys for each key, and with other limits.
 */
export function readTree(source: SourceFile, document: YamlDocument): Tree {
  return new TreeReader(source, document.base).read(document.contents);
}

interface Anchored {
  readonly value: Json;
  readonly size: number;
}

/** Lives as long as the reading of one document. */
class TreeReader {
  readonly #marks = new Map<string, Mark>();
  readonly #unread = new Set<string>();
  readonly #faults: Fault[] = [];
  /** Null while the anchored value is being read: an alias to it would have no end. */
  readonly #anchors = new Map<string, Anchored | null>();
  readonly #source: SourceFile;
  readonly #base: number;
  #size = 0;
  #aliased = 0;

  constructor(source: SourceFile, base: number) {
    this.#source = source;
    this.#base = base;
  }

  read(contents: ParsedNode | Alias | null): Tree {
    const value = this.#readNode(contents, '');
    return { value, marks: this.#marks, unread: this.#unread, faults: this.#faults };
  }

  #readNode(node: ParsedNode | Alias | null, pointer: string, key?: Span): Json {
    const span = this.#spanOf(node) ?? key;
    if (span !== undefined) this.#marks.set(pointer, key === undefined ? span : { ...span, key });
    this.#size++;
    if (node === null) return null;
    if (isAlias(node)) return this.#readAlias(node, pointer);
    const anchor = node.anchor;
    if (anchor === undefined) return this.#readValue(node, pointer);
    const before = this.#size - 1;
    this.#anchors.set(anchor, null);
    const value = this.#readValue(node, pointer);
    this.#anchors.set(anchor, { value, size: this.#size - before });
    return value;
  }

  #readValue(node: Exclude<ParsedNode, Alias.Parsed>, pointer: string): Json {
    if (isMap(node)) return this.#readMap(node, pointer);
    if (isSeq(node)) return node.items.map((item, index) => this.#readNode(item as ParsedNode, `${pointer}/${index}`));
    return this.#readScalar(node, pointer);
  }

  #readMap(map: YAMLMap<unknown, unknown>, pointer: string): Json {
    const result: Record<string, Json> = {};
    for (const pair of map.items) {
      const keyNode = pair.key as ParsedNode | null;
      const span = this.#spanOf(keyNode) ?? this.#spanOf(map as ParsedNode);
      const key = isScalar(keyNode) ? keyNode.value : undefined;
      if (typeof key !== 'string' || key === '__proto__') {
        this.#report(span, 'PAM1006', 'a key is not text', isScalar(keyNode) ? 'put quotes around it' : undefined);
      } else if (key === '<<') {
        this.#report(span, 'PAM1005', 'merge keys (`<<`) are not read', 'write the fields out, or share them in a RotationPolicy');
      } else if (Object.hasOwn(result, key)) {
        const first = this.#marks.get(`${pointer}/${escapeKey(key)}`)?.key?.start ?? 0;
        this.#report(
          span,
          'PAM1004',
          `a key stands twice: it stood in line ${this.#source.locate(first).line} already`,
          'remove one of the two',
        );
      } else {
        result[key] = this.#readNode(pair.value as ParsedNode | null, `${pointer}/${escapeKey(key)}`, span);
      }
    }
    return result;
  }

  #readScalar(node: Scalar, pointer: string): Json {
    const { value } = node;
    if (typeof value === 'string' || typeof value === 'boolean' || value === null) return value;
    if (typeof value === 'number' && Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value))) return value;
    const what =
      typeof value === 'number' && Number.isFinite(value)
        ? 'a number has more digits than can be kept'
        : 'a value is no number, text or truth value';
    return this.#giveUp(node, pointer, 'PAM1006', what, 'put quotes around it where it is meant as text');
  }

  #readAlias(alias: Alias, pointer: string): Json {
    const anchored = this.#anchors.get(alias.source);
    if (anchored === undefined) {
      return this.#giveUp(alias, pointer, 'PAM1007', 'an alias has no anchor before it', 'put quotes around text that begins with `*`');
    }
    if (anchored === null) return this.#giveUp(alias, pointer, 'PAM1007', 'an alias stands inside the value of its own anchor');
    const isOver = this.#aliased > MAX_ALIASED_VALUES;
    this.#size += anchored.size;
    this.#aliased += anchored.size;
    if (this.#aliased <= MAX_ALIASED_VALUES) return anchored.value;
    this.#unread.add(pointer);
    if (!isOver) this.#report(this.#spanOf(alias), 'PAM1003', `aliases repeat more than ${MAX_ALIASED_VALUES} values`);
    return null;
  }

  #giveUp(node: ParsedNode | Alias | Scalar, pointer: string, code: Code, message: string, hint?: string): null {
    this.#unread.add(pointer);
    this.#report(this.#spanOf(node), code, message, hint);
    return null;
  }

  #report(span: Span | undefined, code: Code, message: string, hint?: string): void {
    if (this.#faults.length < MAX_FAULTS) this.#faults.push({ span: span ?? { start: this.#base, end: this.#base }, code, message, hint });
  }

  #spanOf(node: ParsedNode | Alias | Scalar | null): Span | undefined {
    const range = node?.range;
    return range === undefined || range === null ? undefined : { start: this.#base + range[0], end: this.#base + range[1] };
  }
}

/** A key as a part of a JSON pointer. */
export function escapeKey(key: string): string {
  return key.includes('~') || key.includes('/') ? key.replace(/~/g, '~0').replace(/\//g, '~1') : key;
}

/** `/spec/hooks/0/file` as people write it: `spec.hooks[0].file`. A key that cannot be the name of anything is not repeated. */
export function pathOf(pointer: string): string {
  return pointer
    .split('/')
    .slice(1)
    .map((part) => part.replace(/~1/g, '/').replace(/~0/g, '~'))
    .map((part) => (/^[\w./ -]{1,64}$/.test(part) ? part : '…'))
    .map((part, index) => (/^\d+$/.test(part) ? `[${part}]` : index === 0 ? part : `.${part}`))
    .join('');
}

/** The mark of a value, or of the nearest value around it that has one. */
export function markOf(tree: Tree, pointer: string): Mark {
  for (let at = pointer; ; at = at.slice(0, at.lastIndexOf('/'))) {
    const mark = tree.marks.get(at);
    if (mark !== undefined || at === '') return mark ?? { start: 0, end: 0 };
  }
}
