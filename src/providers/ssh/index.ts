import type { Secret } from '../../model/index.ts';
import {
  type Account,
  type AccountState,
  type Attempt,
  type Candidate,
  type Credential,
  type Discover,
  type ForeignKey,
  type FoundAccount,
  type KeyList,
  type LiveAnswer,
  type OpenOptions,
  type OracleOf,
  type Overlap,
  type Proof,
  type Provider,
  ProviderError,
  type ProviderModule,
  type Quiesce,
  type SetOutcome,
  type Target,
} from '../provider.ts';
import { changeOwnPassword, refuseSecret, resetPassword } from './change.ts';
import { listLocalAccounts } from './discover.ts';
import { lookAt, readLockout, stateOf } from './inspect.ts';
import type { KeyFile } from './key-file.ts';
import { authorizeKey, identifyKey, listForeignKeys, retireKeys } from './keys.ts';
import { isLoginName } from './login.ts';
import { endAttempt, identifyPassword } from './oracle.ts';
import { proveLogin } from './proof.ts';
import { type Gained, gainRights } from './rights.ts';
import { Session } from './session.ts';

/** Linux hosts over SSH: passwords of local accounts, and keys in authorized_keys, changed by an administrator or by themselves. */
export const sshModule: ProviderModule = {
  provable: true,
  locksOut: ['password'],
  // A password has one value; a new key lives beside the old one until that is retired.
  rollback: { password: 'none', privateKey: 'overlap' },
  async open(target, credential, options) {
    return new SshProvider(target, credential, options, credential && (await Session.open(target, credential, options)));
  },
};

const NO_SUCH_LOGIN = 'no account can have this login (no control characters, `:` or `/`, not beginning with -, +, # or %)';

class SshProvider implements Provider, Discover, KeyList, OracleOf, Quiesce, Overlap {
  readonly #target: Target;
  readonly #credential: Credential | null;
  readonly #options: OpenOptions;
  #session: Session | null;
  /** Why the session is not opened again once it is gone: each try might spend a login of the credential. */
  #stays: ProviderError | null = null;
  readonly #gained = new Map<string, Gained>();

  constructor(target: Target, credential: Credential | null, options: OpenOptions, session: Session | null) {
    this.#target = target;
    this.#credential = credential;
    this.#options = options;
    this.#session = session;
  }

  async inspect(account: Account): Promise<AccountState> {
    if (!isLoginName(account.login)) return { exists: false, obstacles: [NO_SUCH_LOGIN] };
    const session = await this.#work();
    const bound = this.#options.connectTimeoutMs;
    const state = await this.#look(account, session, bound);
    // A refused key is no failed login for pam_faillock(8).
    const lockout = state.exists && account.field === 'password' ? await readLockout(session, bound) : null;
    return lockout === null ? state : { ...state, lockout };
  }

  async #look(account: Account, session: Session, bound: number): Promise<AccountState> {
    if (this.#isOwn(account)) return stateOf(account, await lookAt(session, account.login, null, bound));
    // Without an account to act for, sudo would refuse for that reason.
    const state = stateOf(account, await lookAt(session, account.login, null, bound));
    if (!state.exists) return state;
    const gained = await this.#gain(account);
    if (!gained.ok) return { ...state, obstacles: [...state.obstacles, gained.reason] };
    return stateOf(account, await lookAt(session, account.login, gained.rights, bound));
  }

