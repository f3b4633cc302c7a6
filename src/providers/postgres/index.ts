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
import { listRoles } from './discover.ts';
import { inspectRole } from './inspect.ts';
import { isRoleName } from './login.ts';
import { endAttempt, identifySecret } from './oracle.ts';
import { proveLogin } from './proof.ts';
import { Session } from './session.ts';

/** PostgreSQL 10 and later: roles with a SCRAM-SHA-256 password, changed by an administrator or by themselves. */
export const postgresModule: ProviderModule = {
  provable: true,
  // A role has one password: the old one can be set again, but never lives on beside the new one.
  rollback: 'none',
  async open(target, credential, options) {
    return new PostgresProvider(target, credential, options, credential && (await Session.open(target, credential, options)));
  },
};

class PostgresProvider implements Provider, Discover, OracleOf, Quiesce {
  readonly #target: Target;
  readonly #credential: Credential | null;
  readonly #options: OpenOptions;
  #session: Session | null;
  /** Why the session is not opened again once it is gone: each try might spend a login of the credential. */
  #stays: ProviderError | null = null;

  constructor(target: Target, credential: Credential | null, options: OpenOptions, session: Session | null) {
    this.#target = target;
    this.#credential = credential;
    this.#options = options;
    this.#session = session;
  }

  async inspect(account: Account): Promise<AccountState> {
    return inspectRole(await this.#work(), account.login, this.#options.connectTimeoutMs);
  }

  async setSecret(account: Account, secret: Secret, attempt: Attempt): Promise<SetOutcome> {
    if (!isRoleName(account.login)) {
      return { outcome: 'refused', code: 'PAM6005', reason: 'no PostgreSQL role can have this login (1 to 63 bytes)', retryable: false };
    }
    const session = await this.#work();
    const outcome = await setPassword(session, account.login, secret, attempt, this.#options.connectTimeoutMs);
    if (outcome.outcome !== 'refused' && account.login === this.#credential?.login) {
      this.#stays = new ProviderError('PAM6001', `${this.#target.address}: the session is gone, and its own secret may have changed`);
    }
    return outcome;
  }

  prove(account: Account, secret: Secret): Promise<Proof> {
    return proveLogin(this.#target, account, secret, this.#options);
  }

  async identify(account: Account, candidates: readonly Candidate[]): Promise<LiveAnswer> {
    return identifySecret(await this.#work(), this.#target, account.login, candidates, this.#options.connectTimeoutMs);
  }

  async quiesce(_account: Account, attempt: Attempt): Promise<boolean> {
    return endAttempt(await this.#work(), attempt, this.#options.connectTimeoutMs);
  }

  async *discover(): AsyncIterable<FoundAccount> {
    yield* await listRoles(await this.#work(), this.#options.connectTimeoutMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session?.[Symbol.asyncDispose]();
    this.#session = null;
  }

  /** The session, opened anew where a change that went unanswered has cost us the first one. */
  async #work(): Promise<Session> {
    if (this.#credential === null) throw new Error('only prove() works without a credential');
    if (this.#session !== null && !this.#session.isGone) return this.#session;
    if (this.#stays !== null) throw this.#stays;
    await this.#session?.[Symbol.asyncDispose]();
    try {
      this.#session = await Session.open(this.#target, this.#credential, this.#options);
      return this.#session;
    } catch (error) {
      if (error instanceof ProviderError && error.spent) this.#stays = error;
      throw error;
    }
  }
}
