import { KINDS, parseAddress } from '../model/index.ts';
import { closest } from '../policy/index.ts';
import type { SchemaError, SchemaNode } from './validators.gen.js';

/** The types of JSON Schema in words. */
const TYPES: Readonly<Record<string, string>> = {
  string: 'text',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping',
};

export function typeInWords(type: unknown): string {
  return TYPES[String(type)] ?? 'something else';
}

export function typeName(value: unknown): string {
  if (value === null) return 'empty';
  if (Array.isArray(value)) return 'a list';
  return typeInWords(typeof value);
}

export function typeHint({ params, parentSchema, data }: SchemaError): string | undefined {
  if (data === null) return exampleHint(parentSchema);
  if (params['type'] === 'string' && typeof data !== 'object') return 'put quotes around it';
  if (typeof data === 'string' && params['type'] !== 'array' && params['type'] !== 'object') return 'write it without quotes';
  return exampleHint(parentSchema);
}

export function choiceHint(value: unknown, allowed: readonly string[]): string {
  const near = typeof value === 'string' ? closest(value, allowed) : null;
  return near === null ? `allowed: ${allowed.join(', ')}` : `did you mean ${near}?`;
}

export function isReference(schema: SchemaNode): boolean {
  return schema.pattern?.startsWith('^(?:(?:PamConfiguration|') ?? false;
}

export function referenceHint(value: unknown): string {
  const [kind = '', name = ''] = typeof value === 'string' ? value.split('/') : [];
  const near = name === '' ? null : closest(kind, KINDS);
  if (near !== null && near !== kind && parseAddress(`${near}/${name}`) !== null) return `did you mean ${near}/${name}?`;
  return 'write the metadata.name of the resource, or Kind/name';
}

export function boundOf(keyword: string, limit: unknown): string {
  switch (keyword) {
    case 'minLength':
      return 'is empty';
    case 'maxLength':
      return `has more than ${String(limit)} characters`;
    case 'minimum':
      return `is less than ${String(limit)}`;
    case 'maximum':
      return `is more than ${String(limit)}`;
    case 'minItems':
    case 'minProperties':
      return `has fewer than ${String(limit)} items`;
    case 'maxItems':
    case 'maxProperties':
      return `has more than ${String(limit)} items`;
    default:
      return 'is malformed';
  }
}

export function formHint(schema: SchemaNode | undefined): string | undefined {
  const description = schema?.description;
  const example = schema?.examples?.[0];
  return description === undefined || example === undefined ? description : `${description} Example: ${JSON.stringify(example)}`;
}

export function exampleHint(schema: SchemaNode | undefined, name?: string): string | undefined {
  const example = schema?.examples?.[0];
  return example === undefined ? undefined : `such as ${name === undefined ? '' : `${name}: `}${JSON.stringify(example)}`;
}

export function list(words: readonly string[], last: string): string {
  return words.length < 2 ? words.join() : `${words.slice(0, -1).join(', ')} ${last} ${words.at(-1)}`;
}
