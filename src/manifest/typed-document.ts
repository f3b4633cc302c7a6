import type { Code, PamError } from '../errors/index.ts';
import { readDocuments, type YamlDocument } from './documents.ts';
import { findInScalar } from './scalar-place.ts';
import { explainSchemaErrors, type Subject, validate } from './schema-problems.ts';
import { openSource, problemAt, type SourceFile, toProblems } from './source.ts';
import { markOf, readTree } from './tree.ts';
import type { Validator } from './validators.gen.js';

export interface ErrorPlace {
  readonly hint?: string | undefined;
  /** A part of the text that stands there, in UTF-16 code units of its value. */
  readonly range?: { readonly start: number; readonly end: number } | undefined;
  /** Points at the key and not at the value. */
  readonly atKey?: boolean;
}

/** Makes an error at the value of a JSON pointer, for rooms that find out more about a file than its schema says. */
export type ErrorAt = (pointer: string, code: Code, message: string, place?: ErrorPlace) => PamError;

/** One document that is no manifest. */
export interface TypedDocument<T> {
  /** Null where there are problems. */
  readonly value: T | null;
  readonly problems: readonly PamError[];
  readonly errorAt: ErrorAt;
  readonly source: SourceFile;
  readonly subject: Subject;
}

export function createErrorAt(subject: Subject): ErrorAt {
  const { source, tree, label } = subject;
  return (pointer, code, message, { hint, range, atKey } = {}) => {
    const mark = markOf(tree, pointer);
    const span =
      atKey === true
        ? (mark.key ?? mark)
        : range === undefined
          ? mark
          : findInScalar(source.text, mark, range, textAt(tree.value, pointer));
    return problemAt(source, span, code, label === '' ? message : `${label}: ${message}`, { hint });
  };
}

/** Reads all documents of a file against a schema; a problem where the bytes are no text. */
export function readTypedFile<T>(
  path: string,
  bytes: Uint8Array,
  label: string,
  validator: Validator,
): readonly TypedDocument<T>[] | PamError {
  const opened = openSource(path, bytes);
  if ('problem' in opened) return opened.problem;
  const { source } = opened;
  return [...readDocuments(source)].map((document) => readTyped<T>(source, document, label, validator));
}

function readTyped<T>(source: SourceFile, document: YamlDocument, label: string, validator: Validator): TypedDocument<T> {
  const tree = readTree(source, document);
  const subject: Subject = { label, source, tree };
  const problems = toProblems(source, label, [...document.faults, ...tree.faults]);
  if (document.faults.length === 0) problems.push(...explainSchemaErrors(subject, validate(validator, tree.value)));
  const value = problems.length === 0 ? (tree.value as T) : null;
  return { value, problems, errorAt: createErrorAt(subject), source, subject };
}

function textAt(root: unknown, pointer: string): string {
  let at = root;
  for (const part of pointer.split('/').slice(1))
    at = (at as Readonly<Record<string, unknown>> | null)?.[part.replace(/~1/g, '/').replace(/~0/g, '~')];
  return typeof at === 'string' ? at : '';
}
