import type {
  Address,
  Change,
  Instant,
  LedgerEntry,
  Owner,
  Plan,
  RecordId,
  Secret,
  SecretField,
  Snapshot,
  VaultRecord,
  VersionId,
} from '../model/index.ts';

/** Names one value of one secret field of one record. */
export interface SecretRef {
  readonly record: RecordId;
  readonly field: SecretField;
  readonly version: VersionId;
}

export type LeaseScope = { readonly type: 'project'; readonly owner: Owner } | { readonly type: 'account'; readonly record: RecordId };

/** Who holds a lease: shown to whoever is kept out. */
export interface LeaseHolder {
  readonly host: string;
  readonly pid: number;
  readonly user: string;
  readonly command: string;
  readonly since: Instant;
  /** Link to the CI job, where there is one. */
  readonly url?: string;
}

/**
 * The right to write. It is renewed in the background until released; `epoch` rises with each new holder of the scope, and every
 * write checks it in the same transaction, so that a holder who was paused past the expiry can do nothing (VaultError PAM5008).
 */
export interface Lease {
  readonly scope: LeaseScope;
  readonly epoch: number;
  /** Aborted once the lease is known to be lost. */
  readonly lost: AbortSignal;
  release(): Promise<void>;
}

export interface LeaseOptions {
  /** How long to wait for another holder; 0 = not at all. */
  readonly waitMs: number;
  readonly holder: LeaseHolder;
  readonly signal?: AbortSignal;
}

/** A record without what the vault adds itself. */
export type RecordDraft = Omit<VaultRecord, 'revision' | 'mac' | 'updatedAt'>;

/** What to change a record from. */
export function draftOf(record: VaultRecord): RecordDraft {
  const { revision: _r, mac: _m, updatedAt: _u, ...draft } = record;
  return draft;
}

export interface RecordPut {
  readonly record: RecordDraft;
  /** The revision that the draft was made from; null = there must be no such record yet. */
  readonly expected: number | null;
  /** New secrets of versions that stand in `record.versions`. Kept ones need not be given. */
  readonly secrets?: readonly { readonly field: SecretField; readonly version: VersionId; readonly secret: Secret }[];
}

/**
 * All or nothing. Secrets whose version no longer stands in the headers of its record are erased by the same transaction,
 * as are all secrets of a deleted record; audit events are kept.
 */
export interface WriteBatch {
  readonly puts: readonly RecordPut[];
  readonly deletes?: readonly { readonly id: RecordId; readonly expected: number }[];
  readonly audit?: readonly AuditEntry[];
}

/** What happened, without secrets. `action` is `noun.verb`: `secret.read`, `rotation.commit`, `record.create`. */
export interface AuditEntry {
  readonly action: string;
  readonly address?: Address;
  readonly record?: RecordId;
  readonly detail?: Readonly<Record<string, string | number | boolean | null>>;
}

export interface AuditEvent extends AuditEntry {
  readonly sequence: number;
  readonly at: Instant;
  readonly actor: string;
  /** SHA-256 (hex) over the hash before and this event: removing or changing one breaks the chain. */
  readonly hash: string;
  /** HMAC over `hash` by whoever had the vault key. */
  readonly mac: string;
}

/** Failed logins that recovery and proofs may spend on one account. */
export interface AttemptBudget {
  readonly max: number;
  readonly windowMs: number;
  /**
   * There is reason to believe that this very secret is right (it was proved before, or the target has just said that it took it).
   * Unsettled tickets of the same version then count as one: a process that was killed while it logged in leaves one behind each
   * time, and they must not add up to keep us from a login that spends nothing. A guess counts each of them.
   */
  readonly expected?: boolean;
  /**
   * The target locks the account at so many failed logins in the window. Spent attempts that a person let us forget count for this
   * one, since the target did not forget them: the attempt is refused if its failure could be the last one.
   */
  readonly lockAt?: number;
  /** `lockAt` does not hold for the first login with this version: the target has just taken it, which sets most counts back. */
  readonly firstIsFree?: boolean;
  /** When this secret was last sent to the target: a refusal from before then says nothing about it any more. */
  readonly sentAt?: Instant;
}

