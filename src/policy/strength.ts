import { alphabetSize, type Complexity, type Recipe, recipeOf } from './complexity.ts';
import { countPasswords, log2, shareWithoutRuns } from './count.ts';

/** Entropy of a generated password in bits, every rule counted; negative infinity where no password satisfies the complexity. */
export function entropyBits(complexity: Complexity): number {
  return bitsOf(recipeOf(complexity));
}

export function bitsOf(recipe: Recipe): number {
  return log2(countPasswords(recipe).total) + Math.log2(shareWithoutRuns(recipe));
}

/**
 * Does `after` demand more of a password than `before`, or less? `mixed`: more in one thing, less in another. A set of characters is
 * stricter when it is larger; another one of the same size is mixed. What may stand first and last makes no difference.
 */
export function compareComplexity(before: Complexity, after: Complexity): 'weaker' | 'stricter' | 'same' | 'mixed' {
  const [old, now] = [recipeOf(before), recipeOf(after)];
  const steps = demandsOf(now).map((demand, i) => demand - (demandsOf(old)[i] ?? 0));
  const otherSet = alphabetSize(old) === alphabetSize(now) && charsOf(old) !== charsOf(now);
  const stricter = otherSet || steps.some((step) => step > 0);
  const weaker = otherSet || steps.some((step) => step < 0);
  if (stricter) return weaker ? 'mixed' : 'stricter';
  return weaker ? 'weaker' : 'same';
}

/** Numbers that are larger in a stricter policy. */
function demandsOf(recipe: Recipe): number[] {
  return [recipe.length, alphabetSize(recipe), -recipe.maxRepeat, ...recipe.classes.map(({ min }) => min)];
}

function charsOf(recipe: Recipe): string {
  return recipe.classes.map(({ chars }) => [...chars].sort().join('')).join();
}
