import type { Code } from '../errors/index.ts';
import { type Instant, versionIn } from '../model/index.ts';
import type { Finding, LiveFinding } from '../plan/index.ts';
import type { ForeignKey, Proof } from '../providers/provider.ts';
import type { NoBudget } from './logins.ts';
import type { Sighting } from './sighting.ts';

/** What a look came to: findings, and what a person may want to know though nothing moved. */
export interface Told {
  readonly findings: readonly Finding[];
  readonly notes: readonly string[];
}

/**
 * How far the clocks of this machine and of a target may be apart, as Kerberos and so every domain has it (RFC 4120 §8.2): a change of
 * the password up to so long after our last proof is taken for the one that we proved.
 */
const CLOCK_SKEW_MS = 5 * 60_000;

/** What of an account is not as its record says. Pure. `isShown`: a login has just shown its secret. */
export function tellSighting({ record, field, state, secret, foreignKeys }: Sighting, { isShown }: { readonly isShown: boolean }): Told {
  const { address, rotation } = record;
  const findings: Finding[] = [];
  const notes: string[] = [];
  const add = (what: LiveFinding, message: string, since?: Instant) =>
    findings.push({ class: 'drift', address, what, message, ...(since === undefined ? {} : { since }) });
  if (!state.exists) {
    add('absent', state.obstacles.join('; '));
    return { findings, notes };
  }
  const { seen } = rotation;
  if (seen?.identity !== undefined && state.identity !== undefined && seen.identity !== state.identity)
    add('replaced', 'another account has the name now: it was deleted and made anew, or renamed');

  // The lock of a password says nothing about a key, and accounts that have keys only are made so.
  const isKey = field === 'privateKey';
  const why = (text: string) => (state.obstacles.length === 1 ? `${text}: ${state.obstacles[0]}` : text);
  if (state.locked === true && !(isKey && seen?.locked !== false)) add('locked', why(isKey ? 'its password is locked' : 'locked'));
  if (state.locked === false && seen?.locked === true)
    add('unlocked', isKey ? 'its password was locked and is not any more' : 'no longer locked');
  if (state.disabled === true) add('disabled', why('disabled'));
  if (state.disabled === false && seen?.disabled === true) add('enabled', 'no longer disabled');
  if (state.mustChange === true) add('must-change', 'it has to set another password before it can log in');
  else if (state.expired === true) add('expired', why('expired'));

  tellSecret();
  tellKeys();
  if (findings.length === 0 && state.obstacles.length > 0) notes.push(`in the way of a rotation: ${state.obstacles.join('; ')}`);
  return { findings, notes };

  function tellSecret(): void {
    const current = versionIn(record, field, 'current');
    switch (secret.is) {
      case 'current':
        return;
      case 'other':
        // A rotation in flight is told as such.
        if (secret.version.state === 'pending' && rotation.active !== undefined) return;
        add(
          isKey ? 'key-missing' : 'secret-changed',
          `the target has version ${secret.version.id} (${secret.version.state}) in place of the current one: an old copy was restored, or somebody set it again`,
          state.lastChangedAt,
        );
        return;
      case 'foreign':
        if (rotation.active !== undefined) return;
        if (secret.onFile) add('key-missing', 'its key is not among those that open the account');
        else add('secret-changed', 'the password was changed by somebody else', state.lastChangedAt);
        return;
      case 'unknown':
        break;
      default:
        secret satisfies never;
    }
    if (current === undefined || isShown) return;
    const provedAt = current.proof?.at;
    if (isKey || provedAt === undefined || state.lastChangedAt === undefined) {
      notes.push(`its secret could not be compared (${secret.is === 'unknown' ? secret.reason : ''}); --prove logs in with it`);
    } else if (Date.parse(state.lastChangedAt) > Date.parse(provedAt) + CLOCK_SKEW_MS) {
      add('secret-changed', `the password was changed after it was proved ${provedAt}`, state.lastChangedAt);
    }
  }

  function tellKeys(): void {
    if (foreignKeys === null || foreignKeys.length === 0) return;
    if (seen?.foreignKeys === undefined) {
      notes.push(`opened by ${count(foreignKeys)} besides its own, of which nothing is remembered before its first rotation`);
      return;
    }
    for (const key of foreignKeys.filter(({ fingerprint }) => !seen.foreignKeys?.includes(fingerprint)))
      add('key-added', `opened by a key that somebody added: ${key.type} ${key.fingerprint}`);
  }
}

function count(keys: readonly ForeignKey[]): string {
  return keys.length === 1 ? `a key (${keys[0]?.fingerprint})` : `${keys.length} keys`;
}

/** What a login with the stored secret says, of an account that could be looked at or not. */
export function tellProof(
  address: Finding['address'],
  field: string,
  proof: Proof | NoBudget,
  isMarkedUnproved: boolean,
): Told & { readonly unseen?: { readonly code: Code; readonly message: string } } {
  const drift = (what: LiveFinding, message: string): Told => ({ findings: [{ class: 'drift', address, what, message }], notes: [] });
  const nothing: Told = { findings: [], notes: [] };
  switch (proof.answer) {
    case 'accepted':
      return proof.restricted === undefined ? nothing : { findings: [], notes: [`its secret is right, but: ${proof.restricted}`] };
    case 'refused':
      return drift('secret-refused', REFUSED);
    case 'no-budget':
      if (proof.code === 'PAM4003') return drift('secret-refused', REFUSED_BEFORE);
      return { ...nothing, unseen: { code: proof.code, message: proof.reason } };
    case 'cannot-tell':
      if (proof.code === 'PAM6005') return drift('absent', proof.reason);
      if (proof.code === 'PAM6006') return drift('unusable', proof.reason);
      if (proof.never !== true) return { ...nothing, unseen: { code: proof.code, message: proof.reason } };
      if (isMarkedUnproved) return nothing;
      return { findings: [{ class: 'unproved', address, message: `${field}: ${proof.reason}` }], notes: [] };
    default:
      return proof satisfies never;
  }
}

export const REFUSED = 'the target refuses the stored secret';
export const REFUSED_BEFORE = 'the target refused the stored secret before; it is not tried again of itself (pam verify ADDRESS does)';