  async setSecret(account: Account, secret: Secret, attempt: Attempt): Promise<SetOutcome> {
    const refused = (code: 'PAM6004' | 'PAM6005', reason: string) => ({ outcome: 'refused', code, reason, retryable: false }) as const;
    if (!isLoginName(account.login)) return refused('PAM6005', NO_SUCH_LOGIN);
    const unusable = account.field === 'password' ? refuseSecret(secret) : null;
    if (unusable !== null) return unusable;
    const session = await this.#work();
    const bound = this.#options.connectTimeoutMs;
    if (!(await lookAt(session, account.login, null, bound)).any) return refused('PAM6005', 'the account does not exist on the host');
    const gained = this.#isOwn(account) ? null : await this.#gain(account);
    if (gained?.ok === false) return refused('PAM6004', gained.reason);
    if (account.field !== 'password') {
      return authorizeKey({ session, login: account.login, rights: gained?.rights ?? null }, account, secret, attempt, bound);
    }
    const outcome =
      gained === null
        ? await changeOwnPassword(session, secret, attempt)
        : await resetPassword(session, account.login, secret, gained.rights, attempt, () =>
            this.identify(account, [{ id: 'new', secret }]),
          );
    if (outcome.outcome !== 'refused' && account.login === this.#credential?.login) {
      this.#stays = new ProviderError('PAM6001', `${this.#target.address}: the session is gone, and its own secret may have changed`);
    }
    return outcome;
  }

  prove(account: Account, secret: Secret): Promise<Proof> {
    return proveLogin(this.#target, account, secret, this.#options);
  }

  async identify(account: Account, candidates: readonly Candidate[]): Promise<LiveAnswer> {
    if (!isLoginName(account.login)) return { live: 'unknown', reason: NO_SUCH_LOGIN };
    if (account.field === 'privateKey') return identifyKey(await this.#keyFile(account), candidates, this.#options.connectTimeoutMs);
    const gained = this.#isOwn(account) ? null : await this.#gain(account);
    if (!gained?.ok) return { live: 'unknown', reason: gained?.reason ?? 'an account cannot read its own verifier' };
    return identifyPassword(await this.#work(), account.login, gained.rights, candidates, this.#options.connectTimeoutMs);
  }

  async quiesce(_account: Account, attempt: Attempt): Promise<boolean> {
    return endAttempt(await this.#work(), attempt, this.#options.connectTimeoutMs);
  }

  async retire(account: Account, keep: Secret, drop: readonly Secret[], attempt: Attempt): Promise<SetOutcome> {
    return retireKeys(await this.#keyFile(account), keep, drop, attempt, this.#options.connectTimeoutMs);
  }

  async *discover(): AsyncIterable<FoundAccount> {
    const session = await this.#work();
    // Who may reset passwords may as a rule see how they stand; without that right the listing knows less.
    const gained = await this.#gain({
      address: session.credential.address,
      login: session.credential.login,
      field: 'password',
      fields: {},
    });
    yield* await listLocalAccounts(session, gained.ok ? gained.rights : null, this.#options.connectTimeoutMs);
  }

  async listForeignKeys(account: Account, own: readonly Secret[]): Promise<readonly ForeignKey[]> {
    return listForeignKeys(await this.#keyFile(account), own, this.#options.connectTimeoutMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session?.[Symbol.asyncDispose]();
    this.#session = null;
  }

  /** The account changes itself: with `passwd`, which wants the old password, or in its own home. */
  #isOwn(account: Account): boolean {
    const credential = this.#credential;
    if (credential === null || credential.login !== account.login || account.login === 'root') return false;
    return account.field !== 'password' || credential.field === 'password';
  }

  async #gain(account: Account): Promise<Gained> {
    const field = account.field === 'privateKey' ? 'privateKey' : 'password';
    // The right to reset passwords is one for all accounts; the right to act as somebody is one for each.
    const key = field === 'password' ? field : `${field} ${account.login}`;
    const known = this.#gained.get(key);
    if (known !== undefined) return known;
    const gained = await gainRights(await this.#work(), field, account.login, this.#options.connectTimeoutMs);
    this.#gained.set(key, gained);
    return gained;
  }

  async #keyFile(account: Account): Promise<KeyFile> {
    const session = await this.#work();
    if (this.#isOwn(account)) return { session, login: account.login, rights: null };
    const gained = await this.#gain(account);
    if (!gained.ok) throw new ProviderError('PAM6004', `${this.#credential?.address}: ${gained.reason}`);
    return { session, login: account.login, rights: gained.rights };
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
