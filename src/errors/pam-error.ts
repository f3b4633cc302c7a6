import type { SourceLocation } from '../model/index.ts';
import type { Code } from './codes.ts';

/** A piece of the file around `source`, or null where the line may hold a secret. */
export interface Frame {
  /** Text of the line, tabs and control characters made visible. */
  readonly text: string;
  /** How many columns are underlined from `source.column`. */
  readonly length: number;
}

export interface PamErrorOptions {
  readonly hint?: string;
  readonly source?: SourceLocation;
  readonly frame?: Frame;
  /** Other problems found in the same pass; each stands for itself. */
  readonly others?: readonly PamError[];
  readonly cause?: unknown;
}

/**
 * Every error that a user can meet. `message` says what is wrong, with its address, and never holds a secret or the
 * text of a foreign program; `hint` is the next thing to type. Codes are stable: `src/errors/codes.ts`.
 */
export class PamError extends Error {
  readonly code: Code;
  readonly hint?: string;
  readonly source?: SourceLocation;
  readonly frame?: Frame;
  readonly others: readonly PamError[];

  constructor(code: Code, message: string, options: PamErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'PamError';
    this.code = code;
    if (options.hint !== undefined) this.hint = options.hint;
    if (options.source !== undefined) this.source = options.source;
    if (options.frame !== undefined) this.frame = options.frame;
    this.others = options.others ?? [];
  }

  /** Plain data for JSON output: the same fields as the text form. */
  toJSON(): Record<string, unknown> {
    return {
      code: this.code,
      message: this.message,
      ...(this.hint === undefined ? {} : { hint: this.hint }),
      ...(this.source === undefined ? {} : { source: this.source }),
    };
  }
}

/** One error to throw for many problems: the first, carrying the rest. */
export function combineErrors(errors: readonly PamError[]): PamError {
  const [first, ...rest] = errors;
  if (first === undefined) throw new Error('combineErrors needs at least one error');
  return new PamError(first.code, first.message, {
    ...(first.hint === undefined ? {} : { hint: first.hint }),
    ...(first.source === undefined ? {} : { source: first.source }),
    ...(first.frame === undefined ? {} : { frame: first.frame }),
    others: rest,
  });
}

export function isPamError(error: unknown): error is PamError {
  return error instanceof PamError;
}
