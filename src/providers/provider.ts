import { type Code, PamError, type PamErrorOptions } from '../errors/index.ts';
import type { Address, Instant, JsonObject, Lockout, Secret, SecretField } from '../model/index.ts';

/** TLS of a target. `ca` is PEM text. There is no way to skip verification but `disable`, which is a risk in every plan. */
export interface TlsSettings {
  readonly mode: 'verify-full' | 'verify-ca' | 'disable';
  readonly ca?: string;
  readonly serverName?: string;
  /** SHA-256 of the server certificate, hex with or without colons. */
  readonly pin?: string;
  readonly startTls?: boolean;
}

/** The live system, built from the record of a resource. */
export interface Target {
  readonly address: Address;
  /** Such as `postgresql`: chooses the provider. */
  readonly type: string;
  readonly host: string;
  readonly port: number;
  readonly tls: TlsSettings;
  /** All owned fields of the resource, for what only one provider knows. */
  readonly fields: JsonObject;
}

/** The account on the target. */
export interface Account {
  readonly address: Address;
  readonly login: string;
  /** Which secret of it is meant. */
  readonly field: SecretField;
  /** All owned fields of the user (`connectDatabase`, `distinguishedName`, …). */
  readonly fields: JsonObject;
}

/** Somebody to log in as. */
export interface Credential {
  readonly address: Address;
  readonly login: string;
  readonly field: SecretField;
  readonly secret: Secret;
  readonly fields: JsonObject;
}

/** What the target says about an account. Reading it spends no login attempt of that account. */
export interface AccountState {
  readonly exists: boolean;
  /** The immutable identity on the target (OID, SID, entryUUID, uid), to notice that a name now means another account. */
  readonly identity?: string;
  readonly locked?: boolean;
  readonly disabled?: boolean;
  readonly expired?: boolean;
  /** The secret still logs in, but only to set another one. */
  readonly mustChange?: boolean;
  /** In words, for a person; empty when the account can be rotated. */
  readonly obstacles: readonly string[];
  readonly lastChangedAt?: Instant;
  /** When the target locks the account, where that can be read. */
  readonly lockout?: Lockout;
  /** Failed logins of whomever that count towards it now. */
  readonly failures?: number;
}

/**
 * `done`: the target said so. `refused`: it certainly did not change (the code says why: PAM6004 rights, PAM6005 absent,
 * PAM6006 state, PAM6007 policy, PAM6010 busy). `unknown`: it may have changed, or may yet.
 */
export type SetOutcome =
  | { readonly outcome: 'done' }
  | { readonly outcome: 'refused'; readonly code: Code; readonly reason: string; readonly retryable: boolean }
  | { readonly outcome: 'unknown'; readonly reason: string };

/**
 * `accepted`: a fresh login in which this secret was needed. `restricted` says that the secret is right though the login was
 * not let through (expired, no such database, …). `refused`: the target says the secret is wrong, and a failed login was spent.
 * `cannot-tell`: neither (unreachable, locked, a login that would take any secret); `spent` says whether a failed login may have counted.
 */
export type Proof =
  | { readonly answer: 'accepted'; readonly method: string; readonly node: string; readonly restricted?: string }
  | { readonly answer: 'refused'; readonly code: Code; readonly reason: string }
  | { readonly answer: 'cannot-tell'; readonly code: Code; readonly reason: string; readonly spent: boolean; readonly never?: boolean };

/** One step of a rotation as the target sees it, so that a request which was lost can be found and stopped. */
export interface Attempt {
  readonly rotationId: string;
  /** Server-side bound: after this long the target has applied the request or never will. */
  readonly timeoutMs: number;
  /** The secret that the new one takes the place of, where there is one: of two that overlap, the new one is bound as the old one is. */
  readonly replaces?: Secret;
}

/**
 * A session with one target, opened by `ProviderModule.open` under one credential (or none: then only `prove` may be called).
 * Not for concurrent use. Every method may throw `ProviderError`; `setSecret` and `prove` turn what the target says about the
 * secret into their results and throw only for what comes before (a session that is gone).
 */
export interface Provider extends AsyncDisposable {
  inspect(account: Account): Promise<AccountState>;
  /** One request for one account, bounded on the server side, idempotent: the same secret may be sent again at any time. */
  setSecret(account: Account, secret: Secret, attempt: Attempt): Promise<SetOutcome>;
  /** A fresh connection with only this secret to offer; never retried inside. */
  prove(account: Account, secret: Secret): Promise<Proof>;
}

export interface Candidate {
  readonly id: string;
  readonly secret: Secret;
}

/**
 * `onFile`: the target has it on file, but that is no proof that it opens the account (a line in authorized_keys): only a login is.
 * Where several are live, the first of those given.
 */
export type LiveAnswer =
  | { readonly live: string; readonly method: string; readonly node: string; readonly onFile?: true }
  /** None of the candidates: a foreign secret. Strong evidence only. */
  | { readonly live: 'none'; readonly method: string; readonly node: string; readonly onFile?: true }
  | { readonly live: 'unknown'; readonly reason: string };

