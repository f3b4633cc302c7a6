import { PamError } from '../errors/index.ts';
import { Secret } from '../model/index.ts';
import { type Complexity, type Recipe, recipeOf } from './complexity.ts';
import { arrangements, countPasswords, type Middle, waysOf } from './count.ts';
import { containsLogin, hasLongRun } from './satisfies.ts';

/** Uniform in [0, max), max up to 2^48 - 1: `crypto.randomInt`, or a seeded one in tests. */
type RandomInt = (max: number) => number;

export interface GenerateOptions {
  /** The password will not contain it, nor a part of it. */
  readonly login?: string;
  readonly randomInt: RandomInt;
}

/** `checkComplexity` refuses what is met less than once in a hundred draws: this many misses do not happen. */
const MAX_DRAWS = 5000;

/**
 * A password with the complexity, each of those that satisfy it equally likely: drawn as a whole and thrown away as a whole
 * where it contains the login or a run of one character, so that no rule favours a position.
 * PamError PAM1070 when there is none, which `checkComplexity` would have said.
 */
export function generatePassword(complexity: Complexity, { login, randomInt }: GenerateOptions): Secret {
  const recipe = recipeOf(complexity);
  for (let draw = 0; draw < MAX_DRAWS; draw++) {
    const bytes = drawPassword(recipe, randomInt);
    if (bytes === null) break;
    const good = !hasLongRun(bytes, recipe.maxRepeat) && !containsLogin(bytes, login);
    const secret = good ? Secret.fromBytes(bytes) : null;
    bytes.fill(0);
    if (secret !== null) return secret;
  }
  throw new PamError('PAM1070', 'no password satisfies the complexity of this account', {
    hint: 'raise length, lower the minimums, or allow more characters',
  });
}

/** ASCII codes; null where the recipe allows nothing. */
function drawPassword(recipe: Recipe, randomInt: RandomInt): Buffer | null {
  const { total, ends } = countPasswords(recipe);
  if (total === 0n) return null;
  const end = pick(ends, total, (e) => e.weight, randomInt);
  const classes = [end.first, ...shuffle(drawClasses(recipe, end.middle, randomInt), randomInt), end.last];
  return Buffer.from(
    classes.map((c) => {
      const chars = recipe.classes[c]?.chars ?? '';
      return chars.charCodeAt(randomInt(chars.length));
    }),
  );
}

/** How many characters of each class stand in the middle, by the number of ways to place them: class indices, in order. */
function drawClasses(recipe: Recipe, middle: Middle, randomInt: RandomInt): number[] {
  const drawn: number[] = [];
  let rest = middle.length;
  for (const [c, charClass] of recipe.classes.entries()) {
    const least = middle.mins[c] ?? 0;
    const choices = Array.from({ length: Math.max(0, rest - least + 1) }, (_, i) => least + i);
    const weight = (k: number) => arrangements(charClass, rest, k) * waysOf(middle, c + 1, rest - k);
    const count = pick(choices, waysOf(middle, c, rest), weight, randomInt);
    for (let i = 0; i < count; i++) drawn.push(c);
    rest -= count;
  }
  return drawn;
}

/** One of the choices, each as likely as its weight says. */
function pick<T>(choices: readonly T[], total: bigint, weight: (choice: T) => bigint, randomInt: RandomInt): T {
  let rest = randomBigInt(total, randomInt);
  for (const choice of choices) {
    rest -= weight(choice);
    if (rest < 0n) return choice;
  }
  throw new Error('weights do not add up to their total');
}

/** Uniform in [0, max): whole draws of enough bits, thrown away when too large. */
function randomBigInt(max: bigint, randomInt: RandomInt): bigint {
  const bits = BigInt((max - 1n).toString(2).length);
  for (;;) {
    let value = 0n;
    for (let have = 0n; have < bits; have += 32n) value = (value << 32n) | BigInt(randomInt(2 ** 32));
    value &= (1n << bits) - 1n;
    if (value < max) return value;
  }
}

/** Fisher and Yates, in place. */
function shuffle(items: number[], randomInt: RandomInt): number[] {
  for (let i = items.length - 1; i > 0; i--) {
    const j = randomInt(i + 1);
    [items[i], items[j]] = [items[j] ?? 0, items[i] ?? 0];
  }
  return items;
}
