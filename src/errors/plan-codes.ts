import type { CodeInfo } from './code-info.ts';

/** PAM2xxx: what a plan blocks or refuses. */
export const PLAN_CODES = {
  PAM2001: {
    title: 'this version cannot carry out the change yet',
    exit: 3,
    explanation: 'The manifest is valid, but it asks for something that this version of pam does not do. The row says what. Everything else in the plan can be applied.',
  },
} as const satisfies Record<`PAM2${string}`, CodeInfo>;
