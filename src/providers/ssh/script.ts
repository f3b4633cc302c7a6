import type { Attempt } from '../provider.ts';

/**
 * A fixed POSIX script as one command line, which sh, csh and fish read alike: one word in single quotes, without `!`, line feeds or
 * single quotes of its own. What varies goes in as arguments (never secrets: everybody on the host sees those) or over stdin.
 *
 * `timeout(1)` bounds it on the server: a process whose input never comes does not wait for it for ever, so that nothing lands late.
 * `marker` stands as `$0` in the process list, so that another session can find it.
 */
export function shellCommand(script: string, args: readonly string[], bound: { readonly ms: number; readonly marker?: string }): string {
  const seconds = Math.max(1, Math.floor(bound.ms / 1000));
  return ['exec', 'timeout', String(seconds), 'sh', '-c', quote(script), bound.marker ?? 'pam', ...args.map(quote)].join(' ');
}

export function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/** One script from its lines. `LC_ALL=C`, since we look for the words of the programs. */
export function script(...lines: readonly string[]): string {
  return ['export LC_ALL=C', ...lines].join('; ');
}

/** `$0` of the process that carries a change, so that another session can find it in the process list. */
export function markerOf(attempt: Attempt): string {
  return `pam-${attempt.rotationId}`;
}

/** Exit codes of our own scripts, outside those that shells, sudo and coreutils use for themselves. */
export const EXIT = {
  /** `timeout(1)`: the time was up. */
  timedOut: 124,
  noAccount: 100,
  directoryAccount: 101,
  /** stdin ended before all of the input had come: nothing was handed on. */
  cutInput: 102,
  sudoRefused: 103,
  noFile: 104,
  foreignOwner: 105,
  cannotWrite: 106,
  changedMeanwhile: 107,
} as const;
