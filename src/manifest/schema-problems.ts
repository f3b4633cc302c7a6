import type { Code, PamError } from '../errors/index.ts';
import { KINDS, parseAddress, SECRET_FIELDS } from '../model/index.ts';
import { closest } from '../policy/index.ts';
import { hintsAtSecret, namesSecret } from './sensitive.ts';
import { problemAt, type SourceFile, type Span } from './source.ts';
import { escapeKey, markOf, pathOf, type Tree } from './tree.ts';
import type { SchemaError, SchemaNode, Validator } from './validators.gen.js';

/** A document under check: what errors call it, and where its values stand. */
export interface Subject {
  /** `PamUser/orders-app`, or what is known of it. */
  readonly label: string;
  readonly source: SourceFile;
  readonly tree: Tree;
}

/** What is to be said about one error of Ajv. */
interface Finding {
  readonly code: Code;
  readonly pointer: string;
  /** After the label: `spec.login is missing`. */
  readonly message: string;
  readonly hint?: string | undefined;
  /** Points at the key and not at the value. */
  readonly atKey?: boolean;
  readonly secret?: boolean;
  /** Of an unknown field: the one that it is a misspelling of. Other errors about that are noise. */
  readonly meant?: string | undefined;
  /** `message` names a key that is no slip of a known one, so that it may be anything. */
  readonly namesKey?: boolean;
}

const INTRUDERS: readonly Code[] = ['PAM1013', 'PAM1015', 'PAM1020'];

/**
 * Ajv's errors as located errors with hints. Nothing that stands in the document is repeated, except for keys and for values of
 * fields with a fixed list of values, and those only away from secret fields.
 */
export function explainSchemaErrors(subject: Subject, errors: readonly SchemaError[]): PamError[] {
  const findings = errors.filter((error) => !isNoise(error) && !subject.tree.unread.has(error.instancePath)).map(explain);
  const meant = new Set(findings.map((f) => f.meant));
  // What is no mapping, or holds a field that is none, also fails to have "exactly one of" the right ones.
  const intruders = new Set(findings.flatMap((f) => (INTRUDERS.includes(f.code) ? [f.pointer, parentOf(f.pointer)] : [])));
  const seen = new Set<string>();
  return findings.flatMap((finding) => {
    const { code, pointer, message, hint } = finding;
    if ((code === 'PAM1014' && meant.has(pointer)) || (code === 'PAM1018' && intruders.has(pointer))) return [];
    const place = placeOf(subject.tree, finding);
    const isShown = finding.namesKey !== true || subject.source.frame(place) !== undefined;
    const text = `${subject.label}: ${isShown ? message : 'unknown field'}`;
    if (seen.has(`${pointer}\0${text}`)) return [];
    seen.add(`${pointer}\0${text}`);
    return [problemAt(subject.source, place, code, text, { hint, secret: finding.secret ?? false })];
  });
}

/** The first of them: whoever made more mends these first. */
const MAX_ERRORS = 1000;

export function validate(validator: Validator, value: unknown): readonly SchemaError[] {
  return validator(value) ? [] : (validator.errors ?? []).slice(0, MAX_ERRORS);
}

/** Whether the value at a JSON pointer, and everything in it, obeys the schema and could be read. */
export function isSoundIn(tree: Tree, errors: readonly SchemaError[]): (pointer: string) => boolean {
  const broken = [...errors.map((error) => error.instancePath), ...tree.unread];
  return (pointer) => !broken.some((at) => at === pointer || at.startsWith(`${pointer}/`));
}

/** Errors that repeat what another error of the same value says. */
function isNoise(error: SchemaError): boolean {
  if (error.keyword === 'if' || error.keyword === 'discriminator' || error.propertyName !== undefined) return true;
  return error.keyword === 'required' && /\/oneOf\/\d+\/required$/.test(error.schemaPath);
}

function parentOf(pointer: string): string {
  return pointer.slice(0, pointer.lastIndexOf('/'));
}

function placeOf(tree: Tree, { pointer, atKey }: Finding): Span {
  const mark = markOf(tree, pointer);
  const hasNoValue = !tree.marks.has(pointer) || mark.start === mark.end;
  return atKey === true || hasNoValue ? (mark.key ?? { start: mark.start, end: mark.start + 1 }) : mark;
}

