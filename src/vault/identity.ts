import { open, readFile } from 'node:fs/promises';
import type { Instant } from '../model/index.ts';
import { loadAge } from './age.ts';
import { VaultError } from './vault-error.ts';

/** An age key pair (X25519): the identity (`AGE-SECRET-KEY-1…`) opens what is sealed to the recipient (`age1…`). */
export interface KeyPair {
  readonly identity: string;
  readonly recipient: string;
}

const IDENTITY_LINE = /^AGE-SECRET-KEY-(?:PQ-)?1[0-9A-Z]+$/;

export async function generateIdentity(): Promise<KeyPair> {
  const { generateX25519Identity } = await loadAge();
  const identity = await generateX25519Identity();
  return { identity, recipient: await recipientOf(identity) };
}

/** VaultError PAM5017 when the text is no identity. */
export async function recipientOf(identity: string): Promise<string> {
  const { identityToRecipient } = await loadAge();
  try {
    return await identityToRecipient(identity);
  } catch {
    throw new VaultError('PAM5017', 'this is no age identity');
  }
}

/**
 * The identities in a text: one a line, blank lines and `#` comments between them, as `age-keygen` writes and `age -i` reads.
 * `source` names where the text comes from in the error (VaultError PAM5017), which never repeats it.
 */
export function parseIdentities(text: string, source: string): readonly string[] {
  const identities: string[] = [];
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    if (!IDENTITY_LINE.test(line)) throw new VaultError('PAM5017', `line ${index + 1} of ${source} is no age identity`);
    identities.push(line);
  }
  if (identities.length === 0) throw new VaultError('PAM5017', `${source} holds no age identity`);
  return identities;
}

export async function readIdentityFile(path: string): Promise<readonly string[]> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw new VaultError('PAM5017', `the identity file ${path} cannot be read`, { cause });
  }
  return parseIdentities(text, path);
}

/** Writes a new file that only its owner can read, flushed to the disk; VaultError PAM5017 when there is one already. */
export async function writeIdentityFile(path: string, { identity, recipient }: KeyPair, createdAt: Instant): Promise<void> {
  try {
    await using file = await open(path, 'wx', 0o600);
    await file.writeFile(`# created: ${createdAt}\n# public key: ${recipient}\n${identity}\n`);
    await file.sync();
  } catch (cause) {
    throw new VaultError('PAM5017', `the identity file ${path} cannot be written`, { cause });
  }
}
