/** `ALTER ROLE` takes no parameters, so what varies in it is quoted here (https://www.postgresql.org/docs/current/sql-syntax-lexical.html). */

/** An identifier, taken exactly as it is: upper case, spaces and quotes included. Must not hold U+0000. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A string constant that reads the same whatever `standard_conforming_strings` says: no backslash may stand in it. */
export function quoteText(text: string): string {
  if (text.includes('\\')) throw new Error('a text with a backslash is not quoted here');
  return `'${text.replaceAll("'", "''")}'`;
}
