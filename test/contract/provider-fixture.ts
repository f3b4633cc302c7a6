import { randomBytes, randomUUID } from 'node:crypto';
import { Secret } from '../../src/model/index.ts';
import type { Account, Attempt, Credential, ProviderModule, Target } from '../../src/providers/provider.ts';
import type { Moment } from '../servers/fault-proxy.ts';

export interface TestAccount {
  readonly account: Account;
  readonly secret: Secret;
}

/** What a kind of target can do beyond the least; each adds its tests. */
export type Ability = 'disabled' | 'expired' | 'self-rotation' | 'oracle' | 'plain' | 'quiesce';

/** A real target, and what only its own test knows how to do with it. */
export interface ProviderFixture {
  readonly module: ProviderModule;
  readonly target: Target;
  readonly admin: Credential;
  /** A new account; `login` and `secret` are chosen by the fixture where they do not matter. */
  makeAccount(wanted?: { login?: string; secret?: Secret }): Promise<TestAccount>;
  /** An account that does not exist. */
  readonly absent: Account;
  /** Logins that need care: quotes, spaces, upper case, other scripts. */
  readonly strangeLogins: readonly string[];
  /** A secret with every character that the target takes. */
  readonly strangeSecret: Secret;
  /** `disabled`, `expired`: puts the account into that state. */
  readonly disable?: (account: Account) => Promise<void>;
  readonly expire?: (account: Account) => Promise<void>;
  /** Logins of this account that the target has seen so far, good and bad. */
  readonly loginsOf: (account: Account) => Promise<number>;
  /** Connections that the target has open, without those of the fixture. */
  readonly openSessions: () => Promise<number>;
  /** `plain`: a way to it without encryption, and how a fault proxy tells that the request to change the secret is on its way. */
  readonly plain?: { readonly target: Target; readonly isChange: (moment: Moment) => boolean };
  /** `quiesce`: makes the next change of the account hang on the target; what it gives back lets it go on. */
  readonly block?: (account: Account) => Promise<() => Promise<void>>;
  stop(): Promise<void>;
}

/** A secret that was never used before. */
export function freshSecret(): Secret {
  return Secret.fromText(`${randomBytes(18).toString('base64url')}-Aa1`);
}

export function newAttempt(timeoutMs = 10_000): Attempt {
  return { rotationId: randomUUID(), timeoutMs };
}
