/**
 * SASLprep of passwords (RFC 4013), as PostgreSQL's server and libpq do it (`src/common/saslprep.c`):
 * pure ASCII stays as it is, controls included; what may not be prepared is used raw by libpq.
 *
 * Two places where it is not to the letter, both for code points a generated password never has: unassigned means unassigned
 * in this Node's Unicode and not in 3.2, and of the bidi rule "other direction" means letters only.
 */

/** RFC 3454 C.1.2, U+200B among them. */
const OTHER_SPACES = /[\u00A0\u1680\u2000-\u200B\u202F\u205F\u3000]/gu;
/** RFC 3454 B.1. */
const MAPPED_TO_NOTHING = /\u00AD|\u034F|\u1806|[\u180B-\u180D]|\u200C|\u200D|\u2060|[\uFE00-\uFE0F]|\uFEFF/gu;
/** RFC 4013 §2.3 (C.2.1 to C.9) and unassigned ones. U+FFFD is among them: bytes that are no UTF-8 decode to it. */
const PROHIBITED =
  /\p{Cc}|\p{Co}|\p{Cs}|\p{Cn}|\u06DD|\u070F|\u180E|\u2028|\u2029|[\u2060-\u2063]|[\u206A-\u206F]|[\uFFF9-\uFFFD]|[\u{1D173}-\u{1D17A}]|[\u2FF0-\u2FFB]|\u0340|\u0341|\u200E|\u200F|[\u202A-\u202E]|\u{E0001}|[\u{E0020}-\u{E007F}]/u;
/** RFC 3454 D.1: letters written from right to left. */
const RIGHT_TO_LEFT =
  /[\u05BE\u05C0\u05C3\u05D0-\u05EA\u05F0-\u05F4\u061B\u061F\u0621-\u063A\u0640-\u064A\u066D-\u066F\u0671-\u06D5\u06E5\u06E6\u06FA-\u06FE\u0700-\u070D\u0710\u0712-\u072C\u0780-\u07A5\u07B1\uFB1D\uFB1F-\uFB28\uFB2A-\uFB36\uFB38-\uFB3C\uFB3E\uFB40\uFB41\uFB43\uFB44\uFB46-\uFBB1\uFBD3-\uFD3D\uFD50-\uFD8F\uFD92-\uFDC7\uFDF0-\uFDFC\uFE70-\uFE74\uFE76-\uFEFC]/u;

/** The prepared form, or null where RFC 4013 prohibits the text. */
export function saslprep(text: string): string | null {
  if (isAscii(text)) return text;
  const prepared = mapAndNormalise(text);
  return prepared === '' || PROHIBITED.test(prepared) || breaksBidiRule(prepared) ? null : prepared;
}

/** What libpq and the server compute with: raw where it cannot be prepared. */
export function asServerSeesIt(text: string): string {
  return saslprep(text) ?? text;
}

/** True where the driver `pg`, which maps but never refuses, computes with another text than the server does. */
export function driversDisagree(text: string): boolean {
  return !isAscii(text) && mapAndNormalise(text) !== asServerSeesIt(text);
}

function mapAndNormalise(text: string): string {
  return text.replace(OTHER_SPACES, ' ').replace(MAPPED_TO_NOTHING, '').normalize('NFKC');
}

function isAscii(text: string): boolean {
  return !/[^\0-\x7F]/.test(text);
}

/** RFC 3454 §6: with one right-to-left letter no other letter may stand in the text, and the first and last are right-to-left. */
function breaksBidiRule(text: string): boolean {
  const characters = [...text];
  const isRightToLeft = (character: string | undefined) => character !== undefined && RIGHT_TO_LEFT.test(character);
  if (!characters.some(isRightToLeft)) return false;
  const mixed = characters.some((character) => /\p{L}/u.test(character) && !isRightToLeft(character));
  return mixed || !isRightToLeft(characters[0]) || !isRightToLeft(characters.at(-1));
}
