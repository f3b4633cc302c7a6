import type { Secret } from '../model/index.ts';
import { allowedChars, CLASS_NAMES, type ClassName, type Complexity, isKind, recipeOf } from './complexity.ts';

/**
 * Does a password, made by us or not, keep to the complexity? `length` is the fewest characters; minimums that are left
 * out demand nothing, and an explicit 0 demands nothing either.
 */
export function satisfies(complexity: Complexity, password: Secret): boolean {
  const bytes = password.bytes();
  try {
    return followsRules(complexity, bytes);
  } finally {
    bytes.fill(0);
  }
}

function followsRules(complexity: Complexity, bytes: Uint8Array): boolean {
  const recipe = recipeOf(complexity);
  const sets = CLASS_NAMES.map((name) => ({ name, chars: allowedChars(complexity, name), min: complexity[name] ?? 0 }));
  const kinds: ClassName[] = [];
  for (const byte of bytes) {
    const set = sets.find(({ chars }) => chars.includes(String.fromCharCode(byte)));
    if (set === undefined) return false;
    kinds.push(set.name);
  }
  const [first, last] = [kinds[0], kinds.at(-1)];
  if (first === undefined || last === undefined || bytes.length < recipe.length) return false;
  return (
    isKind(recipe.firstChar, first) &&
    isKind(recipe.lastChar, last) &&
    sets.every(({ name, min }) => kinds.filter((kind) => kind === name).length >= min) &&
    !hasLongRun(bytes, recipe.maxRepeat)
  );
}

/** Does one character stand more than `max` times in a row? */
export function hasLongRun(bytes: Uint8Array, max: number): boolean {
  let run = 0;
  for (const [i, byte] of bytes.entries()) {
    run = i > 0 && byte === bytes[i - 1] ? run + 1 : 1;
    if (run > max) return true;
  }
  return false;
}

/**
 * Does the password contain the login or a word of it, whatever the case? Words of three characters and more count, as in
 * Active Directory's "must meet complexity requirements".
 */
export function containsLogin(bytes: Uint8Array, login: string | undefined): boolean {
  if (login === undefined) return false;
  const words = [login, ...login.split(/[^A-Za-z0-9]+/)].filter((word) => word.length >= 3);
  return words.some((word) => containsWord(bytes, Buffer.from(word.toLowerCase())));
}

/** `word` is in lower case. Compares bytes, so that the password never becomes a string. */
function containsWord(bytes: Uint8Array, word: Uint8Array): boolean {
  for (let start = 0; start + word.length <= bytes.length; start++) {
    if (word.every((byte, i) => lower(bytes[start + i] ?? 0) === byte)) return true;
  }
  return false;
}

function lower(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte;
}
