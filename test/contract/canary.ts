import type { Secret } from '../../src/model/index.ts';

/** A secret as text that was written somewhere might hold it: as it is, base64, hex, URL, JSON and UTF-16. */
function spellingsOf(secret: Secret): readonly string[] {
  const text = secret.reveal();
  const bytes = secret.bytes();
  const hex = bytes.toString('hex');
  return [
    text,
    // Bytes beyond ASCII, in what was read as latin1.
    bytes.toString('latin1'),
    ...base64Of(bytes, 'base64'),
    ...base64Of(bytes, 'base64url'),
    hex,
    hex.toUpperCase(),
    encodeURIComponent(text),
    JSON.stringify(text).slice(1, -1),
    Buffer.from(text, 'utf16le').toString('latin1'),
  ];
}

/** What is there of the bytes in the base64 of a longer text, such as `user:password`, wherever in it they begin. */
function base64Of(bytes: Buffer, encoding: 'base64' | 'base64url'): readonly string[] {
  return [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes]).toString(encoding);
    // Characters of six bits that hold nothing of what is around.
    return text.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6));
  });
}

/** By which a spelling is looked up; no secret of a test is shorter. */
const START = 6;

/**
 * The spellings in which `text` gives one of the secrets away; a test wants none. One pass, however many they are: logs and data
 * folders are large, and fleets have many secrets.
 */
export function leaks(text: string, ...secrets: readonly Secret[]): readonly string[] {
  const byStart = new Map<string, Set<string>>();
  // Which two bytes a spelling begins with: most of the text is passed over by them alone.
  const begins = new Uint8Array(1 << 16);
  for (const spelling of new Set(secrets.flatMap(spellingsOf))) {
    if (spelling.length < START) throw new Error('the secret is too short to be told from other text');
    const start = spelling.slice(0, START);
    byStart.set(start, (byStart.get(start) ?? new Set()).add(spelling));
    begins[pair(spelling.charCodeAt(0), spelling.charCodeAt(1))] = 1;
  }
  const found = new Set<string>();
  for (let at = 1, before = text.charCodeAt(0); at < text.length; at++) {
    const here = text.charCodeAt(at);
    if (begins[pair(before, here)] === 1) {
      for (const spelling of byStart.get(text.slice(at - 1, at - 1 + START)) ?? [])
        if (text.startsWith(spelling, at - 1)) found.add(spelling);
    }
    before = here;
  }
  return [...found];
}

function pair(first: number, second: number): number {
  return ((first & 0xff) << 8) | (second & 0xff);
}
