import { alphabetSize, type CharClass, isKind, type Recipe } from './complexity.ts';

/**
 * How many passwords a recipe allows, exactly (`maxRepeat` and the login aside). With it the generator draws each of them with
 * equal probability, also where drawing and looking would hardly ever meet the minimums (20 characters with ten of five special ones).
 */
export interface Counts {
  readonly total: bigint;
  /** By the classes of the first and the last character: what may stand there, and how the characters between can be made up. */
  readonly ends: readonly { readonly first: number; readonly last: number; readonly weight: bigint; readonly middle: Middle }[];
}

/** The characters between the first and the last one. */
export interface Middle {
  readonly length: number;
  /** Fewest of each class that are still missing. */
  readonly mins: readonly number[];
  /** `ways[c][m]`: strings of m characters from the classes c, c + 1, … that meet their minimums. */
  readonly ways: readonly (readonly bigint[])[];
}

const counted = new WeakMap<Recipe, Counts>();

export function countPasswords(recipe: Recipe): Counts {
  let counts = counted.get(recipe);
  if (counts === undefined) {
    counts = countAnew(recipe);
    counted.set(recipe, counts);
  }
  return counts;
}

function countAnew({ length, classes, firstChar, lastChar }: Recipe): Counts {
  const ends: Counts['ends'][number][] = [];
  const middles = new Map<string, Middle>();
  for (const [first, a] of classes.entries()) {
    if (!isKind(firstChar, a.name)) continue;
    for (const [last, b] of classes.entries()) {
      if (!isKind(lastChar, b.name)) continue;
      const mins = classes.map(({ min }, c) => Math.max(0, min - Number(c === first) - Number(c === last)));
      const key = mins.join();
      const middle = middles.get(key) ?? { length: length - 2, mins, ways: countWays(classes, mins, length - 2) };
      middles.set(key, middle);
      const weight = BigInt(a.chars.length) * BigInt(b.chars.length) * waysOf(middle, 0, length - 2);
      if (weight > 0n) ends.push({ first, last, weight, middle });
    }
  }
  return { total: ends.reduce((sum, { weight }) => sum + weight, 0n), ends };
}

function countWays(classes: readonly CharClass[], mins: readonly number[], length: number): bigint[][] {
  const ways: bigint[][] = [];
  ways[classes.length] = Array.from({ length: length + 1 }, (_, m) => (m === 0 ? 1n : 0n));
  for (let c = classes.length - 1; c >= 0; c--) {
    const next = ways[c + 1] ?? [];
    ways[c] = Array.from({ length: length + 1 }, (_, m) => {
      let sum = 0n;
      for (let k = mins[c] ?? 0; k <= m; k++) sum += arrangements(classes[c], m, k) * (next[m - k] ?? 0n);
      return sum;
    });
  }
  return ways;
}

/** Ways to put k characters of a class into m places. */
export function arrangements(charClass: CharClass | undefined, m: number, k: number): bigint {
  return (binomials(m)[k] ?? 0n) * BigInt(charClass?.chars.length ?? 0) ** BigInt(k);
}

export function waysOf(middle: Middle, c: number, m: number): bigint {
  return middle.ways[c]?.[m] ?? 0n;
}

/** Rows of Pascal's triangle, made as they are needed. */
const triangle: bigint[][] = [[1n]];

function binomials(n: number): readonly bigint[] {
  for (let row = triangle.length; row <= n; row++) {
    const above = triangle[row - 1] ?? [];
    triangle.push(Array.from({ length: row + 1 }, (_, k) => (above[k - 1] ?? 0n) + (above[k] ?? 0n)));
  }
  return triangle[n] ?? [];
}

/**
 * Share of random strings over the alphabet whose runs are no longer than `maxRepeat`. Classes are taken as drawn evenly: near
 * enough to say whether drawing again will do, and how many bits the rule costs.
 */
export function shareWithoutRuns(recipe: Recipe): number {
  const size = alphabetSize(recipe);
  if (size < 2) return recipe.length <= recipe.maxRepeat ? 1 : 0;
  // runs[j]: probability that all is well so far and the last run has j + 1 characters.
  let runs = [1];
  for (let i = 1; i < recipe.length; i++) {
    const good = runs.reduce((sum, p) => sum + p, 0);
    runs = [(good * (size - 1)) / size, ...runs.slice(0, recipe.maxRepeat - 1).map((p) => p / size)];
  }
  return runs.reduce((sum, p) => sum + p, 0);
}

export function log2(value: bigint): number {
  if (value <= 0n) return Number.NEGATIVE_INFINITY;
  const hex = value.toString(16);
  return Math.log2(Number.parseInt(hex.slice(0, 12), 16)) + Math.max(0, hex.length - 12) * 4;
}
