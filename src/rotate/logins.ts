import {
  type Address,
  type Instant,
  type RecordId,
  type Secret,
  type SecretField,
  type VaultRecord,
  type VersionId,
  versionIn,
} from '../model/index.ts';
import { type AccountState, type Proof, type Provider, ProviderError, type ProviderModule, type Target } from '../providers/provider.ts';
import type { SecretRef } from '../vault/vault.ts';
import { type RotateContext, RotationError } from './context.ts';
import { budgetOf, type LoginKind } from './lockout.ts';
import { loginField, type Subject } from './subject.ts';

/**
 * Every login that pam makes goes through here: the attempt is spent durably before it, and settled after it.
 * Logins with one credential happen one after the other, so that five hundred rotations with a wrong admin password
 * produce exactly one failure (`rotation.md` §2.5).
 */
export interface Logins {
  /** A session as the actor of the subject. ProviderError as of `ProviderModule.open`; RotationError PAM4003, PAM4004, PAM4008. */
  openActor(subject: Subject): Promise<Provider>;
  /** A fresh login as the account. `no-budget` where no attempt may be spent. `sentAt`: when this secret was last sent to the target. */
  prove(subject: Subject, version: VersionId, secret: Secret, kind: LoginKind, sentAt?: Instant): Promise<Proof | NoBudget>;
  /** What an inspection said about lockouts of the account holds for the rest of this run. */
  learn(record: RecordId, state: Pick<AccountState, 'lockout' | 'failures'>): void;
}

export interface NoBudget {
  readonly answer: 'no-budget';
  readonly code: 'PAM4003' | 'PAM4004';
  readonly reason: string;
}

interface Ticket {
  readonly answer: 'granted';
  readonly ticket: string;
}

/** Of one target in one run (`rotation.md` §2.6): hundreds of accounts must not wait for it one after the other. */
const MAX_UNREACHABLE = 3;

