import { ProviderError } from '../provider.ts';
import type { AccountRow, Flavor } from './flavor.ts';
import { type AccountName, isSameName } from './name.ts';
import type { Session } from './session.ts';

/**
 * What the server keeps of an account; null where there is none of that name. Without the right to look at all accounts, of its own
 * one a session can learn how it logs in.
 *
 * @throws ProviderError PAM6004 with the right that is missing
 */
export async function readAccount(session: Session, flavor: Flavor, name: AccountName, boundMs: number): Promise<AccountRow | null> {
  try {
    return await flavor.readRow(session, name, boundMs);
  } catch (error) {
    if (!(error instanceof ProviderError && error.code === 'PAM6004')) throw error;
    if (isSameName(session.row, name)) return readOwnAccount(session, boundMs);
    throw new ProviderError('PAM6004', error.message, { hint: `GRANT SELECT ON ${flavor.table} TO the credential, besides CREATE USER` });
  }
}

/** Of the account that the session logged in as, which everybody may look at. */
export async function readOwnAccount(session: Session, boundMs: number): Promise<AccountRow> {
  const [row] = await session.read<Record<string, string>>('SHOW CREATE USER CURRENT_USER()', boundMs);
  const { plugin, stored, alternatives } = parseCreateUser(Object.values(row ?? {})[0] ?? '');
  // Were it locked or had it to change its password, the session would not be here.
  return {
    plugin,
    stored,
    alternatives,
    secondary: null,
    locked: false,
    mustChange: false,
    needs: 'nothing',
    maxFailures: null,
    changedAt: null,
  };
}

const QUOTED = String.raw`(?:'(?:[^']|'')*'|\`(?:[^\`]|\`\`)*\`)`;
/** The account, then MySQL's `WITH 'plugin' AS …`, MariaDB's `VIA plugin USING … OR …`, or its short form for mysql_native_password. */
const CREATE_USER = new RegExp(
  String.raw`^CREATE USER ${QUOTED}@${QUOTED}(?: IDENTIFIED (?:(?:WITH|VIA) '?(\w+)'?|BY PASSWORD)(?: (?:USING |AS )?('[^']*'))?( OR )?)?`,
);

/** The beginning of what SHOW CREATE USER prints; of MySQL's hashes it prints `<secret>`, or bytes that only the table has right. */
export function parseCreateUser(text: string): Pick<AccountRow, 'plugin' | 'stored' | 'alternatives'> {
  const [all, plugin = 'mysql_native_password', hash, or] = CREATE_USER.exec(text) ?? [];
  if (all === undefined) return { plugin: 'unknown', stored: null, alternatives: true };
  const isNative = hash !== undefined && /^'\*[0-9A-F]{40}'$/i.test(hash);
  return { plugin, stored: isNative ? Buffer.from(hash.slice(1, -1)) : null, alternatives: or !== undefined };
}

/** In words, why no secret of this account could be set or proved; null where one can. */
export function findNoPassword(row: AccountRow, flavor: Flavor): string | null {
  if (row.alternatives)
    return 'the account has other ways in besides its password (OR unix_socket, …): a login proves nothing, and a change would drop them';
  if (!flavor.plugins.includes(row.plugin)) {
    return `the account logs in by ${row.plugin}, which pam cannot speak: it takes ${flavor.plugins.join(', ')}`;
  }
  return null;
}
