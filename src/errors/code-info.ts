/** Exit codes, the same in every output format (`README.md` has the table). */
export type ExitCode = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 130;

/** What `pam explain CODE` tells. */
export interface CodeInfo {
  /** One line, without a full stop. */
  readonly title: string;
  /** The exit code of a command that fails with this alone. */
  readonly exit: ExitCode;
  /** Why it happens and what to do, a few sentences in Markdown. */
  readonly explanation: string;
}