export function createLogins(ctx: RotateContext): Logins {
  const gates = new Map<string, Promise<unknown>>();
  /** Transport failures in a row, by target. */
  const unreachable = new Map<Address, number>();
  const learned = new Map<RecordId, Pick<AccountState, 'lockout' | 'failures'>>();

  /** Spends an attempt at the account, as far as its target lets anybody fail. */
  async function spend(
    module: ProviderModule,
    who: VaultRecord,
    ref: SecretRef,
    kind: LoginKind,
    sentAt?: Instant,
  ): Promise<Ticket | NoBudget> {
    const { lockout } = who.rotation;
    const known = learned.get(who.id) ?? (lockout === undefined ? {} : { lockout });
    const budget = budgetOf(ctx.settings.budget, kind, { locksOut: module.locksOut?.includes(ref.field) === true, ...known });
    const threshold = known.lockout === undefined ? '' : `, and ${known.lockout.maxFailures} failed logins lock it`;
    if (budget === null)
      return { answer: 'no-budget', code: 'PAM4004', reason: `no failed login may be risked on ${who.address} now${threshold}` };
    const answer = await ctx.vault.attempts.spend(ref, sentAt === undefined ? budget : { ...budget, sentAt });
    if (answer.granted) return { answer: 'granted', ticket: answer.ticket };
    if (answer.reason === 'refused')
      return { answer: 'no-budget', code: 'PAM4003', reason: `the secret of ${who.address} was refused before` };
    const until = answer.until === undefined ? '' : ` until ${answer.until}`;
    return { answer: 'no-budget', code: 'PAM4004', reason: `the login budget of ${who.address} is used up${until}${threshold}` };
  }

  /** One at a time for each account: the next waits until the one before is settled. */
  function gated<T>(record: string, work: () => Promise<T>): Promise<T> {
    const turn = (gates.get(record) ?? Promise.resolve()).then(work, work);
    gates.set(
      record,
      turn.catch(() => {}),
    );
    return turn;
  }

  async function open(
    module: ProviderModule,
    target: Target,
    who: VaultRecord,
    login: { ref: SecretRef; value: Secret; kind: LoginKind },
  ): Promise<Provider> {
    const { ref } = login;
    if ((unreachable.get(target.address) ?? 0) >= MAX_UNREACHABLE)
      throw new ProviderError(
        'PAM6001',
        `${target.address} was not to be reached ${MAX_UNREACHABLE} times in a row: not tried again in this run`,
      );
    const spent = await spend(module, who, ref, login.kind);
    if (spent.answer === 'no-budget') {
      throw new RotationError(spent.code, spent.reason, {
        hint: `correct the secret of ${who.address} (raise its version), or run: pam verify ${who.address}`,
      });
    }
    try {
      const provider = await module.open(
        target,
        { address: who.address, login: String(who.fields['login'] ?? ''), field: ref.field, secret: login.value, fields: who.fields },
        { connectTimeoutMs: ctx.settings.connectTimeoutMs, sessionName: 'pam' },
      );
      try {
        await ctx.vault.attempts.succeed(spent.ticket);
      } catch (error) {
        // A session that nobody closes would keep the process from ending.
        await provider[Symbol.asyncDispose]();
        throw error;
      }
      unreachable.delete(target.address);
      return provider;
    } catch (error) {
      if (!(error instanceof ProviderError)) throw error;
      if (error.code === 'PAM6001') unreachable.set(target.address, (unreachable.get(target.address) ?? 0) + 1);
      if (error.code === 'PAM6003') await ctx.vault.attempts.refuse(spent.ticket, error.code);
      else if (!error.spent) await ctx.vault.attempts.giveBack(spent.ticket);
      throw error;
    }
  }

  return {
    async openActor(subject) {
      const { target, actor, record } = subject;
      const module = target === null ? null : await ctx.provider(target.type);
      if (target === null || module === null)
        throw new RotationError('PAM4007', `${record.address} has no target that this version can reach`);
      if (actor.type === 'none') throw new RotationError('PAM4007', actor.why, { hint: actor.hint });
      const who = actor.type === 'admin' ? actor.record : record;
      return gated(who.id, async () => {
        const login = await currentSecret(ctx, who.id, actor.type === 'admin' ? undefined : subject.field);
        return open(module, target, who, login);
      });
    },

    async prove(subject, version, secret, kind, sentAt) {
      const { target, account, record } = subject;
      const module = target === null ? null : await ctx.provider(target.type);
      if (target === null || module === null) {
        const reason = target === null ? 'there is nothing to prove it against' : `this version has no provider for ${target.type}`;
        return { answer: 'cannot-tell', code: 'PAM6009', reason, spent: false, never: true };
      }
      return gated(record.id, async () => {
        const spent = await spend(module, record, { record: record.id, field: subject.field, version }, kind, sentAt);
        if (spent.answer === 'no-budget') return spent;
        await using provider = await module.open(target, null, { connectTimeoutMs: ctx.settings.connectTimeoutMs, sessionName: 'pam' });
        const proof = await provider.prove(account, secret);
        if (proof.answer === 'accepted') {
          await ctx.vault.attempts.succeed(spent.ticket);
          const known = learned.get(record.id);
          // A good login sets the target's own count back.
          if (known !== undefined) learned.set(record.id, { ...known, failures: 0 });
        } else if (proof.answer === 'refused') await ctx.vault.attempts.refuse(spent.ticket, proof.code);
        else if (!proof.spent) await ctx.vault.attempts.giveBack(spent.ticket);
        return proof;
      });
    },

    learn(record, { lockout, failures }) {
      learned.set(record, { ...(lockout === undefined ? {} : { lockout }), ...(failures === undefined ? {} : { failures }) });
    },
  };
}

/** Read afresh from the vault, since another rotation of this very run may have changed it. */
async function currentSecret(
  ctx: RotateContext,
  id: string,
  field: SecretField | undefined,
): Promise<{ ref: SecretRef; value: Secret; kind: LoginKind }> {
  const record = await ctx.vault.readRecord(id);
  const wanted = record === null ? undefined : (field ?? loginField(record));
  const version = record === null || wanted === undefined ? undefined : versionIn(record, wanted, 'current');
  if (record === null || version === undefined || wanted === undefined) {
    throw new RotationError('PAM4008', `${record?.address ?? id} has no current secret to log in with`, {
      hint: 'declare a write-only source for it, such as `password: { fromEnv: NAME }`',
    });
  }
  const ref = { record: id, field: wanted, version: version.id };
  return { ref, value: await ctx.vault.readSecret(ref), kind: 'expected' };
}
