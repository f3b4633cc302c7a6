import type { VersionId } from '../model/index.ts';
import type { LiveAnswer, Proof } from '../providers/provider.ts';
import type { ProofAnswer, Situation } from './decide.ts';
import type { NoBudget } from './logins.ts';

/** What a quarantine means, for people. */
export const QUARANTINE_REASONS = {
  foreign: 'the target has a secret that pam does not know: somebody changed it by hand while a rotation was in flight',
  'neither-opens': 'neither the old nor the new secret opens the account',
  'no-proof': 'the target offers no proof of a login; rotation.allowUnproved: true would accept that',
} as const;

/** Why a rotation is left for the next run. */
export const LEAVE_REASONS = {
  stopping: 'interrupted; the next apply finishes it',
  unreachable: 'the target could not be asked',
  'no-budget': 'no login may be spent on the account now',
} as const;

/** An older secret that is live again counts as the current one: the pending one is not. */
export function oracleAnswer(answer: LiveAnswer, pending: VersionId): Situation['oracle'] {
  if (answer.live === 'unknown') return 'unavailable';
  if (answer.live === 'none') return 'none';
  return answer.live === pending ? 'pending' : 'current';
}

/** A secret that was refused before, and not sent since, is refused: nobody has to log in to know. */
export function proofAnswer(proof: Proof | NoBudget): ProofAnswer {
  if (proof.answer === 'no-budget' && proof.code === 'PAM4003') return 'refused';
  return proof.answer === 'cannot-tell' && proof.never === true ? 'never' : proof.answer;
}
