import { type Code, PamError } from '../errors/index.ts';
import { namesSecret } from '../manifest/index.ts';
import type { Json, JsonObject, SourceLocation } from '../model/index.ts';
import type { JsonNode } from './json.ts';

/** Where what was found goes, and how places are told. */
export interface Report {
  readonly warnings: PamError[];
  readonly problems: PamError[];
  locate(at: number): SourceLocation;
}

/** Keys that say something to people (`_comment`, `_comment_port`): the format has no comments of its own. */
const COMMENT = /^_comment/;
/** Secrets among session settings, besides what `namesSecret` knows. */
const SESSION_SECRET = /^(?:client_key|passphrase)$/;

/**
 * One object while it is converted. What nobody has taken from it in the end is told by its path, so that nothing is dropped in silence.
 * Values are never repeated: the file is full of passwords.
 */
export class Cursor {
  readonly path: string;
  readonly at: number;
  readonly #node: JsonNode & { readonly kind: 'object' };
  readonly #report: Report;
  readonly #taken = new Set<string>();
  readonly #children: Cursor[] = [];

  constructor(path: string, node: JsonNode & { readonly kind: 'object' }, report: Report) {
    this.path = path;
    this.at = node.at;
    this.#node = node;
    this.#report = report;
  }

  has(key: string): boolean {
    return this.#node.entries.has(key);
  }

  /** A text that is not empty; numbers count as text, as Commander takes them. */
  text(key: string): string | undefined {
    const node = this.#scalar(key, 'a text');
    return node === undefined || node.value === null || node.value === '' ? undefined : (node.token ?? String(node.value));
  }

  /** One text, or a list of them. */
  texts(key: string): readonly string[] | undefined {
    const node = this.#take(key);
    if (node === undefined) return undefined;
    const items = node.kind === 'array' ? node.items : [node];
    const texts = items.flatMap((item) =>
      item.kind === 'scalar' && typeof item.value === 'string' && item.value !== '' ? [item.value] : [],
    );
    if (texts.length !== items.length && !(node.kind === 'scalar' && !node.value)) this.problem(key, 'is no list of texts');
    return texts.length === 0 ? undefined : texts;
  }

  /** `true`, `"on"` and the like. */
  flag(key: string): boolean | undefined {
    const value = this.#scalar(key, 'true or false')?.value;
    if (value === undefined || value === null || value === '' || value === 'default') return undefined;
    const word = String(value).toLowerCase();
    if (['true', 'on', 'yes', '1'].includes(word)) return true;
    if (['false', 'off', 'no', '0'].includes(word)) return false;
    this.problem(key, 'is neither true nor false');
    return undefined;
  }

  port(key: string): number | undefined {
    const text = this.text(key);
    if (text === undefined) return undefined;
    const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
    if (port >= 1 && port <= 65_535) return port;
    this.problem(key, 'is no port');
    return undefined;
  }

  object(key: string): Cursor | undefined {
    const node = this.#take(key);
    if (node === undefined || (node.kind === 'scalar' && !node.value)) return undefined;
    if (node.kind === 'object') return this.#enter(`${this.path}.${key}`, node);
    this.problem(key, 'is no object');
    return undefined;
  }

  objects(key: string): readonly Cursor[] {
    const node = this.#take(key);
    if (node === undefined || (node.kind === 'scalar' && node.value === null)) return [];
    if (node.kind !== 'array') {
      this.problem(key, 'is no list');
      return [];
    }
    return node.items.flatMap((item, i) => {
      const path = `${this.path}.${key}[${i}]`;
      if (item.kind === 'object') return [this.#enter(path, item)];
      this.#tell('problems', 'PAM9023', item.at, `${path} is no object`);
      return [];
    });
  }

  /** The objects of an object, by their keys. */
  map(): readonly (readonly [string, Cursor])[] {
    return [...this.#node.entries.keys()].flatMap((key) => {
      const child = COMMENT.test(key) ? undefined : this.object(key);
      return child === undefined ? [] : [[key, child] as const];
    });
  }

