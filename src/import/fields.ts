import type { Json, JsonObject } from '../model/index.ts';

/** Fields of a spec while they are gathered. */
export type Fields = Record<string, Json | undefined>;

/** Those that have a value. */
export function defined(fields: Fields): JsonObject {
  return Object.fromEntries(Object.entries(fields).filter((entry): entry is [string, Json] => entry[1] !== undefined));
}
