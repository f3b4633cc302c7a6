import { createHash } from 'node:crypto';
import type { Secret } from '../../model/index.ts';
import { nodeOf } from '../network.ts';
import type { Account, Attempt, Candidate, ForeignKey, LiveAnswer, SetOutcome } from '../provider.ts';
import { addKey, hasKey, keysIn, removeKeys } from './authorized-keys.ts';
import { publicKeyOf } from './key.ts';
import { editKeyFile, type KeyFile, readKeyFile } from './key-file.ts';

/** Lets the key in beside those that are there. A second time changes nothing. */
export async function authorizeKey(
  file: KeyFile,
  account: Account,
  secret: Secret,
  attempt: Attempt,
  boundMs: number,
): Promise<SetOutcome> {
  const key = await publicKeyOf(secret);
  // What pam made carries its mark already; a key of somebody else gets it, so that the line is known for ours.
  const comment = key.comment.startsWith('pam:') ? key.comment : `pam:${account.address}:${attempt.rotationId}`;
  const replaces = attempt.replaces === undefined ? undefined : (await publicKeyOf(attempt.replaces)).blob;
  return editKeyFile(file, (text) => addKey(text, { ...key, comment }, replaces), attempt, boundMs);
}

/** Takes the keys out again, if the one that is to stay is there. */
export async function retireKeys(
  file: KeyFile,
  keep: Secret,
  drop: readonly Secret[],
  attempt: Attempt,
  boundMs: number,
): Promise<SetOutcome> {
  const kept = (await publicKeyOf(keep)).blob;
  const dropped = (await Promise.all(drop.map(publicKeyOf))).map(({ blob }) => blob).filter((blob) => blob !== kept);
  const text = await readKeyFile(file, boundMs);
  if (text === null || !hasKey(text, kept)) {
    return { outcome: 'refused', code: 'PAM6011', reason: 'the key that is to stay is not in authorized_keys', retryable: false };
  }
  return editKeyFile(file, (now) => (hasKey(now, kept) ? removeKeys(now, dropped) : now), attempt, boundMs);
}

/** The first candidate that is in the file. That is no proof: sshd may look elsewhere, or not like the file. */
export async function identifyKey(file: KeyFile, candidates: readonly Candidate[], boundMs: number): Promise<LiveAnswer> {
  const text = (await readKeyFile(file, boundMs)) ?? '';
  const found = { method: 'authorized-keys', node: nodeOf(file.session.target), onFile: true } as const;
  for (const { id, secret } of candidates) {
    if (hasKey(text, (await publicKeyOf(secret)).blob)) return { live: id, ...found };
  }
  return { live: 'none', ...found };
}

/** The keys in the file that are none of ours. */
export async function listForeignKeys(file: KeyFile, own: readonly Secret[], boundMs: number): Promise<readonly ForeignKey[]> {
  const text = (await readKeyFile(file, boundMs)) ?? '';
  const ours = (await Promise.all(own.map(publicKeyOf))).map(({ blob }) => blob);
  return keysIn(text)
    .filter(({ blob }) => !ours.includes(blob))
    .map(({ type, blob }) => ({ type, fingerprint: fingerprintOf(blob) }))
    .sort((a, b) => (a.fingerprint < b.fingerprint ? -1 : 1));
}

function fingerprintOf(blob: string): string {
  const digest = createHash('sha256').update(Buffer.from(blob, 'base64')).digest('base64');
  return `SHA256:${digest.replace(/=+$/, '')}`;
}