  /** Is the value a text in place of the object that it may be too? */
  isText(key: string): boolean {
    const node = this.#node.entries.get(key)?.node;
    return node?.kind === 'scalar' && typeof node.value === 'string' && node.value !== '';
  }

  /** Everything that is left, as plain data in the spelling of Keeper's records (`port_forward` is `portForward` there), without secrets. */
  rest(): JsonObject {
    return this.#plain(this.path, this.#node, this.#taken) as JsonObject;
  }

  /** Keys that the format knows and manifests have no place for. */
  leave(...keys: readonly string[]): void {
    for (const key of keys) {
      const node = this.#take(key);
      if (node === undefined || isEmpty(node)) continue;
      this.warn(key, 'has no place in a manifest: left out');
    }
  }

  warn(key: string | null, message: string, hint?: string): void {
    this.#tell('warnings', 'PAM9024', this.#placeOf(key), `${this.#pathOf(key)} ${message}`, hint);
  }

  problem(key: string | null, message: string, hint?: string): void {
    this.#tell('problems', 'PAM9023', this.#placeOf(key), `${this.#pathOf(key)} ${message}`, hint);
  }

  location(): SourceLocation {
    return this.#report.locate(this.at);
  }

  /** Tells of every key that nobody took, here and below. */
  finish(): void {
    for (const key of this.#node.entries.keys()) {
      if (!this.#taken.has(key) && !COMMENT.test(key)) this.warn(key, 'is not known: left out');
    }
    for (const child of this.#children) child.finish();
  }

  #enter(path: string, node: JsonNode & { readonly kind: 'object' }): Cursor {
    const child = new Cursor(path, node, this.#report);
    this.#children.push(child);
    return child;
  }

  #take(key: string): JsonNode | undefined {
    this.#taken.add(key);
    return this.#node.entries.get(key)?.node;
  }

  #scalar(key: string, wanted: string): (JsonNode & { readonly kind: 'scalar' }) | undefined {
    const node = this.#take(key);
    if (node === undefined) return undefined;
    if (node.kind === 'scalar') return node;
    this.problem(key, `is not ${wanted}`);
    return undefined;
  }

  #plain(path: string, node: JsonNode, without: ReadonlySet<string> = new Set()): Json {
    switch (node.kind) {
      case 'scalar':
        return node.value;
      case 'array':
        return node.items.map((item, i) => this.#plain(`${path}[${i}]`, item));
      case 'object': {
        const kept: Record<string, Json> = {};
        for (const [key, { at, node: value }] of node.entries) {
          if (without.has(key)) continue;
          if (node === this.#node) this.#taken.add(key);
          if (COMMENT.test(key) || isEmpty(value)) continue;
          const name = key.replace(/_([a-z0-9])/g, (_, c: string) => c.toUpperCase());
          if ((namesSecret(key) || SESSION_SECRET.test(key)) && !(value.kind === 'scalar' && typeof value.value === 'boolean'))
            this.#tell('warnings', 'PAM9024', at, `${path}.${key} is a secret among session settings, which are stored readably: left out`);
          else if (Object.hasOwn(kept, name))
            this.#tell('warnings', 'PAM9024', at, `${path}.${key} stands there under another spelling: left out`);
          else kept[name] = this.#plain(`${path}.${key}`, value);
        }
        return kept;
      }
      default:
        return node satisfies never;
    }
  }

  #placeOf(key: string | null): number {
    return (key === null ? undefined : this.#node.entries.get(key)?.at) ?? this.at;
  }

  #pathOf(key: string | null): string {
    return key === null ? this.path : `${this.path}.${key}`;
  }

  #tell(where: 'warnings' | 'problems', code: Code, at: number, message: string, hint?: string): void {
    this.#report[where].push(new PamError(code, message, { source: this.#report.locate(at), ...(hint === undefined ? {} : { hint }) }));
  }
}

/** Says nothing at all; what is off says something. */
function isEmpty(node: JsonNode): boolean {
  if (node.kind === 'array') return node.items.length === 0;
  return node.kind === 'object' ? node.entries.size === 0 : node.value === null || node.value === '';
}
