import type { CodeInfo } from './code-info.ts';

/** PAM4xxx: rotation, its journal, the login budget. */
export const ROTATION_CODES = {
  PAM4001: {
    title: 'the account is quarantined',
    exit: 7,
    explanation: 'No stored secret could be shown to open the account. Every candidate is kept and nothing writes to the account of itself. `pam recover ADDRESS --explain` shows the state, the candidates by id and the next safe step.',
  },
} as const satisfies Record<`PAM4${string}`, CodeInfo>;
