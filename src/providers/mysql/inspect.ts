import type { AccountState, Target } from '../provider.ts';
import { findNoPassword, readAccount } from './account.ts';
import type { Flavor } from './flavor.ts';
import { type AccountName, isSameName, nameText, quoteText, shadowOf } from './name.ts';
import type { Session } from './session.ts';

/** What the server says about an account; no login of it takes place. */
export async function inspectAccount(
  session: Session,
  flavor: Flavor,
  target: Target,
  name: AccountName,
  boundMs: number,
): Promise<AccountState> {
  const row = await readAccount(session, flavor, name, boundMs);
  if (row === null) return { exists: false, obstacles: [`the server has no account ${nameText(name)}`] };
  const isOwn = isSameName(session.row, name);
  const noPassword = findNoPassword(row, flavor);
  const shadow = isOwn ? null : await findShadow(session, name, boundMs);
  const hindrance = await flavor.findHindrance(session, boundMs);
  const obstacles = [
    ...(noPassword === null ? [] : [noPassword]),
    ...(row.locked ? ['the account is locked (ACCOUNT LOCK)'] : []),
    ...(row.needs === 'certificate' ? ['its logins need a certificate of the client (REQUIRE X509), which pam has none of'] : []),
    ...(row.needs === 'tls' && target.tls.mode === 'disable' ? ['its logins must come over TLS (REQUIRE SSL), which `tls` disables'] : []),
    ...(shadow === null ? [] : [shadowedBy(name, shadow)]),
    ...(hindrance === null ? [] : [hindrance.reason]),
    ...(isOwn || (await mayChange(session, boundMs)) ? [] : ['the credential may not set passwords (CREATE USER)']),
  ];
  return {
    exists: true,
    identity: nameText(name),
    disabled: row.locked,
    // No obstacle: a new password ends it.
    expired: row.mustChange,
    mustChange: row.mustChange,
    obstacles,
    // Failures in a row count, however far apart.
    ...(row.maxFailures === null ? {} : { lockout: { maxFailures: row.maxFailures } }),
    ...(row.changedAt === null || row.changedAt === 0 ? {} : { lastChangedAt: new Date(row.changedAt * 1_000).toISOString() }),
  };
}

/** The row that a login from here would reach in place of `name`. Only who may look at all accounts can tell; others find out by `CURRENT_USER()`. */
export async function findShadow(session: Session, name: AccountName, boundMs: number): Promise<AccountName | null> {
  const rows = await session.read<AccountName>(
    `SELECT User AS user, Host AS host FROM mysql.user WHERE User IN (${quoteText(name.user)}, '')`,
    boundMs,
  );
  const rivals = rows.filter(({ user }) => user === name.user || user === '');
  return shadowOf(name, rivals, session.clientHost);
}

export function shadowedBy(name: AccountName, shadow: AccountName): string {
  return `a login from here reaches ${nameText(shadow)} and not ${nameText(name)}, so nothing can be proved: run pam elsewhere, or manage that account`;
}

/** As far as its grants say: what comes with a role is not looked into. */
async function mayChange(session: Session, boundMs: number): Promise<boolean> {
  const rows = await session.read<Record<string, string>>('SHOW GRANTS', boundMs);
  return rows.some((row) => {
    const [grant = ''] = Object.values(row);
    const [, rights] = /^GRANT (.*?) ON (?:\*\.\*|`mysql`\.\*) TO /.exec(grant) ?? [];
    return rights === undefined ? !/ ON /.test(grant) : /\b(?:ALL PRIVILEGES|CREATE USER|UPDATE)\b/.test(rights);
  });
}
