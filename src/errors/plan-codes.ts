import type { CodeInfo } from './code-info.ts';

/** PAM2xxx: what a plan blocks or refuses. */
export const PLAN_CODES = {
  PAM2001: {
    title: 'this version cannot carry out the change yet',
    exit: 3,
    explanation:
      'The manifest is valid, but it asks for something that this version of pam does not do (a provider, hooks, `via`). The row says what. Everything else in the plan can be applied.',
  },
  PAM2002: {
    title: 'the resource has no endpoint',
    exit: 3,
    explanation: 'A rotation needs to know where to connect. Set `host` (and `port`) on the resource.',
  },
  PAM2003: {
    title: 'no credential is stored to carry the rotation out',
    exit: 3,
    explanation:
      'Somebody has to log in to change a secret: the administrator of the resource, or the account itself (`selfRotate`). None of their secrets is in the vault. Declare a write-only source, such as `password: { fromEnv: NAME }`.',
  },
  PAM2004: {
    title: 'the credential that would carry the rotation out was refused',
    exit: 3,
    explanation:
      'The target refused the stored secret, so it is not used again of itself. Give a new version of it in the manifest, or let a person run `pam verify ADDRESS`, which tries it once more.',
  },
  PAM2005: {
    title: 'the only administrator of its own resource',
    exit: 3,
    explanation:
      'If the rotation of this account went wrong, nobody could reset it. Set `reconcileCredential` on it, or let it through for this plan with `--grant soleAdmin=1`.',
  },
  PAM2006: {
    title: 'the target offers no proof',
    exit: 3,
    explanation:
      'No login can show that the new secret works. `rotation.allowUnproved: true` accepts that for the account; its secret is then marked `unproved`.',
  },
  PAM2007: {
    title: 'the resource is protected',
    exit: 3,
    explanation:
      '`metadata.lifecycle.protect: true` keeps it from being released, retired or deleted. Merge a change that takes `protect` away first.',
  },
  PAM2008: {
    title: 'another record is the same account',
    exit: 3,
    explanation:
      'Two records for one account would rotate it under each other. Where the resource was renamed, say so with `metadata.moved: { from: OLD-NAME }`; the record then keeps its secrets.',
  },
  PAM2010: {
    title: 'a limit is exceeded',
    exit: 3,
    explanation:
      'The plan changes more than `limits` in pam.yaml allow. If that is meant, raise the limit for this plan with the `--grant` that the row names; the grant is part of the digest that is approved.',
  },
  PAM2011: {
    title: 'the rotation waits for the next run',
    exit: 3,
    explanation: 'More rotations are due than one run may do. The most overdue go first, the rest follows in the next runs.',
  },
  PAM2012: {
    title: 'there is no manifest at all',
    exit: 3,
    explanation:
      'Records exist, and no manifest was found. That would release all of them, which is rarely meant. Check `manifests` in pam.yaml.',
  },
  PAM2013: {
    title: 'changes are frozen',
    exit: 3,
    explanation: '`freeze` in pam.yaml holds back everything but recovery in this time.',
  },
  PAM2014: {
    title: 'the selector matches nothing',
    exit: 8,
    explanation:
      '`--target` and `--exclude` take an address, `folder:PATH` or `label:KEY=VALUE` that is declared or on record. `pam list` shows what there is.',
  },
  PAM2015: {
    title: 'the plan file cannot be used',
    exit: 8,
    explanation: 'It is not a plan of pam, was written by a newer version, or its digest does not match its content.',
  },
  PAM2016: {
    title: 'the snapshot cannot be used',
    exit: 8,
    explanation:
      'It is no snapshot of pam, was written by a newer version, or its digest does not match its content. Make it anew where the vault is: `pam snapshot --out FILE`.',
  },
  PAM2017: {
    title: 'the snapshot is of something else',
    exit: 8,
    explanation:
      'A snapshot is of one vault, one project and one environment, and a plan made from another one would create and release everything. Take it with the same `--env`, where the pam.yaml of this project is.',
  },
} as const satisfies Record<`PAM2${string}`, CodeInfo>;
