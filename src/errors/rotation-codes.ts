import type { CodeInfo } from './code-info.ts';

/** PAM4xxx: rotation, its journal, the login budget. */
export const ROTATION_CODES = {
  PAM4001: {
    title: 'the account is quarantined',
    exit: 7,
    explanation:
      'No stored secret could be shown to open the account. Every candidate is kept and nothing writes to the account of itself. `pam recover ADDRESS --explain` shows the state, the candidates by id and the next safe step.',
  },
  PAM4002: {
    title: 'the rotation is unfinished',
    exit: 7,
    explanation:
      'The target may or may not have the new secret, and could not be asked. Old and new secret are both stored. The next `pam apply`, or `pam recover ADDRESS`, finishes the rotation with the same secret.',
  },
  PAM4003: {
    title: 'the credential was refused before',
    exit: 6,
    explanation:
      'The target has refused this very secret, so it is not tried again of itself: repeated failures lock accounts. Give a new version of it in the manifest, or let a person run `pam verify ADDRESS`, which tries once more.',
  },
  PAM4004: {
    title: 'the login budget is used up',
    exit: 6,
    explanation:
      'The failed logins that pam may spend on this account in half an hour are spent. It waits, so that the account is not locked. `pam verify ADDRESS` by a person clears the count.',
  },
  PAM4005: {
    title: 'the write-only input cannot be read',
    exit: 8,
    explanation: 'The environment variable, file or command that the manifest names gave nothing. Nothing was changed.',
  },
  PAM4006: {
    title: 'the input is the value that was refused before',
    exit: 6,
    explanation: 'The source still gives the secret that the target refused. It is not sent again. Correct the source, then apply again.',
  },
  PAM4007: {
    title: 'a record that the rotation needs is missing',
    exit: 1,
    explanation:
      'The account belongs to a resource, or is administered by a user, that has no record in the vault. Apply the manifests that declare it.',
  },
  PAM4008: {
    title: 'a stored secret is missing',
    exit: 1,
    explanation:
      'The account has no current secret in the vault, and this step needs one. Declare a write-only source for it, or let an administrator rotate it.',
  },
  PAM4009: {
    title: 'the journal entry is damaged',
    exit: 7,
    explanation:
      'An entry of the rotation journal does not decrypt or was changed. It is kept under the name `ID.damaged`. Where the vault still has the pending secret, the rotation is finished from there; else the account is quarantined.',
  },
  PAM4010: {
    title: 'the journal cannot be written',
    exit: 1,
    explanation:
      'The disk is full or the folder cannot be written. No target was touched after that: without a durable journal nothing is changed.',
  },
  PAM4011: {
    title: 'what was stored reads back differently',
    exit: 1,
    explanation:
      'The pending secret was written to the vault and to the journal, and one of them gave back something else. No target was touched.',
  },
  PAM4012: {
    title: 'the rotation was stopped before it began',
    exit: 130,
    explanation: 'The command was interrupted. Nothing was sent to the target.',
  },
  PAM4013: {
    title: 'the key that was made cannot be used',
    exit: 1,
    explanation:
      'A generated private key is read back and signs once before it is stored. This one did not. No target was touched; apply again.',
  },
  PAM4020: {
    title: 'the accounts of the resource cannot be listed',
    exit: 1,
    explanation:
      '`pam discover` and `pam adopt` ask the target for its accounts with the admin credential of the resource. It has none on record, or this version has no provider that can list them.',
  },
} as const satisfies Record<`PAM4${string}`, CodeInfo>;
