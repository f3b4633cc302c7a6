import type { Secret } from '../../model/index.ts';
import { connectionError } from '../network.ts';
import {
  type Account,
  type AccountState,
  type Attempt,
  type Candidate,
  type Credential,
  type Discover,
  type FoundAccount,
  type LiveAnswer,
  type OpenOptions,
  type OracleOf,
  type Proof,
  type Provider,
  ProviderError,
  type ProviderModule,
  type SetOutcome,
  type Target,
} from '../provider.ts';
import { changeActiveDirectory, changeOpenLdap } from './change.ts';
import type { Connection } from './connection.ts';
import { listEntries } from './discover.ts';
import { inspectEntry } from './inspect.ts';
import { stableName } from './inspect-active-directory.ts';
import { isTakable, login } from './login.ts';
import { bindName, findEntry, isSameAccount } from './names.ts';
import { identifySecret } from './oracle.ts';
import { proveBind } from './proof.ts';

/**
 * OpenLDAP (2.4 and later; 389 Directory Server is spoken to in the same way) and Active Directory: passwords, changed by an administrator
 * or by the accounts themselves. One server does everything: the host of the target.
 *
 * There is no `Quiesce`. LDAP has no time limit for a change, Abandon and the end of a connection get no answer (RFC 4511 §4.11), and
 * Cancel (RFC 3909) works only on the connection that is lost: nobody can show that a request will not land, so the protocol waits. What
 * lands late all the same does no harm: a change by the account carries the old password, and a reset the secret that is sent again.
 */
export const ldapModule: ProviderModule = {
  provable: true,
  locksOut: ['password'],
  // An account has one password that pam knows of; that Active Directory takes the last one for an hour is no overlap to rely on.
  rollback: 'none',
  oldLingers: true,
  async open(target, credential, options) {
    return new LdapProvider(target, credential, options, credential && (await openSession(target, credential, options)));
  },
};

class LdapProvider implements Provider, Discover, OracleOf {
  readonly #target: Target;
  readonly #options: OpenOptions;
  /** With the secret that it has now: an account that changes itself goes on with the new one. */
  #credential: Credential | null;
  #connection: Connection | null;
  /** What this session has set as the secret of its own account. */
  #ownSet: Secret | null = null;
  /** Why the session is not opened again once it is gone: each try might spend a login of the credential. */
  #stays: ProviderError | null = null;

  constructor(target: Target, credential: Credential | null, options: OpenOptions, connection: Connection | null) {
    this.#target = target;
    this.#credential = credential;
    this.#options = options;
    this.#connection = connection;
  }

  async inspect(account: Account): Promise<AccountState> {
    return this.#read((connection, boundMs) => inspectEntry(connection, this.#target, account, boundMs));
  }

