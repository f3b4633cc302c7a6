/** A regular expression as a tree. `set`: one character by its code point. */
export type RegexNode =
  | { readonly type: 'set'; readonly has: (code: number) => boolean }
  | { readonly type: 'seq' | 'alt'; readonly items: readonly RegexNode[] }
  | { readonly type: 'repeat'; readonly item: RegexNode; readonly min: number; readonly max: number | null }
  | { readonly type: 'start' | 'end' }
  | { readonly type: 'word'; readonly isBoundary: boolean };

/** `index`: where in the pattern, in UTF-16 code units. */
export class RegexError extends Error {
  readonly index: number;
  constructor(message: string, index: number) {
    super(message);
    this.index = index;
  }
}

type Test = (code: number) => boolean;

const MAX_DEPTH = 32;
const isDigit: Test = (c) => c >= 48 && c <= 57;
const isSpace: Test = (c) => (c >= 9 && c <= 13 && c !== 11) || c === 32;
export const isWord: Test = (c) => isDigit(c) || (c >= 65 && c <= 90) || (c >= 97 && c <= 122) || c === 95;
const CLASSES: Readonly<Record<string, Test>> = { d: isDigit, s: isSpace, w: isWord };
const CONTROLS: Readonly<Record<string, number>> = { t: 9, n: 10, r: 13, f: 12, v: 11 };

/**
 * The part of RE2's syntax (https://github.com/google/re2/wiki/Syntax) that rules have a use for: characters, classes, groups,
 * alternatives, repetition, `^ $ \b`, and `(?i)` at the beginning. What RE2 refuses (references back, looking around) is refused.
 */
export function parseRegex(pattern: string): RegexNode {
  const ignoresCase = pattern.startsWith('(?i)');
  const parser = new RegexParser(pattern, ignoresCase ? 4 : 0, ignoresCase);
  return parser.parse();
}

/** Lives as long as the reading of one pattern. */
class RegexParser {
  readonly #text: string;
  readonly #ignoresCase: boolean;
  #at: number;
  #depth = 0;

  constructor(text: string, at: number, ignoresCase: boolean) {
    this.#text = text;
    this.#at = at;
    this.#ignoresCase = ignoresCase;
  }

