import type { PublicKey } from './key.ts';

/**
 * Changes to the text of an authorized_keys file (sshd(8), "AUTHORIZED_KEYS FILE FORMAT"). Lines that are not ours stay byte for byte,
 * whatever is in them, so the text is one character a byte (latin1) and no line is ever written anew from its parts.
 */

/** Options, type and blob of a line; null for comments, blank lines and what is no key. */
function readLine(line: string): { readonly options: string; readonly type: string; readonly blob: string } | null {
  const text = line.trim();
  if (text === '' || text.startsWith('#')) return null;
  const options = isKeyType(text) ? '' : readOptions(text);
  const [type, blob] = text.slice(options.length).trim().split(/\s+/);
  return type !== undefined && blob !== undefined && isKeyType(type) ? { options, type, blob } : null;
}

function isKeyType(text: string): boolean {
  return /^(?:ssh-(?:ed25519|rsa|dss)|ecdsa-sha2-|sk-(?:ssh|ecdsa)-)/.test(text);
}

/** Up to the first white space outside of double quotes, in which `\"` is a quote. */
function readOptions(text: string): string {
  return /^(?:"(?:\\"|[^"])*"|[^\s"])+/.exec(text)?.[0] ?? '';
}

export function hasKey(text: string, blob: string): boolean {
  return text.split('\n').some((line) => readLine(line)?.blob === blob);
}

/** Every key of the file, once. */
export function keysIn(text: string): readonly { readonly type: string; readonly blob: string }[] {
  const keys = text
    .split('\n')
    .map(readLine)
    .filter((line) => line !== null);
  return [...new Map(keys.map(({ type, blob }) => [blob, { type, blob }])).values()];
}

/**
 * Appends a line for the key, with the options of the key that it takes the place of (`from=`, `restrict`, …); the text itself where
 * the key is in it already.
 */
export function addKey(text: string, key: PublicKey, replaces: string | undefined): string {
  if (hasKey(text, key.blob)) return text;
  const old = text
    .split('\n')
    .map(readLine)
    .find((line) => line !== null && line.blob === replaces);
  const line = [old?.options ?? '', key.type, key.blob, key.comment].filter((part) => part !== '').join(' ');
  return `${text}${text === '' || text.endsWith('\n') ? '' : '\n'}${line}\n`;
}

/** Takes out the lines of these keys and nothing else. */
export function removeKeys(text: string, blobs: readonly string[]): string {
  return text
    .split(/(?<=\n)/)
    .filter((line) => !blobs.includes(readLine(line)?.blob ?? ''))
    .join('');
}
