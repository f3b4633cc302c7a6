import { type Address, type Secret, type SecretField, type VaultRecord, versionIn } from '../model/index.ts';
import { type Account, type Proof, type Provider, ProviderError, type ProviderModule, type Target } from '../providers/provider.ts';
import type { SecretRef } from '../vault/vault.ts';
import { type RotateContext, RotationError } from './context.ts';
import { loginField, type Subject } from './subject.ts';

/**
 * `expected`: there is reason to believe that the secret is live. `given`: somebody gave it; refused, it is wrong, and not tried
 * again. `guess`: it may not have reached the target yet; refused, it counts as spent, and it is tried again once it was sent.
 */
export type LoginKind = 'expected' | 'given' | 'guess';

/**
 * Every login that pam makes goes through here: the attempt is spent durably before it, and settled after it.
 * Logins with one credential happen one after the other, so that five hundred rotations with a wrong admin password
 * produce exactly one failure (`rotation.md` §2.5).
 */
export interface Logins {
  /** A session as the actor of the subject. ProviderError as of `ProviderModule.open`; RotationError PAM4003, PAM4004, PAM4008. */
  openActor(subject: Subject, secret?: { ref: SecretRef; value: Secret; expected: boolean }): Promise<Provider>;
  /** A fresh login as the account. `no-budget` where no attempt may be spent. */
  prove(
    target: Target,
    account: Account,
    ref: SecretRef,
    secret: Secret,
    kind: LoginKind,
  ): Promise<Proof | { readonly answer: 'no-budget'; readonly code: 'PAM4003' | 'PAM4004' }>;
}

/** Of one target in one run (`rotation.md` §2.6): hundreds of accounts must not wait for it one after the other. */
const MAX_UNREACHABLE = 3;

export function createLogins(ctx: RotateContext): Logins {
  const gates = new Map<string, Promise<unknown>>();
  /** Transport failures in a row, by target. */
  const unreachable = new Map<Address, number>();

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
    login: { ref: SecretRef; value: Secret; expected: boolean },
  ): Promise<Provider> {
    const { ref } = login;
    if ((unreachable.get(target.address) ?? 0) >= MAX_UNREACHABLE)
      throw new ProviderError(
        'PAM6001',
        `${target.address} was not to be reached ${MAX_UNREACHABLE} times in a row: not tried again in this run`,
      );
    const spend = await ctx.vault.attempts.spend(ref, { ...ctx.settings.budget, expected: login.expected });
    if (!spend.granted) {
      const code = spend.reason === 'refused' ? 'PAM4003' : 'PAM4004';
      throw new RotationError(
        code,
        code === 'PAM4003'
          ? `the secret of ${who.address} was refused by ${target.address} before`
          : `the login budget of ${who.address} is used up until ${spend.until}`,
        {
          hint: `correct the secret of ${who.address} (raise its version), or run: pam verify ${who.address}`,
        },
      );
    }
    try {
      const provider = await module.open(
        target,
        { address: who.address, login: String(who.fields['login'] ?? ''), field: ref.field, secret: login.value, fields: who.fields },
        { connectTimeoutMs: ctx.settings.connectTimeoutMs, sessionName: 'pam' },
      );
      try {
        await ctx.vault.attempts.succeed(spend.ticket);
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
      if (error.code === 'PAM6003') await ctx.vault.attempts.refuse(spend.ticket, error.code);
      else if (!error.spent) await ctx.vault.attempts.giveBack(spend.ticket);
      throw error;
    }
  }

  return {
    async openActor(subject, secret) {
      const { target, actor, record } = subject;
      const module = target === null ? null : await ctx.provider(target.type);
      if (target === null || module === null)
        throw new RotationError('PAM4007', `${record.address} has no target that this version can reach`);
      if (actor.type === 'none') throw new RotationError('PAM4007', actor.why, { hint: actor.hint });
      const who = actor.type === 'admin' ? actor.record : record;
      return gated(who.id, async () => {
        const login = secret ?? (await currentSecret(ctx, who.id, actor.type === 'admin' ? undefined : subject.field));
        return open(module, target, who, login);
      });
    },

    async prove(target, account, ref, secret, kind) {
      const module = await ctx.provider(target.type);
      if (module === null) {
        return {
          answer: 'cannot-tell',
          code: 'PAM6009',
          reason: `this version has no provider for ${target.type}`,
          spent: false,
          never: true,
        };
      }
      return gated(ref.record, async () => {
        const spend = await ctx.vault.attempts.spend(ref, { ...ctx.settings.budget, expected: kind === 'expected' });
        if (!spend.granted) return { answer: 'no-budget', code: spend.reason === 'refused' ? 'PAM4003' : 'PAM4004' } as const;
        await using provider = await module.open(target, null, { connectTimeoutMs: ctx.settings.connectTimeoutMs, sessionName: 'pam' });
        const proof = await provider.prove(account, secret);
        if (proof.answer === 'accepted') await ctx.vault.attempts.succeed(spend.ticket);
        else if (proof.answer === 'refused' && kind === 'guess') await ctx.vault.attempts.miss(spend.ticket);
        else if (proof.answer === 'refused') await ctx.vault.attempts.refuse(spend.ticket, proof.code);
        else if (!proof.spent) await ctx.vault.attempts.giveBack(spend.ticket);
        return proof;
      });
    },
  };
}

/** Read afresh from the vault, since another rotation of this very run may have changed it. */
async function currentSecret(
  ctx: RotateContext,
  id: string,
  field: SecretField | undefined,
): Promise<{ ref: SecretRef; value: Secret; expected: boolean }> {
  const record = await ctx.vault.readRecord(id);
  const wanted = record === null ? undefined : (field ?? loginField(record));
  const version = record === null || wanted === undefined ? undefined : versionIn(record, wanted, 'current');
  if (record === null || version === undefined || wanted === undefined) {
    throw new RotationError('PAM4008', `${record?.address ?? id} has no current secret to log in with`, {
      hint: 'declare a write-only source for it, such as `password: { fromEnv: NAME }`',
    });
  }
  const ref = { record: id, field: wanted, version: version.id };
  return { ref, value: await ctx.vault.readSecret(ref), expected: true };
}
