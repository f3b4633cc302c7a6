import { type RecordId, type SecretField, type VaultRecord, type VersionHeader, versionIn } from '../model/index.ts';
import {
  type AccountState,
  type Candidate,
  type ForeignKey,
  hasOracle,
  type LiveAnswer,
  type OracleOf,
  type Provider,
} from '../providers/provider.ts';
import { type RotateContext, RotationError } from './context.ts';
import type { Logins } from './logins.ts';
import { foreignKeys } from './seen.ts';
import { describeSubject, type Lookup, loginField, type Subject } from './subject.ts';
import { refOf } from './work.ts';

/** Which secret the target has, as far as it tells without a login. */
export type LiveSecret =
  | { readonly is: 'current' }
  /** An earlier one of ours, or one that a rotation in flight has sent. */
  | { readonly is: 'other'; readonly version: VersionHeader }
  | { readonly is: 'foreign'; readonly onFile: boolean }
  | { readonly is: 'unknown'; readonly reason: string };

/** What an administrator's session shows of one account, beside the record that it is to be held against. */
export interface Sighting {
  readonly record: VaultRecord;
  readonly field: SecretField;
  readonly state: AccountState;
  readonly secret: LiveSecret;
  /** Null where the target has no such list. */
  readonly foreignKeys: readonly ForeignKey[] | null;
}

/** How often an account is looked at again because a rotation of another process wrote its record meanwhile. */
const MAX_LOOKS = 3;

/**
 * Looks at an account and sends nothing that changes it. Null when its record is gone. What is told fits one revision of the record: a
 * rotation that commits between the two readings would look like a change by hand.
 * @throws ProviderError as `inspect` and `identify` do
 */
export async function sightAccount(
  ctx: RotateContext,
  logins: Logins,
  session: Provider,
  id: RecordId,
  lookup: Lookup,
): Promise<Sighting | null> {
  for (let looks = 1; ; looks++) {
    const record = await ctx.vault.readRecord(id);
    if (record === null) return null;
    const subject = describeSubject(record, lookup, loginField(record));
    const sighting = await sightOnce(ctx, session, subject);
    // A proof that follows risks no failed login which the target would answer with a lock.
    logins.learn(id, sighting.state);
    const now = await ctx.vault.readRecord(id);
    if (now?.revision === record.revision) return sighting;
    if (looks === MAX_LOOKS) throw new RotationError('PAM5009', `${record.address} keeps being changed by another process`);
  }
}

async function sightOnce(ctx: RotateContext, session: Provider, subject: Subject): Promise<Sighting> {
  const { record, field, account } = subject;
  const state = await session.inspect(account);
  if (!state.exists) return { record, field, state, secret: { is: 'unknown', reason: 'the account does not exist' }, foreignKeys: null };
  const secret = await identifyLive(ctx, session, subject);
  return { record, field, state, secret, foreignKeys: await foreignKeys(ctx, subject, session) };
}

/** The current secret first; only where that is not the one, the others that are stored, since a comparison may take a while. */
async function identifyLive(ctx: RotateContext, session: Provider, subject: Subject): Promise<LiveSecret> {
  const { record, field } = subject;
  const current = versionIn(record, field, 'current');
  if (current === undefined) return { is: 'unknown', reason: 'no secret is stored' };
  if (!hasOracle(session)) return { is: 'unknown', reason: 'the target shows nothing to compare it with' };
  const first = await ask(ctx, session, subject, [current]);
  if (first.live === current.id) return { is: 'current' };
  if ('reason' in first) return { is: 'unknown', reason: first.reason };
  const others = record.versions.filter((v) => v.field === field && v.id !== current.id);
  const second = others.length === 0 ? first : await ask(ctx, session, subject, others);
  const version = others.find((v) => v.id === second.live);
  return version === undefined ? { is: 'foreign', onFile: 'onFile' in first } : { is: 'other', version };
}

async function ask(ctx: RotateContext, oracle: OracleOf, subject: Subject, versions: readonly VersionHeader[]): Promise<LiveAnswer> {
  const read = async ({ id }: VersionHeader): Promise<Candidate> => ({ id, secret: await ctx.vault.readSecret(refOf(subject, id)) });
  return oracle.identify(subject.account, await Promise.all(versions.map(read)));
}
