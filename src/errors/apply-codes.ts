import type { CodeInfo } from './code-info.ts';

/** PAM3xxx: apply. */
export const APPLY_CODES = {
  PAM3001: {
    title: 'the plan is stale',
    exit: 4,
    explanation: 'An object of the plan is no longer as it was when the plan was made. Each one is named with what was expected and what was found. Make a new plan and have it approved.',
  },
} as const satisfies Record<`PAM3${string}`, CodeInfo>;
