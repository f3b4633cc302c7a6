import type { Secret } from '../../src/model/index.ts';

/** A secret as text that was written somewhere might hold it: as it is, base64, hex, URL, JSON and UTF-16. */
export function spellingsOf(secret: Secret): readonly string[] {
  const text = secret.reveal();
  const bytes = secret.bytes();
  return [
    text,
    // Without padding, so that it is found in base64url as well as inside a longer base64 text that begins with it.
    bytes.toString('base64').replace(/=+$/, ''),
    bytes.toString('hex'),
    encodeURIComponent(text),
    JSON.stringify(text).slice(1, -1),
    Buffer.from(text, 'utf16le').toString('latin1'),
  ];
}

/** The spellings in which `text` gives the secret away; a test wants none. Upper-case hex is found too. */
export function leaks(text: string, secret: Secret): readonly string[] {
  const lower = text.toLowerCase();
  return spellingsOf(secret).filter(
    (spelling) => text.includes(spelling) || (/^[0-9a-f]{16,}$/.test(spelling) && lower.includes(spelling)),
  );
}
