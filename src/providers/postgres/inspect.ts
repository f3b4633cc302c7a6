import type { AccountState } from '../provider.ts';
import { isRoleName } from './login.ts';
import type { Session } from './session.ts';

interface RoleRow {
  readonly replica: boolean;
  readonly oid: string | null;
  readonly can_login: boolean | null;
  readonly expired: boolean | null;
  readonly may_change: boolean | null;
}

/**
 * Everything from `pg_roles`, which any role may read. `may_change` repeats what `ALTER ROLE … PASSWORD` checks: the role itself,
 * or a superuser; else CREATEROLE over roles that are not superusers (nor, before 16, for replication), and since 16 ADMIN OPTION
 * on the role, held directly or through another one. Times are compared on the server's clock.
 */
const ROLE_QUERY = `
  SELECT pg_is_in_recovery() AS replica, r.oid::text AS oid, r.rolcanlogin AS can_login,
         coalesce(r.rolvaliduntil <= now(), false) AS expired,
         me.rolsuper OR me.oid = r.oid OR (me.rolcreaterole AND NOT r.rolsuper AND CASE
           WHEN current_setting('server_version_num')::int < 160000 THEN NOT r.rolreplication
           ELSE EXISTS (SELECT FROM pg_auth_members m WHERE m.roleid = r.oid AND m.admin_option AND pg_has_role(me.oid, m.member, 'MEMBER'))
         END) AS may_change
  FROM pg_roles me LEFT JOIN pg_roles r ON r.rolname = $1
  WHERE me.rolname = current_user`;

/** What the server says about a role; no login of it takes place. */
export async function inspectRole(session: Session, login: string, boundMs: number): Promise<AccountState> {
  const absent: AccountState = { exists: false, obstacles: ['the role does not exist on the server'] };
  if (!isRoleName(login)) return absent;
  const [role] = await session.read<RoleRow>(ROLE_QUERY, [login], boundMs);
  if (role === undefined || role.oid === null) return absent;
  const obstacles = [
    ...(role.can_login ? [] : ['the role may not log in (NOLOGIN)']),
    ...(role.expired ? ['the password of the role has expired (VALID UNTIL), and a new one does not change that'] : []),
    ...(role.replica ? ['the server is a replica, where nothing can be changed: name the primary as `host`'] : []),
    ...(role.may_change ? [] : ['the credential may not set the password of this role (CREATEROLE, and since 16 ADMIN OPTION)']),
  ];
  return { exists: true, identity: role.oid, disabled: !role.can_login, expired: role.expired === true, obstacles };
}
