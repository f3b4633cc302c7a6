import type { CodeInfo } from './code-info.ts';

/** PAM3xxx: apply. */
export const APPLY_CODES = {
  PAM3001: {
    title: 'the plan is stale',
    exit: 4,
    explanation:
      'An object of the plan is no longer as it was when the plan was made. Each one is named with what was expected and what was found. Make a new plan and have it approved.',
  },
  PAM3002: {
    title: 'the digest is not that of the plan',
    exit: 4,
    explanation:
      'The plan of this moment differs from the one that was approved: a manifest, a record or a grant is another one. Run `pam plan` with the same flags, look at the difference, and approve the new digest.',
  },
  PAM3003: {
    title: 'nothing was approved',
    exit: 4,
    explanation:
      'Without a terminal nothing asks, so an apply needs to be told what it may do: a saved plan, `--approve DIGEST`, or `--auto-approve`.',
  },
  PAM3004: {
    title: 'a local vault in a CI job',
    exit: 8,
    explanation:
      'In CI the disk of the runner may be gone after the job, and the secrets with it. If the vault and the journal lie on storage that stays, say so with `vault: { durable: true }` in pam.yaml.',
  },
  PAM3005: {
    title: 'the plan has expired',
    exit: 4,
    explanation:
      'The plan was made with `--expires`, and that moment has passed. The end is part of the digest, so that it cannot be taken away. Make a new plan and have it approved.',
  },
} as const satisfies Record<`PAM3${string}`, CodeInfo>;
