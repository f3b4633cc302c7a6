/** An account of MySQL and MariaDB is a row of two parts, and each part counts (MySQL 8.4 reference manual, 8.2.4). */
export interface AccountName {
  readonly user: string;
  /** A name, an address or a pattern with `%` and `_`; lower case, as the server stores it. */
  readonly host: string;
}

/** Longest names that the servers take (`mysql.user`): characters of the user part, of which MySQL takes 32, and of the host part. */
const MAX_USER = 128;
const MAX_HOST = 255;

/** `app@10.%` or `app`, which is `app@%`; the last `@` divides. Null where no account can have this login. */
export function parseName(login: string): AccountName | null {
  const at = login.lastIndexOf('@');
  const user = at < 0 ? login : login.slice(0, at);
  const host = at < 0 ? '%' : login.slice(at + 1).toLowerCase();
  // Without a user part it would be the anonymous account, which lets in everybody.
  if (user === '' || host === '' || user.length > MAX_USER || host.length > MAX_HOST || login.includes('\0')) return null;
  return { user, host };
}

export function nameText({ user, host }: AccountName): string {
  return `${user}@${host}`;
}

export function isSameName(a: AccountName, b: AccountName): boolean {
  return a.user === b.user && a.host === b.host;
}

/** As it stands in a statement. */
export function quoteName({ user, host }: AccountName): string {
  return `${quoteText(user)}@${quoteText(host)}`;
}

/** A string literal for sessions with NO_BACKSLASH_ESCAPES and in utf8mb4, as `Session.open` makes them: there only the quote needs care. */
export function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/**
 * Of all rows that would take a login of `name.user` from `client`, the one that the server looks at instead of `name`, where there
 * is one: the host with the later first wildcard is tried first, and the anonymous user after a named one.
 * Network masks and names that resolve to the same address are beyond this; `CURRENT_USER()` of a login tells for certain.
 */
export function shadowOf(name: AccountName, rows: readonly AccountName[], client: string): AccountName | null {
  const mine = rank(name);
  return rows.find((row) => !isSameName(row, name) && fits(row.host, client) && rank(row) > mine) ?? null;
}

function rank({ user, host }: AccountName): number {
  const wildcard = host.search(/[%_]/);
  return (wildcard < 0 ? MAX_HOST + 1 : wildcard) * 2 + (user === '' ? 0 : 1);
}

function fits(pattern: string, client: string): boolean {
  const source = pattern
    .replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')
    .replaceAll('%', '.*')
    .replaceAll('_', '.');
  return new RegExp(`^${source}$`, 'is').test(client);
}
