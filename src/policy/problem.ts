import type { Json } from '../model/index.ts';

/** What is wrong with a piece of a manifest. The manifest room knows where it stands and makes a located error of it. */
export interface Problem {
  /** Dotted, relative to the value that was checked (`cron`, `weekly.time`); empty for the value itself. */
  readonly path: string;
  readonly message: string;
  /** What to type instead. */
  readonly hint?: string;
  /** A warning leaves the value usable. */
  readonly severity: 'error' | 'warning';
}

/** A mapping whose keys may not be what the type says: nothing is known yet about JSON that is being checked. */
export type Fields = { readonly [key: string]: Json | undefined };

export function problem(path: string, message: string, hint?: string): Problem {
  return { path, message, severity: 'error', ...(hint === undefined ? {} : { hint }) };
}

export function warning(path: string, message: string, hint?: string): Problem {
  return { ...problem(path, message, hint), severity: 'warning' };
}

export function hasErrors(problems: readonly Problem[]): boolean {
  return problems.some((p) => p.severity === 'error');
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Moves problems of a part below its key in the whole. */
export function within(key: string, problems: readonly Problem[]): Problem[] {
  return problems.map((p) => ({ ...p, path: p.path === '' ? key : `${key}.${p.path}` }));
}

/** Names the keys that nobody knows, so that a slip of the pen is not taken for a default. */
export function checkKeys(value: Fields, known: readonly string[]): Problem[] {
  return Object.keys(value)
    .filter((key) => !known.includes(key))
    .map((key) => problem(key, `unknown field ${quote(key)}`, `known here: ${known.join(', ')}`));
}

/** Text of a manifest inside a message: bounded and with control characters visible. */
export function quote(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}
