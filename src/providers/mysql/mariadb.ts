import { type AccountRow, type Flavor, lockBounds, READ_ONLY } from './flavor.ts';
import { nativeHash } from './hash.ts';
import { quoteName, quoteText } from './name.ts';

/** What `mysql.global_priv` holds (MariaDB 10.4 and later, https://mariadb.com/kb/en/mysqlglobal_priv-table/). */
interface Priv {
  readonly plugin?: string;
  readonly authentication_string?: string;
  readonly auth_or?: readonly unknown[];
  readonly account_locked?: boolean;
  /** 0 once the password was expired by hand. */
  readonly password_last_changed?: number;
  /** Days; -1 as the server has it, 0 for ever. */
  readonly password_lifetime?: number;
  /** 1 TLS, 2 a valid certificate, 3 a certain certificate. */
  readonly ssl_type?: number;
}

const NEEDS = ['nothing', 'tls', 'certificate', 'certificate'] as const;
const DAY_S = 86_400;
/** What max_password_errors is unless somebody sets it (https://mariadb.com/kb/en/server-system-variables/#max_password_errors). */
const NO_LIMIT = 4_294_967_295;

/**
 * MariaDB writes a password in clear text to the general log and the binary log, so that only its hash may be sent.
 * Of its plugins the driver speaks mysql_native_password.
 */
export const mariadb: Flavor = {
  server: 'MariaDB',
  plugins: ['mysql_native_password'],
  table: 'mysql.global_priv',
  // The view has the rights as columns; the table below it has what the view does not know.
  listing: `SELECT u.User AS user, u.Host AS host, u.plugin AS plugin, u.authentication_string = '' AS no_password,
                   u.password_expired AS expired, u.Super_priv AS is_super, u.Create_user_priv AS may_create,
                   IF(JSON_VALUE(p.Priv, '$.account_locked') IN ('1', 'true'), 'Y', 'N') AS locked,
                   CAST(JSON_VALUE(p.Priv, '$.password_last_changed') AS INTEGER) AS changed
            FROM mysql.user u JOIN mysql.global_priv p ON p.User = u.User AND p.Host = u.Host
            WHERE u.is_role = 'N' AND u.Host <> ''`,

  async readRow(session, name, boundMs) {
    const rows = await session.read<{ user: string; priv: string; now: number; days: number; max_errors: number }>(
      `SELECT User AS user, CAST(Priv AS CHAR) AS priv, UNIX_TIMESTAMP() AS now, @@global.default_password_lifetime AS days,
              @@global.max_password_errors AS max_errors
       FROM mysql.global_priv WHERE User = ${quoteText(name.user)} AND Host = ${quoteText(name.host)}`,
      boundMs,
    );
    // The server compares names to the last space, its tables do not.
    const row = rows.find(({ user }) => user === name.user);
    if (row === undefined) return null;
    const priv = JSON.parse(row.priv) as Priv;
    const changedAt = priv.password_last_changed ?? null;
    const lifetime = priv.password_lifetime === undefined || priv.password_lifetime < 0 ? row.days : priv.password_lifetime;
    return {
      plugin: priv.plugin ?? 'mysql_native_password',
      stored: Buffer.from(priv.authentication_string ?? ''),
      secondary: null,
      alternatives: priv.auth_or !== undefined,
      locked: priv.account_locked === true,
      mustChange: changedAt === 0 || (changedAt !== null && lifetime > 0 && changedAt + lifetime * DAY_S <= row.now),
      needs: NEEDS[priv.ssl_type ?? 0] ?? 'nothing',
      maxFailures: row.max_errors < NO_LIMIT ? row.max_errors : null,
      changedAt,
    } satisfies AccountRow;
  },

  async findHindrance(session, boundMs) {
    const rows = await session.read<{ name: string; value: string }>(
      `SELECT VARIABLE_NAME AS name, VARIABLE_VALUE AS value FROM information_schema.GLOBAL_VARIABLES
       WHERE VARIABLE_NAME IN ('READ_ONLY', 'WSREP_ON', 'STRICT_PASSWORD_VALIDATION')
       UNION ALL SELECT VARIABLE_NAME, VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME = 'WSREP_READY'
       UNION ALL SELECT 'VALIDATION', PLUGIN_NAME FROM information_schema.PLUGINS
       WHERE PLUGIN_TYPE = 'PASSWORD VALIDATION' AND PLUGIN_STATUS = 'ACTIVE'`,
      boundMs,
    );
    const values = new Map(rows.map(({ name, value }) => [name.toUpperCase(), value]));
    // MariaDB 12 has more values for it: NO_LOCK and so on.
    if ((values.get('READ_ONLY') ?? 'OFF') !== 'OFF') return READ_ONLY;
    if (values.get('WSREP_ON') === 'ON' && values.get('WSREP_READY') !== 'ON') {
      return { code: 'PAM6010', reason: 'the node is not ready (wsrep_ready is off)' };
    }
    const rule = values.get('VALIDATION');
    if (rule === undefined || values.get('STRICT_PASSWORD_VALIDATION') !== 'ON') return null;
    return {
      code: 'PAM6007',
      reason:
        `the server lets ${rule} see every new password (strict_password_validation), and so takes none by its hash; the password itself ` +
        'is not sent, since MariaDB writes it to its logs: set strict_password_validation=OFF and say the rules in `complexity`',
    };
  },

  // A lock is given up before the statement is, since a lock that timed out says for certain that nothing was changed.
  bound: (seconds) => `${lockBounds(seconds)}, max_statement_time = ${seconds + 0.5}`,

  changeOther: async (_session, name, plugin, secret) =>
    `ALTER USER ${quoteName(name)} IDENTIFIED VIA ${plugin} USING ${quoteText(nativeHash(secret))}`,

  changeOwn: (_plugin, secret) => `SET PASSWORD = ${quoteText(nativeHash(secret))}`,
};
