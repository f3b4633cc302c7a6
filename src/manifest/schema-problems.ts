import type { Code, PamError } from '../errors/index.ts';
import { SECRET_FIELDS } from '../model/index.ts';
import { closest } from '../policy/index.ts';
import { boundOf, choiceHint, exampleHint, formHint, isReference, list, referenceHint, typeHint, typeInWords, typeName } from './hints.ts';
import { hintsAtSecret, namesSecret } from './sensitive.ts';
import { problemAt, type SourceFile, type Span } from './source.ts';
import { escapeKey, markOf, pathOf, type Tree } from './tree.ts';
import type { SchemaError, Validator } from './validators.gen.js';

/** A document under check: what errors call it, and where its values stand. */
export interface Subject {
  /** `PamUser/orders-app`, or what is known of it; may be empty. */
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
    const said = isShown ? message : 'unknown field';
    const text = subject.label === '' ? said : `${subject.label}: ${said}`;
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
      return {
        code: 'PAM1014',
        pointer: `${pointer}/${name}`,
        message: `${pathOf(`${pointer}/${name}`)} is missing`,
        hint: exampleHint(field, name),
        atKey: true,
      };
    }
    case 'type':
      if (parentSchema.title === 'SecretSource' && data !== null) return literalSecret(pointer);
      return as('PAM1015', `${path || 'the document'} must be ${typeInWords(params['type'])}, not ${typeName(data)}`, typeHint(error));
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
  return {
    code: 'PAM1013',
    pointer,
    message: `unknown field ${pathOf(pointer)}`,
    hint,
    atKey: true,
    secret: hintsAtSecret(key),
    meant,
    namesKey: near === null,
  };
}

function isSecretField(name: string): boolean {
  return (SECRET_FIELDS as readonly string[]).includes(name);
}

/** A secret in the text. A hint on how to name its source, where the field is one that takes a source. */
export function literalSecret(pointer: string): Finding & { code: 'PAM1020' } {
  const [, top, name = ''] = pointer.split('/');
  let source = '{ fromEnv: NAME }';
  if (top === 'spec')
    source = isSecretField(name)
      ? `${name}: { fromEnv: ${name.replace(/([A-Z])/g, '_$1').toUpperCase()} }`
      : `password: ${source} of a PamUser`;
  const hint = `name where it is read from, such as ${source}; if it was ever committed, rotate it`;
  return { code: 'PAM1020', pointer, message: `${pathOf(pointer)} holds a secret in plain text`, hint, secret: true };
}