function explain(error: SchemaError): Finding {
  const { keyword, instancePath: pointer, params, parentSchema, data } = error;
  const path = pathOf(pointer);
  const as = (code: Code, message: string, hint?: string): Finding => ({ code, pointer, message, hint });
  switch (keyword) {
    case 'additionalProperties':
      return explainUnknownField(error);
    case 'required': {
      const name = String(params['missingProperty']);
      const field = parentSchema.properties?.[name];
      return { code: 'PAM1014', pointer: `${pointer}/${name}`, message: `${pathOf(`${pointer}/${name}`)} is missing`, hint: exampleHint(field, name), atKey: true };
    }
    case 'type':
      if (parentSchema.title === 'SecretSource' && data !== null) return literalSecret(pointer);
      return as('PAM1015', `${path || 'the document'} must be ${TYPES[String(params['type'])] ?? 'something else'}, not ${typeName(data)}`, typeHint(error));
    case 'const':
    case 'enum': {
      if (pointer === '/apiVersion') return as('PAM1011', 'this apiVersion is not known', 'apiVersion: pam/v1');
      const allowed = keyword === 'const' ? [params['allowedValue']] : (params['allowedValues'] as readonly unknown[]);
      return as('PAM1016', `${path} has a value that is not one of those allowed`, choiceHint(data, allowed.map(String)));
    }
    case 'oneOf': {
      const names = (error.schema as readonly { readonly required: readonly string[] }[]).map((branch) => branch.required.join());
      return as('PAM1018', `${path} must have exactly one of ${list(names, 'and')}`, exampleHint(parentSchema));
    }
    case 'false schema': {
      const other = /\/dependentSchemas\/([^/]+)\//.exec(error.schemaPath)?.[1] ?? 'another field';
      return { ...as('PAM1018', `${path} cannot stand beside ${other}`, 'remove one of the two'), atKey: true };
    }
    case 'propertyNames': {
      const key = String(params['propertyName']);
      const keyPointer = `${pointer}/${escapeKey(key)}`;
      const hint = formHint(parentSchema.propertyNames);
      return { code: 'PAM1017', pointer: keyPointer, message: `a key of ${path} is malformed`, hint, atKey: true };
    }
    case 'pattern':
      if (isReference(parentSchema)) return as('PAM1022', `${path} is no reference to a resource`, referenceHint(data));
      return as('PAM1017', `${path} is malformed`, formHint(parentSchema));
    case 'uniqueItems':
      return as('PAM1017', `${path} has the same item twice`, 'remove one of the two');
    default:
      return as('PAM1017', `${path} ${boundOf(keyword, params['limit'])}`, formHint(parentSchema));
  }
}

function explainUnknownField({ instancePath, params, parentSchema, data }: SchemaError): Finding {
  const key = String(params['additionalProperty']);
  const pointer = `${instancePath}/${escapeKey(key)}`;
  const fields = Object.keys(parentSchema.properties ?? {});
  const near = closest(key, fields);
  const value = (data as Readonly<Record<string, unknown>>)[key];
  // `{ value: … }`, or a name that pam does not know: what stands there was meant as the secret itself.
  if (parentSchema.title === 'SecretSource' && near === null) return literalSecret(instancePath);
  if (namesSecret(key) && (typeof value === 'number' || (typeof value === 'string' && value !== ''))) return literalSecret(pointer);
  const hint = near === null ? `known here: ${fields.join(', ')}` : `did you mean ${near}?`;
  const meant = near === null ? undefined : `${instancePath}/${near}`;
  return { code: 'PAM1013', pointer, message: `unknown field ${pathOf(pointer)}`, hint, atKey: true, secret: hintsAtSecret(key), meant, namesKey: near === null };
}

function isSecretField(name: string): boolean {
  return (SECRET_FIELDS as readonly string[]).includes(name);
}

/** A secret in the text. A hint on how to name its source, where the field is one that takes a source. */
export function literalSecret(pointer: string): Finding & { code: 'PAM1020' } {
  const [, top, name = ''] = pointer.split('/');
  let source = '{ fromEnv: NAME }';
  if (top === 'spec') source = isSecretField(name) ? `${name}: { fromEnv: ${name.replace(/([A-Z])/g, '_$1').toUpperCase()} }` : `password: ${source} of a PamUser`;
  const hint = `name where it is read from, such as ${source}; if it was ever committed, rotate it`;
  return { code: 'PAM1020', pointer, message: `${pathOf(pointer)} holds a secret in plain text`, hint, secret: true };
}

const TYPES: Readonly<Record<string, string>> = {
  string: 'text',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping',
};

function typeName(value: unknown): string {
  if (value === null) return 'empty';
  if (Array.isArray(value)) return 'a list';
  return TYPES[typeof value] ?? 'something else';
}

function typeHint({ params, parentSchema, data }: SchemaError): string | undefined {
  if (data === null) return exampleHint(parentSchema);
  if (params['type'] === 'string' && typeof data !== 'object') return 'put quotes around it';
  if (typeof data === 'string' && params['type'] !== 'array' && params['type'] !== 'object') return 'write it without quotes';
  return exampleHint(parentSchema);
}

function choiceHint(value: unknown, allowed: readonly string[]): string {
  const near = typeof value === 'string' ? closest(value, allowed) : null;
  return near === null ? `allowed: ${allowed.join(', ')}` : `did you mean ${near}?`;
}

function isReference(schema: SchemaNode): boolean {
  return schema.pattern?.startsWith('^(?:(?:PamConfiguration|') ?? false;
}

function referenceHint(value: unknown): string {
  const [kind = '', name = ''] = typeof value === 'string' ? value.split('/') : [];
  const near = name === '' ? null : closest(kind, KINDS);
  if (near !== null && near !== kind && parseAddress(`${near}/${name}`) !== null) return `did you mean ${near}/${name}?`;
  return 'write the metadata.name of the resource, or Kind/name';
}

function boundOf(keyword: string, limit: unknown): string {
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

function formHint(schema: SchemaNode | undefined): string | undefined {
  const description = schema?.description;
  const example = schema?.examples?.[0];
  return description === undefined || example === undefined ? description : `${description} Example: ${JSON.stringify(example)}`;
}

function exampleHint(schema: SchemaNode | undefined, name?: string): string | undefined {
  const example = schema?.examples?.[0];
  return example === undefined ? undefined : `such as ${name === undefined ? '' : `${name}: `}${JSON.stringify(example)}`;
}

function list(words: readonly string[], last: string): string {
  return words.length < 2 ? words.join() : `${words.slice(0, -1).join(', ')} ${last} ${words.at(-1)}`;
}
