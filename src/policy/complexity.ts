/** What a password must be. Every field may be left out; `checkComplexity` says what fits together. */
export interface Complexity {
  /** Characters of a generated password, and the fewest of any other; 4 to 128, default 32. */
  readonly length?: number;
  /**
   * Fewest characters of each class. Left out: at least one is drawn where that fits into the length, none is demanded.
   * An explicit 0 draws none, as KeeperPAM does: some targets refuse a class.
   */
  readonly upper?: number;
  readonly lower?: number;
  readonly digits?: number;
  readonly special?: number;
  /** Printable ASCII other than letters, digits and space; default `-_.~+`, which no shell, URL or SQL dialect trips over. */
  readonly specialSet?: string;
  /** Characters that may not appear, of any class. */
  readonly exclude?: string;
  /** Leaves out what looks alike: `0 O 1 l I |`. */
  readonly noAmbiguous?: boolean;
  /** Default `letter` (where letters are allowed): a leading `-` is an option to many programs. */
  readonly firstChar?: CharKind;
  /** Default `any`. */
  readonly lastChar?: CharKind;
  /** Longest run of one character; default 2. */
  readonly maxRepeat?: number;
}

export const CHAR_KINDS = ['letter', 'alnum', 'any'] as const;
export type CharKind = (typeof CHAR_KINDS)[number];

export const CLASS_NAMES = ['upper', 'lower', 'digits', 'special'] as const;
export type ClassName = (typeof CLASS_NAMES)[number];

const DEFAULT_LENGTH = 32;
/** Below 4 there is nothing to protect; above 128 counting takes longer than it is worth and targets cut off. */
export const MIN_LENGTH = 4;
export const MAX_LENGTH = 128;

const AMBIGUOUS = '0O1lI|';
const CHARS: Readonly<Record<ClassName, string>> = {
  upper: 'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
  lower: 'abcdefghijklmnopqrstuvwxyz',
  digits: '0123456789',
  special: '-_.~+',
};

export interface CharClass {
  readonly name: ClassName;
  /** The characters to draw from, each once; may be empty. */
  readonly chars: string;
  /** Fewest in a generated password. */
  readonly min: number;
}

/** A complexity with every default filled in, as the generator uses it. */
export interface Recipe {
  readonly length: number;
  readonly classes: readonly CharClass[];
  readonly firstChar: CharKind;
  readonly lastChar: CharKind;
  readonly maxRepeat: number;
}

/** Recipes by the JSON of their complexity: the counts that hang on them cost far more than a draw. Emptied when full. */
const recipes = new Map<string, Recipe>();
const CACHE_SIZE = 1000;

/** Only for a complexity that `checkComplexity` finds no errors in. */
export function recipeOf(complexity: Complexity): Recipe {
  const key = JSON.stringify(complexity);
  let recipe = recipes.get(key);
  if (recipe === undefined) {
    recipe = fillIn(complexity);
    if (recipes.size >= CACHE_SIZE) recipes.clear();
    recipes.set(key, recipe);
  }
  return recipe;
}

function fillIn(complexity: Complexity): Recipe {
  const length = complexity.length ?? DEFAULT_LENGTH;
  const allowed = CLASS_NAMES.map((name) => ({ name, chars: complexity[name] === 0 ? '' : allowedChars(complexity, name) }));
  const given = CLASS_NAMES.reduce((sum, name) => sum + (complexity[name] ?? 0), 0);
  const leftOut = allowed.filter(({ name, chars }) => complexity[name] === undefined && chars !== '').length;
  const least = given + leftOut <= length ? 1 : 0;
  const classes = allowed.map(({ name, chars }) => ({ name, chars, min: complexity[name] ?? (chars === '' ? 0 : least) }));
  const hasLetters = classes.some(({ name, chars }) => isKind('letter', name) && chars !== '');
  return {
    length,
    classes,
    firstChar: complexity.firstChar ?? (hasLetters ? 'letter' : 'any'),
    lastChar: complexity.lastChar ?? 'any',
    maxRepeat: complexity.maxRepeat ?? 2,
  };
}

/** Characters of a class that may appear at all. */
export function allowedChars(complexity: Complexity, name: ClassName): string {
  const all = name === 'special' ? (complexity.specialSet ?? CHARS.special) : CHARS[name];
  const excluded = `${complexity.exclude ?? ''}${complexity.noAmbiguous === true ? AMBIGUOUS : ''}`;
  return [...new Set(all)].filter((char) => !excluded.includes(char)).join('');
}

export function isKind(kind: CharKind, name: ClassName): boolean {
  return kind === 'any' || name === 'upper' || name === 'lower' || (kind === 'alnum' && name === 'digits');
}

export function alphabetSize(recipe: Recipe): number {
  return recipe.classes.reduce((sum, { chars }) => sum + chars.length, 0);
}