  parse(): RegexNode {
    const node = this.#readAlternatives();
    if (this.#at < this.#text.length) throw this.#refuse('a ) has no (');
    return node;
  }

  #readAlternatives(): RegexNode {
    if (++this.#depth > MAX_DEPTH) throw this.#refuse(`groups are nested more than ${MAX_DEPTH} deep`);
    const items = [this.#readSequence()];
    while (this.#take('|')) items.push(this.#readSequence());
    this.#depth--;
    return items.length === 1 && items[0] !== undefined ? items[0] : { type: 'alt', items };
  }

  #readSequence(): RegexNode {
    const items: RegexNode[] = [];
    while (this.#at < this.#text.length && this.#peek() !== '|' && this.#peek() !== ')') items.push(this.#readRepeated());
    return { type: 'seq', items };
  }

  #readRepeated(): RegexNode {
    const item = this.#readAtom();
    const bounds = this.#readBounds();
    if (bounds === null) return item;
    // Greedy or not makes no difference to whether there is a match.
    this.#take('?');
    if ('*+?'.includes(this.#peek() || ' ')) throw this.#refuse('a repetition is repeated');
    return { type: 'repeat', item, ...bounds };
  }

  #readBounds(): { min: number; max: number | null } | null {
    if (this.#take('*')) return { min: 0, max: null };
    if (this.#take('+')) return { min: 1, max: null };
    if (this.#take('?')) return { min: 0, max: 1 };
    const [whole, low, comma, high] = /^\{(\d{1,4})(,?)(\d{0,4})\}/.exec(this.#text.slice(this.#at, this.#at + 12)) ?? [];
    if (whole === undefined) return null;
    const min = Number(low);
    const max = comma === '' ? min : high === '' ? null : Number(high);
    if (max !== null && max < min) throw this.#refuse('a repetition ends before it begins');
    this.#at += whole.length;
    return { min, max };
  }

  #readAtom(): RegexNode {
    const char = this.#next();
    switch (char) {
      case '^':
        return { type: 'start' };
      case '$':
        return { type: 'end' };
      case '.':
        return { type: 'set', has: (c) => c !== 10 };
      case '(':
        return this.#readGroup();
      case '[':
        return { type: 'set', has: this.#readSet() };
      case '\\':
        return this.#readEscape();
      case '*':
      case '+':
      case '?':
        throw this.#refuse('a repetition has nothing before it', 1);
      default:
        return { type: 'set', has: this.#oneOf(char.codePointAt(0) ?? 0) };
    }
  }

  #readGroup(): RegexNode {
    if (this.#peek() === '?' && !this.#takeAll('?:')) throw this.#refuse('this kind of group is not known', 1);
    const node = this.#readAlternatives();
    if (!this.#take(')')) throw this.#refuse('a ( has no )');
    return node;
  }

  #readEscape(): RegexNode {
    if (this.#peek() === 'b' || this.#peek() === 'B') return { type: 'word', isBoundary: this.#next() === 'b' };
    const found = this.#readEscaped();
    return { type: 'set', has: typeof found === 'number' ? this.#oneOf(found) : found };
  }

  /** After a backslash: a class, or the code point of one character. */
  #readEscaped(): Test | number {
    const char = this.#next();
    const test = CLASSES[char.toLowerCase()];
    if (test !== undefined) return char === char.toLowerCase() ? test : (c) => !test(c);
    const control = CONTROLS[char];
    if (control !== undefined) return control;
    if (char === '' || /[0-9A-Za-z]/.test(char)) throw this.#refuse('this escape is not known', char.length + 1);
    return char.codePointAt(0) ?? 0;
  }

  #readSet(): Test {
    const isNegated = this.#take('^');
    const tests: Test[] = [];
    for (let isFirst = true; isFirst || this.#peek() !== ']'; isFirst = false) {
      if (this.#peek() === '') throw this.#refuse('a [ has no ]');
      const low = this.#readSetItem();
      if (typeof low !== 'number') tests.push(low);
      else if (this.#peek() === '-' && this.#text[this.#at + 1] !== ']') {
        this.#next();
        const high = this.#readSetItem();
        if (typeof high !== 'number' || high < low) throw this.#refuse('a range ends before it begins');
        tests.push(this.#folded((c) => c >= low && c <= high));
      } else tests.push(this.#oneOf(low));
    }
    this.#next();
    return (c) => tests.some((test) => test(c)) !== isNegated;
  }

  #readSetItem(): Test | number {
    const char = this.#next();
    return char === '\\' ? this.#readEscaped() : (char.codePointAt(0) ?? 0);
  }

  #oneOf(code: number): Test {
    return this.#folded((c) => c === code);
  }

  /** Case of ASCII letters alone: logins and names have no others. */
  #folded(test: Test): Test {
    if (!this.#ignoresCase) return test;
    return (c) => test(c) || (isWord(c) && c > 64 && c !== 95 && test(c ^ 32));
  }

  #peek(): string {
    return this.#text[this.#at] ?? '';
  }

  #next(): string {
    const code = this.#text.codePointAt(this.#at);
    if (code === undefined) return '';
    const char = String.fromCodePoint(code);
    this.#at += char.length;
    return char;
  }

  #take(char: string): boolean {
    if (this.#peek() !== char) return false;
    this.#at++;
    return true;
  }

  #takeAll(chars: string): boolean {
    if (!this.#text.startsWith(chars, this.#at)) return false;
    this.#at += chars.length;
    return true;
  }

  #refuse(message: string, back = 0): RegexError {
    return new RegexError(message, Math.max(0, this.#at - back));
  }
}
