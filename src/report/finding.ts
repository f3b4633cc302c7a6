import type { ExitCode } from '../errors/index.ts';
import type { Owner, Plan, SourceLocation } from '../model/index.ts';
import type { PlanContext } from './html/plan-page.ts';

/**
 * `error`: what lets the command end with another exit code than 0 (of a plan: with `--detailed-exitcode`). `warning`: what a
 * person should read all the same. `note`: for information.
 */
export type Level = 'error' | 'warning' | 'note';

/** One thing that a command has found, in the form that every format is made from. Never a secret. */
export interface Finding {
  /** A code (`PAM1042`), or the name of a rule (`risk/new-endpoint`, `drift/unmanaged`, `policy/admins-are-named`). */
  readonly rule: string;
  readonly level: Level;
  readonly address?: string;
  readonly message: string;
  readonly hint?: string;
  /** Relative to the project. */
  readonly source?: SourceLocation;
}

/** What a command has to say, whatever the format: plain data. */
export interface Report {
  /** As it is typed, without `pam`. */
  readonly command: string;
  /** Absent where pam.yaml could not be read. */
  readonly owner?: Owner;
  readonly findings: readonly Finding[];
  /** What `--json` prints. */
  readonly document: object;
  readonly text: string;
  /** One line. */
  readonly summary: string;
  /** Of `pam plan`, unless it failed. */
  readonly plan?: Plan;
  /** What the page of a plan shows beside it. */
  readonly page?: PlanContext;
  readonly exit: ExitCode;
}

/** What a rule is called, and what `pam explain` tells of it. */
export interface RuleInfo {
  readonly title: string;
  readonly explanation?: string;
}

/** What the formats need besides the report. */
export interface FormatContext {
  readonly version: string;
  /** From the top of the repository to the project, `/` between parts, empty or with a `/` at its end: for tools that know repositories only. */
  readonly prefix: string;
  /** Bound of the Markdown form in UTF-8 bytes. */
  readonly maxBytes: number;
  /** The id of this invocation, in every line of `jsonl`. */
  readonly stream: string;
  /** Of a PAM code. */
  explain(code: string): RuleInfo | undefined;
}
