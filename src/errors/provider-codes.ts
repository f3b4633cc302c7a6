import type { CodeInfo } from './code-info.ts';

/** PAM6xxx: answers of targets. */
export const PROVIDER_CODES = {
  PAM6001: {
    title: 'the target cannot be reached',
    exit: 1,
    explanation: 'No connection came about: name, port, network or a server that is down. Nothing was changed and no login was spent.',
  },
  PAM6002: {
    title: 'the target is not the one that is trusted',
    exit: 6,
    explanation:
      'TLS verification failed or a host key is unknown or changed. No secret was sent. Check `tls.ca`, `tls.serverName`, `hostKey`.',
  },
  PAM6003: {
    title: 'the target refused the credential',
    exit: 6,
    explanation:
      'The login was refused. This secret is not tried again of itself: give a new version of it, or let a person run `pam verify ADDRESS`.',
  },
  PAM6004: {
    title: 'the credential may not do that',
    exit: 6,
    explanation: 'The login worked, but the account lacks a right on the target. The message says which.',
  },
  PAM6005: {
    title: 'the account does not exist on the target',
    exit: 1,
    explanation: 'pam never creates accounts. Create it on the target, or correct `login`.',
  },
  PAM6006: {
    title: 'the account cannot be used as it is',
    exit: 1,
    explanation: 'It is locked, disabled or expired. pam does not unlock accounts. Mend it on the target, then apply again.',
  },
  PAM6007: {
    title: 'the policy of the target refused the new secret',
    exit: 1,
    explanation: 'Length, classes, history or minimum age. Adapt `complexity`, or wait.',
  },
  PAM6008: {
    title: 'it is not known whether the change took effect',
    exit: 7,
    explanation: 'The answer was lost. Old and new secret are both kept; `pam apply` or `pam recover` asks the target which one is live.',
  },
  PAM6009: {
    title: 'the target offers no proof',
    exit: 1,
    explanation:
      'The login would succeed with any secret (PostgreSQL `trust`), or says nothing about it. `rotation.allowUnproved: true` accepts that, visibly.',
  },
  PAM6010: {
    title: 'the target is busy or read-only',
    exit: 1,
    explanation: 'A replica, a recovery, too many connections or a lock. Try again later.',
  },
  PAM6011: {
    title: 'the target answered something unexpected',
    exit: 1,
    explanation: 'The error code of the target is in the message; its text is not repeated, since it may hold secrets.',
  },
  PAM6012: {
    title: 'the target does not let this login in from here',
    exit: 6,
    explanation:
      'A rule of the target shuts it out whatever the secret is (`pg_hba.conf`, an allowed host, a login that must come over TLS). No login was spent. Mend the rule, or run pam where it is let in.',
  },
  PAM6013: {
    title: 'the private key cannot be used',
    exit: 8,
    explanation:
      'The text is no private key that can be read, or it is encrypted with a passphrase. Nothing was sent. Give the key in OpenSSH format without a passphrase: the vault encrypts it.',
  },
} as const satisfies Record<`PAM6${string}`, CodeInfo>;