/** Tells which candidate is live without a login of the account: by verifier or change counter (`src/rotate/README.md`). */
export interface OracleOf {
  identify(account: Account, candidates: readonly Candidate[]): Promise<LiveAnswer>;
}

/** Ends requests of an earlier attempt that may still be on their way; resolves true when none can take effect any more. */
export interface Quiesce {
  quiesce(account: Account, attempt: Attempt): Promise<boolean>;
}

/**
 * Of targets where the old secret lives on beside the new one (`ProviderModule.rollback`): ends old ones, once the new one is current.
 * Idempotent; touches nothing but these secrets, and nothing at all unless `keep` is on the target. An `unknown` outcome may be sent again.
 */
export interface Overlap {
  retire(account: Account, keep: Secret, drop: readonly Secret[], attempt: Attempt): Promise<SetOutcome>;
}

/** An account as its target lists it, spelled as a manifest would spell it. What cannot be known from the listing is left out. */
export interface FoundAccount {
  /** MySQL and MariaDB: with its host, unless that is `%`. */
  readonly login: string;
  /** Further fields that a manifest needs to name it (`distinguishedName` in directories). */
  readonly fields: JsonObject;
  /** The immutable identity on the target, as in `AccountState`. */
  readonly identity?: string;
  /** Neither disabled nor expired. */
  readonly isEnabled: boolean;
  /** No good login by the secret now: after failed logins, or for a password that was locked. */
  readonly isLocked?: boolean;
  /** May do what ordinary accounts may not: superuser, uid 0, sudo, Domain Admins, … */
  readonly isAdministrator?: boolean;
  /** Came with the system and serves it; such accounts are left alone unless somebody asks for them. */
  readonly isSystem: boolean;
  /** Is there a login of it by a secret of its own: a shell, LOGIN, a password that the server checks? */
  readonly canLogIn: boolean;
  readonly lastChangedAt?: Instant;
  /** In words, for a person. */
  readonly notes: readonly string[];
}

/**
 * Lists the accounts of a target, system accounts included. Reads only, sees no verifier, spends no login. In no order, each account once;
 * an account that no manifest could name (an anonymous one) is left out.
 * @throws ProviderError: PAM6004 where the credential may not look; a listing that the target cuts short is an error, never a short list
 */
export interface Discover {
  discover(): AsyncIterable<FoundAccount>;
}

/** A public key that opens the account besides those that are ours. */
export interface ForeignKey {
  /** `SHA256:…`, as ssh-keygen prints it. */
  readonly fingerprint: string;
  readonly type: string;
}

/** Of targets where several keys open one account: those on file that are none of `own`, sorted by fingerprint. */
export interface KeyList {
  listForeignKeys(account: Account, own: readonly Secret[]): Promise<readonly ForeignKey[]>;
}

export function canListKeys(provider: Provider): provider is Provider & KeyList {
  return 'listForeignKeys' in provider;
}

export function hasOracle(provider: Provider): provider is Provider & OracleOf {
  return 'identify' in provider;
}

export function canQuiesce(provider: Provider): provider is Provider & Quiesce {
  return 'quiesce' in provider;
}

export function canRetire(provider: Provider): provider is Provider & Overlap {
  return 'retire' in provider;
}

export function canDiscover(provider: Provider): provider is Provider & Discover {
  return 'discover' in provider;
}

export interface OpenOptions {
  /** Bounds connecting and logging in, milliseconds. */
  readonly connectTimeoutMs: number;
  /** Shown on the target where it can show something (PostgreSQL `application_name`). */
  readonly sessionName: string;
}

/** What becomes of the old secret: it stops working at once, or lives on beside the new one until it is retired. By field where they differ. */
export type Rollback = 'none' | 'overlap' | Readonly<Partial<Record<SecretField, 'none' | 'overlap'>>>;

export function overlaps(rollback: Rollback, field: SecretField): boolean {
  return (typeof rollback === 'string' ? rollback : rollback[field]) === 'overlap';
}

/** What `project/` loads lazily for a type of target. */
export interface ProviderModule {
  /** Can this provider prove a login at all (else rotations are `unproved`)? */
  readonly provable: boolean;
  readonly rollback: Rollback;
  /** After a change the target goes on taking the old secret for a while, without being asked to. */
  readonly oldLingers?: boolean;
  /** Secrets with which failed logins may lock an account on targets of this kind: where nothing better is known, the third could. */
  readonly locksOut?: readonly SecretField[];
  /**
   * Connects; with a credential it logs in and throws `ProviderError` when that fails (PAM6003 = the credential was refused:
   * one failed login was spent). Without a credential nothing is connected until `prove`.
   */
  open(target: Target, credential: Credential | null, options: OpenOptions): Promise<Provider>;
}

/** `retryable`: the same request may succeed later without anybody doing anything. */
export class ProviderError extends PamError {
  readonly retryable: boolean;
  /** A failed login may have been counted by the target. */
  readonly spent: boolean;

  constructor(code: Code, message: string, options: PamErrorOptions & { retryable?: boolean; spent?: boolean } = {}) {
    super(code, message, options);
    this.name = 'ProviderError';
    this.retryable = options.retryable ?? false;
    this.spent = options.spent ?? code === 'PAM6003';
  }
}
