import { type FoundAccount, ProviderError } from '../provider.ts';
import type { Flavor } from './flavor.ts';
import { nameText, parseName } from './name.ts';
import type { Session } from './session.ts';

interface UserRow {
  readonly user: string;
  readonly host: string;
  readonly plugin: string;
  readonly no_password: number;
  readonly expired: string;
  readonly is_super: string;
  readonly may_create: string;
  readonly locked: string;
  readonly changed: number | null;
}

/** Accounts of the server itself (MySQL 8.4 reference manual, 8.2.9), of MariaDB's packages, and of hosted servers. */
const OF_THE_SERVER =
  /^(?:mysql\.(?:sys|session|infoschema)|mariadb\.sys|mysql|debian-sys-maint|rdsadmin|rdsrepladmin|azure_superuser|cloudsql\w+)$/;

/**
 * All rows of the table of accounts but the anonymous ones, which no login names. Hashes are not asked for. What comes with a role is
 * not looked into. Roles are left out: in MariaDB they say so, in MySQL they are accounts that are locked and have no password.
 */
export async function listAccounts(session: Session, flavor: Flavor, boundMs: number): Promise<readonly FoundAccount[]> {
  const rows = await session.read<UserRow>(flavor.listing, boundMs).catch((error: unknown) => {
    if (!(error instanceof ProviderError && error.code === 'PAM6004')) throw error;
    throw new ProviderError('PAM6004', error.message, { hint: 'GRANT SELECT ON mysql.* TO the credential' });
  });
  return rows.flatMap((row) => {
    const login = loginOf(row);
    const isRole = row.locked === 'Y' && row.no_password === 1;
    if (login === null || isRole) return [];
    const speaks = flavor.plugins.includes(row.plugin);
    const isSuper = row.is_super === 'Y';
    return [
      {
        login,
        fields: {},
        identity: nameText(row),
        isEnabled: row.locked !== 'Y',
        isAdministrator: isSuper || row.may_create === 'Y',
        isSystem: OF_THE_SERVER.test(row.user),
        canLogIn: speaks,
        ...(row.changed ? { lastChangedAt: new Date(row.changed * 1_000).toISOString() } : {}),
        notes: [
          ...(isSuper ? ['SUPER'] : row.may_create === 'Y' ? ['CREATE USER'] : []),
          ...(row.locked === 'Y' ? ['ACCOUNT LOCK'] : []),
          ...(row.expired === 'Y' ? ['its password must be changed first'] : []),
          ...(speaks ? (row.no_password === 1 ? ['no password'] : []) : [`logs in by ${row.plugin}`]),
        ],
      },
    ];
  });
}

/** As a manifest names the account, in its shortest form that reads back as the same one. Null where none does. */
function loginOf({ user, host }: UserRow): string | null {
  const login = host === '%' && !user.includes('@') ? user : nameText({ user, host });
  const name = parseName(login);
  return name !== null && name.user === user && name.host === host.toLowerCase() ? login : null;
}
