import type { CodeInfo } from './code-info.ts';

/** PAM9xxx: command line, environment. */
export const USAGE_CODES = {
  PAM9001: {
    title: 'the command line is wrong',
    exit: 8,
    explanation: 'An unknown flag or argument, or two that exclude each other. `--help` shows the usage.',
  },
  PAM9002: {
    title: 'pam.yaml was not found',
    exit: 8,
    explanation: 'pam looks for pam.yaml in the current folder and above it. Run `pam init`, or give the folder with `-C`.',
  },
  PAM9003: {
    title: 'an unexpected error',
    exit: 1,
    explanation: 'A bug in pam. Nothing is lost: an interrupted rotation is finished by the next apply. Please report the message.',
  },
} as const satisfies Record<`PAM9${string}`, CodeInfo>;
