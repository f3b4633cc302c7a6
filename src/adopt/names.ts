import { createHash } from 'node:crypto';

/** As long as `metadata.name` may be. */
const MAX_NAME = 128;

/**
 * Gives names to what has none that a manifest may carry. The same text gets the same name whatever else is there, unless that name is
 * taken: then a hash of the text follows it, and a number where the same text comes again. `taken` learns each name.
 */
export function createNamer(taken: Set<string>): (text: string) => string {
  return (text) => {
    const hash = createHash('sha256').update(text).digest('hex').slice(0, 8);
    const plain = shorten(slug(text), MAX_NAME) || hash;
    let name = plain;
    for (let n = 1; taken.has(name); n++) {
      const suffix = n === 1 ? hash : `${hash}-${n}`;
      name = `${shorten(plain, MAX_NAME - suffix.length - 1)}-${suffix}`;
    }
    taken.add(name);
    return name;
  };
}

/** Lower-case letters, digits, `-`, `_` and `.`, from a letter or digit to a letter or digit; letters lose their accents. */
export function slug(text: string): string {
  const plain = text
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/-{2,}/g, '-');
  return trim(plain);
}

function shorten(name: string, length: number): string {
  return trim(name.slice(0, length));
}

function trim(name: string): string {
  return name.replace(/^[^a-z0-9]+/, '').replace(/[^a-z0-9]+$/, '');
}