export type SpendAnswer =
  | { readonly granted: true; readonly ticket: string }
  /** `refused`: this very version was refused before; `exhausted`: the window is used up, `until` says when it opens. */
  | { readonly granted: false; readonly reason: 'refused' | 'exhausted'; readonly until?: Instant };

/** Durable before the login happens, so that a crash cannot make us forget a failed one. */
export interface Attempts {
  spend(ref: SecretRef, budget: AttemptBudget): Promise<SpendAnswer>;
  /** The login succeeded: this ticket and every unsettled one of the same version are given back, and no refusal of it counts any more. */
  succeed(ticket: string): Promise<void>;
  /** No login happened (unreachable, TLS): the attempt is given back. */
  giveBack(ticket: string): Promise<void>;
  /** The target refused the secret: the attempt stays spent and the version is remembered as refused. */
  refuse(ticket: string, code: string): Promise<void>;
  /** A person asked (`pam verify`), or a new version came: forget refusals and spent attempts of this record. */
  clear(record: RecordId): Promise<void>;
  /** Spent in the window that ends now. */
  spent(record: RecordId, windowMs: number): Promise<number>;
}

/** An apply, kept so that it can be resumed and looked at. */
export interface Run {
  readonly id: string;
  readonly command: string;
  readonly digest: string;
  readonly plan: Plan;
  readonly startedAt: Instant;
  readonly finishedAt?: Instant;
  readonly exit?: number;
  readonly holder: LeaseHolder;
}

export type RunSummary = Omit<Run, 'plan'> & { readonly changes: readonly Pick<Change, 'id' | 'kind' | 'address'>[] };

export interface Runs {
  start(run: Omit<Run, 'finishedAt' | 'exit'>): Promise<void>;
  append(runId: string, entries: readonly LedgerEntry[]): Promise<void>;
  finish(runId: string, exit: number): Promise<void>;
}

/** Who can open the vault. At least one of each role stays at all times. */
export interface Recipient {
  /** The public half of an age key pair, `age1…`. */
  readonly recipient: string;
  /** `runner`: works with the vault; `recovery`: its identity is kept offline, for the day when all others are lost. */
  readonly role: 'runner' | 'recovery';
  /** What a person calls it. */
  readonly label?: string;
  readonly since: Instant;
}

export type NewRecipient = Omit<Recipient, 'since'>;

/** What needs no key and takes no lock. Open it, read, dispose. */
export interface VaultReader extends AsyncDisposable {
  /** Made by `init`, the same for as long as the vault lives. */
  readonly lineage: string;
  snapshot(): Promise<Snapshot>;
  /** Newest first. */
  listRuns(limit: number): Promise<readonly RunSummary[]>;
  readRun(id: string): Promise<{ run: Run; ledger: readonly LedgerEntry[] } | null>;
  /** The newest run of that digest, finished or not. */
  findRun(digest: string): Promise<Run | null>;
  /** Those of living holders; one of a process that is known to be dead is free for everybody. */
  heldLeases(): Promise<readonly { scope: LeaseScope; epoch: number; holder: LeaseHolder; expiresAt: Instant }[]>;
  /** As the vault lists them; that nobody changed the list is known once the key is open. */
  recipients(): Promise<readonly Recipient[]>;
  /** Oldest first. `verifyAuditChain` checks the chain, and with `Vault.isAuthentic` the MACs. */
  audit(): AsyncIterable<AuditEvent>;
  /**
   * Opens the vault key with the first identity that fits; VaultError PAM5005 when none does, PAM5006 when the key or the recipients
   * are not those that pam wrote. The vault takes the reader over: disposing either closes both.
   */
  unlock(identities: readonly string[]): Promise<Vault>;
}

/**
 * A vault whose key is open. Disposing it forgets the key and closes it. Every vault passes `test/contract/vault.ts`.
 * Times come from the clock it was opened with. Once another process has changed the key, everything that uses the key is
 * VaultError PAM5018, and nothing is read or written under the old one.
 */
