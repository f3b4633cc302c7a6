import type { Secret } from '../../model/index.ts';
import { type AccountRow, type Flavor, lockBounds, READ_ONLY } from './flavor.ts';
import { cachingSha2Hash, MAX_ROUNDS, nativeHash, sha256PasswordHash } from './hash.ts';
import { quoteName, quoteText } from './name.ts';
import type { Session } from './session.ts';

interface UserRow {
  readonly user: string;
  readonly plugin: string;
  readonly hash: string;
  readonly second_hash: string | null;
  readonly locked: string;
  readonly must_change: number;
  readonly needs: string;
  readonly max_failures: number | null;
  readonly changed: number | null;
}

/** Of `mysql.user.ssl_type`. */
const NEEDS: Readonly<Record<string, AccountRow['needs']>> = { ANY: 'tls', X509: 'certificate', SPECIFIED: 'certificate' };

/**
 * MySQL 8 and later. Accounts are changed by the hash that the server would make itself. Of its own account a user may give nothing
 * but the password, which the server rewrites to the hash before it writes a statement to a log (unless it runs with log_raw).
 */
export const mysql: Flavor = {
  server: 'MySQL',
  plugins: ['caching_sha2_password', 'sha256_password', 'mysql_native_password'],
  table: 'mysql.user',
  listing: `SELECT User AS user, Host AS host, plugin, authentication_string = '' AS no_password, password_expired AS expired,
                   Super_priv AS is_super, Create_user_priv AS may_create, account_locked AS locked,
                   UNIX_TIMESTAMP(password_last_changed) AS changed FROM mysql.user`,

  async readRow(session, name, boundMs) {
    const rows = await session.read<UserRow>(
      `SELECT User AS user, plugin, HEX(authentication_string) AS hash, account_locked AS locked, ssl_type AS needs,
              HEX(JSON_UNQUOTE(JSON_EXTRACT(User_attributes, '$.additional_password'))) AS second_hash,
              password_expired = 'Y' OR COALESCE(password_lifetime, @@global.default_password_lifetime) > 0
                AND password_last_changed + INTERVAL COALESCE(password_lifetime, @@global.default_password_lifetime) DAY <= NOW() AS must_change,
              CAST(JSON_EXTRACT(User_attributes, '$.Password_locking.failed_login_attempts') AS SIGNED) AS max_failures,
              UNIX_TIMESTAMP(password_last_changed) AS changed
       FROM mysql.user WHERE User = ${quoteText(name.user)} AND Host = ${quoteText(name.host)}`,
      boundMs,
    );
    const row = rows.find(({ user }) => user === name.user);
    if (row === undefined) return null;
    return {
      plugin: row.plugin,
      stored: Buffer.from(row.hash, 'hex'),
      secondary: row.second_hash === null ? null : Buffer.from(row.second_hash, 'hex'),
      alternatives: false,
      locked: row.locked === 'Y',
      mustChange: row.must_change === 1,
      needs: NEEDS[row.needs] ?? 'nothing',
      // FAILED_LOGIN_ATTEMPTS of CREATE USER; 0 = no limit.
      maxFailures: row.max_failures || null,
      changedAt: row.changed,
    } satisfies AccountRow;
  },

  async findHindrance(session, boundMs) {
    const variables = await readVariables(session, ['read_only', 'super_read_only', 'log_raw'], boundMs);
    if (variables.get('read_only') === 'ON' || variables.get('super_read_only') === 'ON') return READ_ONLY;
    if (variables.get('log_raw') !== 'ON') return null;
    return {
      code: 'PAM6006',
      reason: 'the server writes statements to its log as they come (log_raw), passwords included: set log_raw=OFF',
    };
  },

  // There is no limit for a statement that changes something, but for the locks it may wait for.
  bound: lockBounds,

  async changeOther(session, name, plugin, secret, boundMs) {
    const hash = Buffer.from(await hashFor(session, plugin, secret, boundMs));
    return `ALTER USER ${quoteName(name)} IDENTIFIED WITH ${plugin} AS 0x${hash.toString('hex')}`;
  },

  changeOwn: (_plugin, secret, current) =>
    `ALTER USER USER() IDENTIFIED BY ${quoteText(secret.reveal())}${current === undefined ? '' : ` REPLACE ${quoteText(current.reveal())}`}`,
};

const ROUNDS = 'caching_sha2_password_digest_rounds';

async function hashFor(session: Session, plugin: string, secret: Secret, boundMs: number): Promise<string> {
  switch (plugin) {
    case 'mysql_native_password':
      return nativeHash(secret);
    case 'sha256_password':
      return sha256PasswordHash(secret);
    default: {
      const wanted = Number((await readVariables(session, [ROUNDS], boundMs)).get(ROUNDS) ?? 5_000);
      return cachingSha2Hash(secret, Math.min(wanted, MAX_ROUNDS));
    }
  }
}

async function readVariables(session: Session, names: readonly string[], boundMs: number): Promise<ReadonlyMap<string, string>> {
  const rows = await session.read<{ Variable_name: string; Value: string }>(
    `SHOW GLOBAL VARIABLES WHERE Variable_name IN (${names.map(quoteText).join(', ')})`,
    boundMs,
  );
  return new Map(rows.map((row) => [row.Variable_name, row.Value]));
}
