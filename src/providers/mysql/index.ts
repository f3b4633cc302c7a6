import type { Secret } from '../../model/index.ts';
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
  type Quiesce,
  type SetOutcome,
  type Target,
} from '../provider.ts';
import { setPassword } from './change.ts';
import { listAccounts } from './discover.ts';
import type { Flavor } from './flavor.ts';
import { findShadow, inspectAccount, shadowedBy } from './inspect.ts';
import { mariadb } from './mariadb.ts';
import { mysql } from './mysql.ts';
import { isSameName, parseName } from './name.ts';
import { endAttempt, identifySecret } from './oracle.ts';
import { proveLogin } from './proof.ts';
import { Session } from './session.ts';

/** MySQL 8 and later: accounts with caching_sha2_password, sha256_password or mysql_native_password. */
export const mysqlModule: ProviderModule = moduleOf(mysql);

/** MariaDB 10.4 and later: accounts with mysql_native_password. */
export const mariadbModule: ProviderModule = moduleOf(mariadb);

function moduleOf(flavor: Flavor): ProviderModule {
  return {
    provable: true,
    locksOut: ['password'],
    // MySQL could keep the old password as a second one (RETAIN CURRENT PASSWORD), but then the same request sent twice would put the
    // new one in its place, and it is left to people: a change leaves a second password as it is.
    rollback: 'none',
    async open(target, credential, options) {
      return new MysqlProvider(
        flavor,
        target,
        credential,
        options,
        credential && (await Session.open(target, flavor, credential, options)),
      );
    },
  };
}

class MysqlProvider implements Provider, Discover, OracleOf, Quiesce {
  readonly #flavor: Flavor;
  readonly #target: Target;
  readonly #credential: Credential | null;
  readonly #options: OpenOptions;
  #session: Session | null;
  /** Why the session is not opened again once it is gone: each try might spend a login of the credential. */
  #stays: ProviderError | null = null;

  constructor(flavor: Flavor, target: Target, credential: Credential | null, options: OpenOptions, session: Session | null) {
    this.#flavor = flavor;
    this.#target = target;
    this.#credential = credential;
    this.#options = options;
    this.#session = session;
  }

  async inspect(account: Account): Promise<AccountState> {
    const name = parseName(account.login);
    if (name === null) return { exists: false, obstacles: [`no account of ${this.#flavor.server} can have this login`] };
    const { session } = await this.#work();
    return inspectAccount(session, this.#flavor, this.#target, name, this.#options.connectTimeoutMs);
  }

  async setSecret(account: Account, secret: Secret, attempt: Attempt): Promise<SetOutcome> {
    const name = parseName(account.login);
    if (name === null) {
      return { outcome: 'refused', code: 'PAM6005', reason: `no account of ${this.#flavor.server} can have this login`, retryable: false };
    }
    const { session, credential } = await this.#work();
    const outcome = await setPassword(session, this.#flavor, credential, name, secret, attempt, this.#options.connectTimeoutMs);
    if (outcome.outcome !== 'refused' && isSameName(session.row, name)) {
      this.#stays = new ProviderError('PAM6001', `${this.#target.address}: the session is gone, and its own secret may have changed`);
    }
    return outcome;
  }

  async prove(account: Account, secret: Secret): Promise<Proof> {
    const proof = await proveLogin(this.#target, this.#flavor, account, secret, this.#options);
    if (proof.answer !== 'refused' || this.#session === null || this.#session.isGone) return proof;
    // The server says nothing about which account it refused; an administrator can know that it looked at another one.
    const name = parseName(account.login);
    const shadow = name && (await findShadow(this.#session, name, this.#options.connectTimeoutMs).catch(() => null));
    if (name === null || shadow === null) return proof;
    return { answer: 'cannot-tell', code: 'PAM6009', reason: shadowedBy(name, shadow), spent: true };
  }

  async identify(account: Account, candidates: readonly Candidate[]): Promise<LiveAnswer> {
    const name = parseName(account.login);
    if (name === null) return { live: 'unknown', reason: 'the account does not exist' };
    const { session } = await this.#work();
    return identifySecret(session, this.#flavor, this.#target, name, candidates, this.#options.connectTimeoutMs);
  }

  async quiesce(_account: Account, attempt: Attempt): Promise<boolean> {
    return endAttempt((await this.#work()).session, attempt, this.#options.connectTimeoutMs);
  }

  async *discover(): AsyncIterable<FoundAccount> {
    yield* await listAccounts((await this.#work()).session, this.#flavor, this.#options.connectTimeoutMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session?.[Symbol.asyncDispose]();
    this.#session = null;
  }

  /** The session, opened anew where a change that went unanswered has cost us the first one. */
  async #work(): Promise<{ session: Session; credential: Credential }> {
    const credential = this.#credential;
    if (credential === null) throw new Error('only prove() works without a credential');
    if (this.#session !== null && !this.#session.isGone) return { session: this.#session, credential };
    if (this.#stays !== null) throw this.#stays;
    await this.#session?.[Symbol.asyncDispose]();
    try {
      const session = await Session.open(this.#target, this.#flavor, credential, this.#options);
      this.#session = session;
      return { session, credential };
    } catch (error) {
      if (error instanceof ProviderError && error.spent) this.#stays = error;
      throw error;
    }
  }
}
