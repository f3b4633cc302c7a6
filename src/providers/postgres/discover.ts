import type { FoundAccount } from '../provider.ts';
import type { Session } from './session.ts';

interface RoleRow {
  readonly oid: string;
  readonly name: string;
  readonly is_super: boolean;
  readonly may_create: boolean;
  readonly can_login: boolean;
  readonly expired: boolean;
}

/** The first oid that is not the server's own (`FirstNormalObjectId` in its access/transam.h), and the one of the superuser of initdb. */
const FIRST_NORMAL_OID = 16_384;
const BOOTSTRAP_OID = 10;
/** Roles by which providers of hosted servers look after them; nobody else has their passwords. */
const HOSTED =
  /^(?:rds(?:admin|repladmin|topmgr|writeforwarduser)$|cloudsql(?:admin|agent|iam|replica|imp)|azure(?:su|_superuser$|_pg_admin$))/;

/** Names may hold anything but U+0000; nothing of them is parsed here. Rows come at once: a server has few roles, and each is short. */
export async function listRoles(session: Session, boundMs: number): Promise<readonly FoundAccount[]> {
  const rows = await session.read<RoleRow>(
    `SELECT oid::text AS oid, rolname AS name, rolsuper AS is_super, rolcreaterole AS may_create, rolcanlogin AS can_login,
            coalesce(rolvaliduntil <= now(), false) AS expired
     FROM pg_roles`,
    [],
    boundMs,
  );
  return rows.map((row) => {
    const oid = Number(row.oid);
    return {
      login: row.name,
      fields: {},
      identity: row.oid,
      isEnabled: !row.expired,
      isAdministrator: row.is_super || row.may_create,
      isSystem: (oid < FIRST_NORMAL_OID && oid !== BOOTSTRAP_OID) || row.name.startsWith('pg_') || HOSTED.test(row.name),
      canLogIn: row.can_login,
      notes: [
        ...(row.is_super ? ['superuser'] : row.may_create ? ['CREATEROLE'] : []),
        ...(row.can_login ? [] : ['NOLOGIN']),
        ...(row.expired ? ['expired (VALID UNTIL)'] : []),
      ],
    };
  });
}
