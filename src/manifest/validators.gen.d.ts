import type { Kind } from '../model/index.ts';

// The types of `validators.gen.js`, which scripts/generate.mjs makes; this file is written by hand.

/** One thing that Ajv found wrong (https://ajv.js.org/api.html#error-objects), with the schema that it broke. */
export interface SchemaError {
  readonly keyword: string;
  /** JSON pointer (RFC 6901) to the value. */
  readonly instancePath: string;
  readonly schemaPath: string;
  readonly params: Readonly<Record<string, unknown>>;
  /** Set where the keyword was applied to a key and not to a value. */
  readonly propertyName?: string;
  readonly schema: unknown;
  readonly parentSchema: SchemaNode;
  /** The value itself: never to be printed. */
  readonly data: unknown;
}

/** The parts of a schema that hints are made of. */
export interface SchemaNode {
  readonly title?: string;
  readonly description?: string;
  readonly examples?: readonly unknown[];
  readonly pattern?: string;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly propertyNames?: SchemaNode;
}

export interface Validator {
  (data: unknown): boolean;
  errors?: readonly SchemaError[] | null;
}

/** By the kind of manifest, and those of the other files. */
export const validators: Readonly<Record<Kind | 'ProjectFile' | 'RuleFile' | 'PolicyTestFile' | 'Snapshot', Validator>>;