export interface Vault extends VaultReader {
  /**
   * The snapshot with every record's MAC checked; VaultError PAM5006 (all addresses named) when one is wrong.
   * To be called before the first secret is read.
   */
  authenticate(): Promise<Snapshot>;
  /** One record as it is now, its MAC checked; null when there is none. */
  readRecord(id: RecordId): Promise<VaultRecord | null>;
  /** VaultError PAM5007 when somebody else holds the scope after `waitMs`. */
  lease(scope: LeaseScope, options: LeaseOptions): Promise<Lease>;
  /**
   * Compare-and-set per record (PAM5009), fenced by all `leases` (PAM5008), durable when it resolves (PAM5010 when it cannot be).
   * Returns the records as written, in the order of `puts`.
   */
  write(batch: WriteBatch, leases: readonly Lease[]): Promise<readonly VaultRecord[]>;
  /** PAM5012 when there is none, PAM5011 when it does not decrypt. Not audited by itself: `auditRead` is. */
  readSecret(ref: SecretRef): Promise<Secret>;
  /** Appends to the trail without writing records (a secret was shown to a person). */
  appendAudit(entries: readonly AuditEntry[]): Promise<void>;
  /** Does the event carry the MAC that its hash has under our key? For `verifyAuditChain`. */
  isAuthentic(event: AuditEvent): boolean;
  /**
   * HMAC-SHA-256 (hex) under a key of this vault. What is kept outside of it carries one: an age file is anonymous, so anybody can seal
   * something of his own to the recipients of the vault.
   */
  macOf(text: string): string;
  /**
   * Ends a lease that its holder does not release: the epoch rises, so that the holder can write no more (PAM5008). Audited.
   * Returns who held it; null when nobody did.
   */
  breakLease(scope: LeaseScope): Promise<LeaseHolder | null>;
  /**
   * Lets one more identity open the vault. PAM5013 when it is no recipient or is one already. Handles that are open, this one too,
   * go on sealing to those who were recipients when they were opened.
   */
  addRecipient(added: NewRecipient): Promise<void>;
  /**
   * Takes a recipient away and gives the vault a new key, in one transaction: what the removed identity could open is gone from
   * the vault (`erased`: from its log and free space too; false while somebody else reads). Every handle, this one too, has the
   * old key and must be opened again (PAM5018).
   * PAM5013 when it is no recipient; PAM5019 when it is the last of its role, or while a rotation is unfinished.
   */
  removeRecipient(recipient: string): Promise<{ readonly erased: boolean }>;
  readonly attempts: Attempts;
  readonly runs: Runs;
  /** Seals bytes to all recipients of the vault, the offline recovery recipient among them: used by the rotation journal. */
  readonly sealer: Sealer;
}

/** What a copy of a vault holds. */
export interface Backup {
  readonly lineage: string;
  readonly serial: number;
  readonly records: number;
  /** Each of their identities opens the copy, for as long as there is one. */
  readonly recipients: readonly Recipient[];
  readonly bytes: number;
}

/** What a copy held that became the vault. */
export interface Restored {
  readonly lineage: string;
  readonly records: number;
  /** The last event of the copy, null where that is damaged: what happened after it is in no vault. */
  readonly lastEventAt: Instant | null;
  /** As they were then: one that was removed later is back. */
  readonly recipients: readonly Recipient[];
  /** Secrets that do not decrypt. The rest is as good as it was. */
  readonly damaged: readonly SecretRef[];
  /** What is wrong with the audit trail, if anything. */
  readonly auditProblem: string | null;
  /** Where the vault that was there is now. */
  readonly replaced: string | null;
}

/** Age files (https://age-encryption.org/v1): `seal` needs only the recipients, `open` an identity. */
export interface Sealer {
  seal(bytes: Uint8Array): Promise<Uint8Array>;
  /** VaultError PAM5005 when none of our identities opens it, PAM5011 when it is damaged. */
  open(sealed: Uint8Array): Promise<Uint8Array>;
}
