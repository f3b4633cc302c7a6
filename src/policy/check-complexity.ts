import {
  alphabetSize,
  CHAR_KINDS,
  type CharKind,
  CLASS_NAMES,
  type Complexity,
  isKind,
  MAX_LENGTH,
  MIN_LENGTH,
  type Recipe,
  recipeOf,
} from './complexity.ts';
import { countPasswords, shareWithoutRuns } from './count.ts';
import { checkKeys, type Fields, hasErrors, isFields, type Problem, problem, quote, warning } from './problem.ts';
import { bitsOf } from './strength.ts';

/** Below this a stolen verifier can be searched: rotation does not help against that. */
const ENOUGH_BITS = 128;

const FIELDS = ['length', ...CLASS_NAMES, 'specialSet', 'exclude', 'noAmbiguous', 'firstChar', 'lastChar', 'maxRepeat'] as const;

/** Everything that is wrong with a complexity as it stands in a manifest. Takes any JSON and never throws. */
export function checkComplexity(value: unknown): Problem[] {
  if (!isFields(value)) return [problem('', 'a complexity is a mapping', 'write for example complexity: { length: 32, digits: 2 }')];
  const problems = [...checkKeys(value, FIELDS), ...checkFields(value)];
  return hasErrors(problems) ? problems : [...problems, ...checkTogether(value as Complexity)];
}

function checkFields(value: Fields): Problem[] {
  const problems: Problem[] = [];
  const checkInteger = (name: string, least: number, most: number) => {
    const given = value[name];
    if (given === undefined || (typeof given === 'number' && Number.isInteger(given) && given >= least && given <= most)) return;
    problems.push(problem(name, `${quote(given)} is not a whole number from ${least} to ${most}`));
  };
  checkInteger('length', MIN_LENGTH, MAX_LENGTH);
  for (const name of CLASS_NAMES) checkInteger(name, 0, MAX_LENGTH);
  checkInteger('maxRepeat', 1, MAX_LENGTH);
  const { specialSet, exclude, noAmbiguous } = value;
  if (specialSet !== undefined && !(typeof specialSet === 'string' && /^[!-/:-@[-`{-~]*$/.test(specialSet))) {
    problems.push(problem('specialSet', 'specialSet can only have printable ASCII that is neither letter nor digit nor space'));
  }
  if (exclude !== undefined && !(typeof exclude === 'string' && /^[!-~]*$/.test(exclude))) {
    problems.push(problem('exclude', 'exclude can only have printable ASCII; nothing else is ever drawn'));
  }
  if (noAmbiguous !== undefined && typeof noAmbiguous !== 'boolean')
    problems.push(problem('noAmbiguous', `${quote(noAmbiguous)} is neither true nor false`));
  for (const name of ['firstChar', 'lastChar'] as const) {
    const kind = value[name];
    if (kind === undefined || CHAR_KINDS.includes(kind as CharKind)) continue;
    problems.push(problem(name, `${quote(kind)} is not one of ${CHAR_KINDS.join(', ')}`));
  }
  return problems;
}

/** Is there a password that keeps to all of it, can it be found, and is it strong? */
function checkTogether(complexity: Complexity): Problem[] {
  const recipe = recipeOf(complexity);
  const problems = [...checkClasses(recipe), ...checkEnd(recipe, 'firstChar'), ...checkEnd(recipe, 'lastChar')];
  if (problems.length > 0) return problems;
  if (countPasswords(recipe).total === 0n) {
    return [
      problem(
        '',
        'the minimums fill the whole length and leave no character that may stand first and last',
        `raise length above ${recipe.length}`,
      ),
    ];
  }
  if (shareWithoutRuns(recipe) < 0.01) {
    return [
      problem('maxRepeat', `with ${alphabetSize(recipe)} characters hardly any password of length ${recipe.length} is free of longer runs`),
    ];
  }
  const bits = Math.floor(bitsOf(recipe));
  if (bits >= ENOUGH_BITS) return [];
  const length = enoughLength(complexity, recipe);
  const hint = length === null ? 'allow more characters' : `length: ${length} would be enough`;
  return [
    warning(complexity.length === undefined ? '' : 'length', `a password has ${bits} bits of entropy, fewer than ${ENOUGH_BITS}`, hint),
  ];
}

/** The shortest length that has enough bits with the same rules; null where the longest has not. */
function enoughLength(complexity: Complexity, recipe: Recipe): number | null {
  const estimate = Math.ceil(ENOUGH_BITS / Math.log2(Math.max(2, alphabetSize(recipe))));
  for (let length = Math.max(recipe.length, estimate); length <= MAX_LENGTH; length++) {
    if (bitsOf(recipeOf({ ...complexity, length })) >= ENOUGH_BITS) return length;
  }
  return null;
}

function checkClasses(recipe: Recipe): Problem[] {
  const problems = recipe.classes
    .filter(({ chars, min }) => min > 0 && chars === '')
    .map(({ name, min }) => problem(name, `${min} demanded, but no such character is left after exclusions`));
  const sum = recipe.classes.reduce((total, { min }) => total + min, 0);
  if (sum > recipe.length) {
    problems.push(
      problem('length', `the minimums add up to ${sum}, more than the length of ${recipe.length}`, `raise length to ${sum} or more`),
    );
  }
  if (alphabetSize(recipe) === 0) problems.push(problem('', 'no character is left to draw from'));
  return problems;
}

function checkEnd(recipe: Recipe, end: 'firstChar' | 'lastChar'): Problem[] {
  const possible = recipe.classes.some(({ name, chars }) => chars !== '' && isKind(recipe[end], name));
  return possible ? [] : [problem(end, `no ${recipe[end]} is left after exclusions`)];
}
