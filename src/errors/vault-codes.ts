import type { CodeInfo } from './code-info.ts';

/** PAM5xxx: the vault. */
export const VAULT_CODES = {
  PAM5001: {
    title: 'the vault does not exist',
    exit: 8,
    explanation:
      'pam.yaml names a vault that is not there. Only `pam init` makes a vault, because an empty one would plan to create and rotate everything. Restore a backup (`pam vault restore FILE`), or correct `vault.path`.',
  },
  PAM5002: {
    title: 'the vault belongs to another project file',
    exit: 8,
    explanation: 'The lineage in pam.yaml and the lineage in the vault differ: this is not the vault that `pam init` made for the project.',
  },
  PAM5003: {
    title: 'the vault file cannot be read',
    exit: 1,
    explanation: 'The file is damaged, or is no vault of pam. Nothing was changed. Restore a backup: `pam vault restore FILE --replace`.',
  },
  PAM5004: {
    title: 'the vault has a newer format',
    exit: 8,
    explanation: 'The vault was written by a newer pam. Use that version or a later one.',
  },
  PAM5005: {
    title: 'the vault key cannot be opened',
    exit: 6,
    explanation:
      'None of the identities given is a recipient of this vault. Give the identity with `--identity FILE`, `PAM_IDENTITY_FILE` or `PAM_IDENTITY`.',
  },
  PAM5006: {
    title: 'the metadata of the vault was changed by somebody without its key',
    exit: 6,
    explanation:
      'A record does not carry the MAC that pam wrote. Somebody edited the vault file, or it is damaged. No secret was read and no target was touched. Restore a backup, or find out what was changed with `pam show`.',
  },
  PAM5007: {
    title: 'a lease is held by another run',
    exit: 5,
    explanation:
      'Another run works on the same project or account. Wait for it (`--lock-timeout 5m`), or look who it is with `pam lock show`. The lease of a dead process on this host is taken over by itself; `pam lock break` ends one that will not end.',
  },
  PAM5008: {
    title: 'the lease was lost',
    exit: 5,
    explanation:
      'This run was paused for longer than its lease lasts, and another run took over. Nothing was written after that. Run the command again.',
  },
  PAM5009: {
    title: 'the record was changed meanwhile',
    exit: 5,
    explanation: 'A write expected another revision of a record. Nothing was written. Run the command again.',
  },
  PAM5010: {
    title: 'the vault could not be written',
    exit: 1,
    explanation:
      'The disk is full, the folder is read-only, or the file system refused. Nothing was written. Free space or mend the permissions, then run the command again; an interrupted rotation is finished first.',
  },
  PAM5011: {
    title: 'a stored secret does not decrypt',
    exit: 6,
    explanation:
      'The ciphertext does not belong to this record, field and version, or is damaged. Restore a backup; the journal may hold it too (`pam recover --from-journal`).',
  },
  PAM5012: {
    title: 'no such secret',
    exit: 1,
    explanation: 'The record has no secret in that field and version. `pam show ADDRESS` lists what it has.',
  },
  PAM5013: {
    title: 'the recipients of the vault are wrong',
    exit: 8,
    explanation:
      'A vault is sealed to at least two different age recipients (`age1…`): the runner that works with it and a recovery recipient whose identity is kept offline. `age-keygen` makes one.',
  },
  PAM5014: {
    title: 'the audit trail was changed',
    exit: 6,
    explanation:
      'The events are chained by their hashes, and each carries a MAC. From the event named on, the trail is not what pam wrote. Compare with a backup.',
  },
  PAM5015: {
    title: 'a write to the vault contradicts itself',
    exit: 1,
    explanation:
      'A version without its secret, a secret without its version, a secret given twice, two current or pending versions of one field. This is a bug in pam; nothing was written.',
  },
  PAM5016: {
    title: 'the file exists already',
    exit: 8,
    explanation:
      'A vault is made once, and neither it nor a backup is ever overwritten. Use what is there, or name another path. `pam vault restore FILE --replace` keeps the vault that is there under another name.',
  },
  PAM5017: {
    title: 'the identity cannot be used',
    exit: 6,
    explanation:
      'An identity file has one `AGE-SECRET-KEY-1…` a line, with `#` comments between them, as `age-keygen` writes it. The text is not repeated here, since it may hold the key.',
  },
  PAM5018: {
    title: 'the vault key was changed meanwhile',
    exit: 5,
    explanation:
      'A recipient was removed while this command ran, which gives the vault a new key. Nothing was read or written with the old one. Run the command again.',
  },
  PAM5019: {
    title: 'the recipient cannot be removed',
    exit: 3,
    explanation:
      'A vault keeps one runner and one recovery recipient at least, or nobody could open it when something is lost: add another one first (`pam vault recipients add`). Nor is one removed while a rotation is unfinished, because its journal entry is sealed to it: `pam recover` finishes it. Your own identity is removed with `--own` only.',
  },
} as const satisfies Record<`PAM5${string}`, CodeInfo>;