  async setSecret(account: Account, secret: Secret, attempt: Attempt): Promise<SetOutcome> {
    const giveUpAt = performance.now() + attempt.timeoutMs;
    if (!isTakable(secret)) {
      return {
        outcome: 'refused',
        code: 'PAM6007',
        reason: 'a directory takes no such secret (empty, NUL, or no UTF-8)',
        retryable: false,
      };
    }
    let connection: Connection;
    let dn: string;
    try {
      connection = await this.#session();
      dn = await this.#changeableName(account);
    } catch (error) {
      if (!(error instanceof ProviderError)) throw error;
      // Nothing has been sent.
      return { outcome: 'refused', code: error.code, reason: error.message, retryable: error.retryable };
    }
    const own = this.#credential !== null && isSameAccount(account, this.#credential, this.#target) ? this.#credential : null;
    // Sent again: a rule against old passwords would refuse what is there already.
    if (own !== null && this.#ownSet?.equals(secret)) return { outcome: 'done' };
    const change = { dn, fresh: secret, old: own?.secret ?? null, giveUpAt };
    const outcome =
      this.#target.type === 'active_directory' ? await changeActiveDirectory(connection, change) : await changeOpenLdap(connection, change);
    return own === null ? outcome : this.#ownOutcome(own, account, secret, outcome);
  }

  prove(account: Account, secret: Secret): Promise<Proof> {
    return proveBind(this.#target, account, secret, this.#options);
  }

  async identify(account: Account, candidates: readonly Candidate[]): Promise<LiveAnswer> {
    return this.#read((connection, boundMs) => identifySecret(connection, this.#target, account, candidates, boundMs));
  }

  async *discover(): AsyncIterable<FoundAccount> {
    const connection = await this.#session();
    try {
      yield* listEntries(connection, this.#target, this.#options.connectTimeoutMs);
    } catch (error) {
      throw error instanceof ProviderError ? error : connectionError(error, this.#target);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connection?.[Symbol.asyncDispose]();
    this.#connection = null;
  }

  /** What the outcome of a change by the account itself means for this session. */
  async #ownOutcome(own: Credential, account: Account, secret: Secret, outcome: SetOutcome): Promise<SetOutcome> {
    const settled = outcome.outcome === 'refused' && outcome.code === 'PAM6006' ? await this.#doubt(account, secret, outcome) : outcome;
    if (settled.outcome === 'done') {
      this.#credential = { ...own, secret };
      this.#ownSet = secret;
    } else if (settled.outcome === 'unknown') {
      this.#stays = new ProviderError('PAM6001', `${this.#target.address}: the session is gone, and its own secret may have changed`);
    }
    return settled;
  }

  /**
   * The account could log in with its old secret a moment ago, and now that is not the old one. On Active Directory this is what a lost
   * request looks like that has landed: for an hour the last password logs in, but changes nothing. So the new one is asked, once.
   */
  async #doubt(account: Account, secret: Secret, refused: SetOutcome): Promise<SetOutcome> {
    if (this.#target.type !== 'active_directory') return refused;
    const proof = await this.prove(account, secret);
    if (proof.answer === 'accepted') return { outcome: 'done' };
    return proof.answer === 'refused' ? refused : { outcome: 'unknown', reason: proof.reason };
  }

  /** OpenLDAP may let an entry be changed that it does not show. @throws ProviderError PAM6005 where there is no such entry */
  async #changeableName(account: Account): Promise<string> {
    if (this.#target.type !== 'active_directory') return bindName(account, this.#target);
    const found = await this.#read((connection, boundMs) => findEntry(connection, this.#target, account, ['objectGUID'], boundMs));
    if (found === null) throw new ProviderError('PAM6005', 'the entry does not exist, or the credential may not see it');
    return stableName(found);
  }

  async #read<T>(read: (connection: Connection, boundMs: number) => Promise<T>): Promise<T> {
    const connection = await this.#session();
    try {
      return await read(connection, this.#options.connectTimeoutMs);
    } catch (error) {
      throw error instanceof ProviderError ? error : connectionError(error, this.#target);
    }
  }

  /** The session, opened anew where a change that went unanswered has cost us the first one. */
  async #session(): Promise<Connection> {
    if (this.#credential === null) throw new Error('only prove() works without a credential');
    if (this.#connection !== null && !this.#connection.isGone) return this.#connection;
    if (this.#stays !== null) throw this.#stays;
    await this.#connection?.[Symbol.asyncDispose]();
    try {
      this.#connection = await openSession(this.#target, this.#credential, this.#options);
      return this.#connection;
    } catch (error) {
      if (error instanceof ProviderError && error.spent) this.#stays = error;
      throw error;
    }
  }
}

/** @throws ProviderError as `ProviderModule.open` says. A login that is good only for changing its own password is let in. */
async function openSession(target: Target, credential: Credential, options: OpenOptions): Promise<Connection> {
  const result = await login(target, credential, credential.secret, options.connectTimeoutMs);
  if (result.ok) return result.connection;
  const { code, reason, hint, cause, retryable, spent } = result.failure;
  throw new ProviderError(code, `${credential.address}: ${reason}`, {
    retryable,
    spent,
    ...(hint === undefined ? {} : { hint }),
    ...(cause === undefined ? {} : { cause }),
  });
}
