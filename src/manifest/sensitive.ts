import { SECRET_FIELDS } from '../model/index.ts';
import { closest } from '../policy/index.ts';

/** How keys end that hold secrets, in the fields of pam, of KeeperPAM records and of drivers. */
const SECRET_ENDINGS = [
  'password',
  'passwd',
  'pwd',
  'passphrase',
  'secret',
  'secretkey',
  'privatekey',
  'privatepemkey',
  'apikey',
  'token',
  'onetimecode',
  'totp',
];
const FIELDS = SECRET_FIELDS.map(normalise);

/** Whether a value below this key can only be a secret. */
export function namesSecret(key: string): boolean {
  const name = normalise(key);
  return FIELDS.includes(name) || SECRET_ENDINGS.some((ending) => name.endsWith(ending));
}

/** Whether a secret may stand near this key: the same, with slips of the pen, and words that merely contain one. */
export function hintsAtSecret(key: string): boolean {
  const name = normalise(key);
  if (namesSecret(key) || /passw|passphrase|secret|privatekey|token/.test(name)) return true;
  return closest(name, FIELDS) !== null;
}

/** A line that certainly begins a field, so that what stood above has ended. */
const FIELD = /(?<![\w.-])[\w.-]+["']?[ \t]*:(?=$|[ \t"'{[|>])/;
/** Words that were perhaps meant as keys: before a colon or an equals sign, or at the beginning of the line. */
const KEY = /(?<![\w.-])([\w.-]+)["']?[ \t]*[:=]/g;
const FIRST_WORD = /^[ \t?"'-]*([\w.-]+)/;
/** Text that is secret wherever it stands: a URL with a password, a private key, a second factor. */
const SECRET_TEXT = /:\/\/[^\s/@:]*:[^\s/@]+@|PRIVATE KEY|SECRET-KEY|otpauth:/i;

/**
 * The lines (from 1) that may hold a secret, so that errors do not show them. It works on the text alone, since it is needed most
 * where the text is no YAML; where it errs, it hides too much.
 */
export function findSensitiveLines(text: string): ReadonlySet<number> {
  const hidden = new Set<number>();
  /** The column of the key whose value may go on in the next line; null = none. */
  let open: number | null = null;
  /** The value did not begin in the line of its key, so that the next line is it, however it is indented. */
  let awaited = false;
  /** A quote or bracket of the value is not closed in its line: nobody knows where it ends, but it ends with the document. */
  let unclosed = false;
  text.split('\n').forEach((line, index) => {
    if (line.trim() === '') return;
    if (/^(?:---|\.\.\.)(?:\s|$)/.test(line)) {
      open = null;
      unclosed = false;
    }
    if (open !== null && !awaited && line.search(/\S/) <= open && FIELD.test(line)) open = null;
    if (unclosed || open !== null || SECRET_TEXT.test(line)) hidden.add(index + 1);
    awaited = false;
    for (const key of [FIRST_WORD.exec(line), ...line.matchAll(KEY)]) {
      if (key?.[1] === undefined || !hintsAtSecret(key[1])) continue;
      const value = line.slice(key.index + key[0].length).trim();
      hidden.add(index + 1);
      open = key.index + key[0].indexOf(key[1]);
      awaited = value === '' || value.startsWith('#');
      unclosed ||= !isBalanced(value);
    }
  });
  return hidden;
}

/** Whether quotes and brackets that the text opens are closed again. More may be closed than opened: the text is the end of a line. */
function isBalanced(text: string): boolean {
  let depth = 0;
  let quote = '';
  for (const char of text) {
    if (quote !== '') quote = char === quote ? '' : quote;
    else if (char === '"' || char === "'") quote = char;
    else if (char === '{' || char === '[') depth++;
    else if (char === '}' || char === ']') depth--;
  }
  return quote === '' && depth <= 0;
}

function normalise(key: string): string {
  return key.toLowerCase().replace(/[^a-z0-9]/g, '');
}
